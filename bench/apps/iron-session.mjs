import { getIronSession } from 'iron-session';
import { express, fastify, SECRET } from './kit.mjs';
import { answer, createOpenId, isOver } from './openid.mjs';

export const login = '/login';

const settings = { password: SECRET, cookieName: 'iron', cookieOptions: { secure: false } };

export async function create(options, variant) {
  const openid = await createOpenId(options);
  const start = async (session) => {
    const { url, checks } = await openid.start();
    session.checks = checks;
    await session.save();
    return url;
  };
  const finish = async (session, path) => {
    session.user = await openid.finish(path, session.checks);
    delete session.checks;
    await session.save();
  };
  const me = async (session) => {
    if (!session.user) {
      return undefined;
    }
    if (isOver(session.user)) {
      session.user = await openid.refresh(session.user);
      await session.save();
    }
    return answer(session.user);
  };
  if (variant === 'express') {
    return express((app) => {
      const sessionOf = (req, res) => getIronSession(req, res, settings);
      app.get('/login', async (req, res) => res.redirect(await start(await sessionOf(req, res))));
      app.get('/callback', async (req, res) => {
        await finish(await sessionOf(req, res), req.originalUrl);
        res.redirect('/');
      });
      app.get('/me', async (req, res) => {
        const caller = await me(await sessionOf(req, res));
        res.status(caller ? 200 : 401).json(caller ?? {});
      });
    });
  }
  return fastify((app) => {
    // Set-Cookie goes to Node's response, which Fastify keeps.
    const sessionOf = (request, reply) => getIronSession(request.raw, reply.raw, settings);
    app.get('/login', async (request, reply) =>
      reply.redirect(await start(await sessionOf(request, reply))),
    );
    app.get('/callback', async (request, reply) => {
      await finish(await sessionOf(request, reply), request.url);
      return reply.redirect('/');
    });
    app.get('/me', async (request, reply) => {
      const caller = await me(await sessionOf(request, reply));
      return reply.code(caller ? 200 : 401).send(caller ?? {});
    });
  });
}
