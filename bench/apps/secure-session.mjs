import { createHash } from 'node:crypto';
import secureSession from '@fastify/secure-session';
import { fastify, SECRET } from './kit.mjs';
import { answer, createOpenId, isOver } from './openid.mjs';

export const login = '/login';

export async function create(options) {
  const openid = await createOpenId(options);
  return fastify(async (app) => {
    const cookie = { path: '/', httpOnly: true, sameSite: 'lax' };
    await app.register(secureSession, {
      key: createHash('sha256').update(SECRET).digest(),
      cookie,
    });
    app.get('/login', async (request, reply) => {
      const { url, checks } = await openid.start();
      request.session.set('checks', checks);
      return reply.redirect(url);
    });
    app.get('/callback', async (request, reply) => {
      request.session.set('user', await openid.finish(request.url, request.session.get('checks')));
      request.session.set('checks', undefined);
      return reply.redirect('/');
    });
    app.get('/me', async (request, reply) => {
      let user = request.session.get('user');
      if (!user) {
        return reply.code(401).send({});
      }
      if (isOver(user)) {
        user = await openid.refresh(user);
        request.session.set('user', user);
      }
      return answer(user);
    });
  });
}
