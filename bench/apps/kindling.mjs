import { AUDIENCE, CLIENT } from '../lib/issuer.mjs';
import { importOurs } from '../lib/ours.mjs';
import { express, fastify, SECRET } from './kit.mjs';

export const login = '/login';

const answer = (auth) => ({
  sub: auth.user.id,
  email: auth.user.email,
  permissions: auth.getPermissions().permissions,
});

export async function create({ issuer, site, folder, bearer = false, beside = false }, variant) {
  const [framework, store] = variant.split(' ');
  const adapter = await importOurs(framework, beside);
  const options = {
    issuer,
    clientId: CLIENT.id,
    clientSecret: CLIENT.secret,
    siteUrl: site,
    secret: SECRET,
    ...(bearer && { audience: AUDIENCE }),
    ...(store === 'memory' && { session: { store: adapter.memoryStore() } }),
    ...(store === 'coordination' && { session: { coordination: adapter.filesystemStore(folder) } }),
  };
  const me = bearer
    ? (auth) => ({ sub: auth.user.id, permissions: auth.getPermissions().permissions })
    : answer;
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
