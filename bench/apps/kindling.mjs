import { express, fastify, SECRET } from './kit.mjs';
import { AUDIENCE, CLIENT } from '../lib/issuer.mjs';

export const login = '/login';

const answer = (auth) => ({
  sub: auth.user.id,
  email: auth.user.email,
  permissions: auth.getPermissions().permissions,
});

export async function create({ issuer, site, folder, bearer = false }, variant) {
  const [framework, store] = variant.split(' ');
  const adapter = await import(`@kindling/${framework}`);
  const options = {
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    siteUrl: site,
    secret: SECRET,
    ...(bearer && { audience: AUDIENCE }),
    ...(store === 'memory' && { session: { store: adapter.memoryStore() } }),
    ...(store === 'shared' && { session: { shared: adapter.filesystemStore(folder) } }),
  };
  const me = bearer ? (auth) => ({ sub: auth.user.id, permissions: auth.getPermissions().permissions }) : answer;
  if (framework === 'express') {
    return express((app) => {
      app.use(adapter.kinde(options));
      app.get('/me', adapter.protect(), (req, res) => res.json(me(req.kinde)));
    });
  }
  return fastify(async (app) => {
    await app.register(adapter.kinde, options);
    app.get('/me', { onRequest: adapter.protect() }, async (request) => me(request.kinde));
  });
}
