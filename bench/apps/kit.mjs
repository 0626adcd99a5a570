import { PERMISSIONS, personOf } from '../lib/issuer.mjs';

/** What every `/me` answers, about whoever asks. */
export const caller = { ...personOf(0), permissions: PERMISSIONS };

export const SECRET = 'bench-session-secret-bench-session-secret-1';

/** An Express app. Frameworks are imported late, so that each process loads only its own. */
export async function express(build) {
  const { default: createExpress } = await import('express');
  const app = createExpress();
  await build(app, createExpress);
  return {
    listen: (server) => {
      server.on('request', app);
      return new Promise((resolve) => server.listen(0, 'localhost', () => resolve(server)));
    },
  };
}

export async function fastify(build) {
  const { default: createFastify } = await import('fastify');
  const app = createFastify();
  await build(app);
  return {
    listen: async () => {
      await app.listen({ port: 0, host: 'localhost' });
      return app.server;
    },
  };
}

/** The claims of a token that was verified before. */
export const claimsOf = (token) =>
  JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
