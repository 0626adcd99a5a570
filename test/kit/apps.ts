import { createServer, type Server } from 'node:http';
import { memoryStore, type KindeOptions, type SessionStore } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress from 'express';
import createFastify from 'fastify';

export const SITE = 'https://app.example';
export const SECRET = '0123456789abcdefghijklmnopqrstuvwxyz-test';

/** The same small app in every framework: `/` and `/me` for all, the rest guarded. */
export type MakeApp = (options: KindeOptions) => Promise<Server>;

const describeCaller = (auth: express.Auth) => ({
  isAuthenticated: auth.isAuthenticated,
  email: auth.isAuthenticated && !auth.isMachine ? auth.user.email : null,
  reason: auth.isAuthenticated ? null : auth.reason,
  organization: auth.getOrganization()?.orgCode ?? null,
  permissions: auth.getPermissions().permissions,
  theme: auth.getFlag('theme', 'none').value,
});

/** What Kinde says now, beside what the token says. */
const liveAnswers = async (auth: express.Auth) => {
  if (!auth.isAuthenticated) {
    return {};
  }
  const live = await auth.live();
  const again = await auth.live();
  return {
    token: auth.getPermissions().permissions,
    live: live.getPermissions(),
    roles: live.getRoles().roles.map(({ key }) => key),
    theme: live.getFlag('theme', 'none').value,
    limit: live.getFlag('todo_limit', 0).value,
    exports: live.getEntitlement('exports'),
    missing: live.getEntitlement('nothing'),
    sameRequest: live === again,
  };
};

const guards: Record<string, express.Guard> = {
  '/private': {},
  '/todos/new': { permissions: 'create:todos' },
  '/admin': { permissions: 'never:granted' },
  '/machines': (auth) => auth.isAuthenticated && auth.isMachine,
  '/scoped': { scopes: 'write:reports' },
};

export const frameworks: Record<string, MakeApp> = {
  async express(options) {
    const app = createExpress();
    app.use(express.kinde(options));
    app.get(['/', '/me'], (req, res) => void res.json(describeCaller(req.kinde)));
    for (const [path, guard] of Object.entries(guards)) {
      app.all(path, express.protect(guard), (req, res) => void res.json(describeCaller(req.kinde)));
    }
    app.get(
      '/person',
      express.protect(),
      (req, res) => void res.json({ sub: req.kinde.isAuthenticated && req.kinde.user.id }),
    );
    app.get('/live', async (req, res) => void res.json(await liveAnswers(req.kinde)));
    app.get(
      '/live/delete',
      express.protect({ permissions: 'delete:todos' }, { live: true }),
      (_req, res) => void res.json({}),
    );
    app.get('/fresh', async (req, res) => void res.json(describeCaller(await req.kinde.refresh())));
    return listen(createServer(app));
  },
  async fastify(options) {
    const app = createFastify();
    await app.register(fastify.kinde, options);
    for (const path of ['/', '/me']) {
      app.get(path, async (request) => describeCaller(request.kinde));
    }
    for (const [path, guard] of Object.entries(guards)) {
      app.route({
        method: ['GET', 'POST'],
        url: path,
        onRequest: fastify.protect(guard),
        handler: async (request) => describeCaller(request.kinde),
      });
    }
    app.get('/person', { onRequest: fastify.protect() }, async (request) => ({
      sub: request.kinde.isAuthenticated && request.kinde.user.id,
    }));
    app.get('/live', async (request) => liveAnswers(request.kinde));
    app.get(
      '/live/delete',
      { onRequest: fastify.protect({ permissions: 'delete:todos' }, { live: true }) },
      async () => ({}),
    );
    app.get('/fresh', async (request) => describeCaller(await request.kinde.refresh()));
    await app.listen({ host: '127.0.0.1', port: 0 });
    return app.server;
  },
};

/** Options for an app in another process, which reaches this emulator by its port. */
export function remoteOptionsFor(emulator: Emulator): Omit<KindeOptions, 'session' | 'fetch'> {
  return {
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_CLIENT_ID']!,
    clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    siteUrl: SITE,
    secret: SECRET,
  };
}

/** Options for an app that signs in at this emulator without a port. */
export function optionsFor(emulator: Emulator, more: Partial<KindeOptions> = {}): KindeOptions {
  return { ...remoteOptionsFor(emulator), fetch: emulator.fetch, ...more };
}

/** Where sessions live: in the cookie, or in a store. */
export const modes: Record<string, () => { store?: SessionStore }> = {
  cookie: () => ({}),
  store: () => ({ store: memoryStore() }),
};

/** Every framework with every kind of session. */
export const table = Object.keys(frameworks).flatMap((framework) =>
  Object.keys(modes).map((mode) => [framework, mode] as const),
);

/** The app of one row of the table. */
export function startApp(
  [framework, mode]: readonly [string, string],
  emulator: Emulator,
  more: Partial<KindeOptions> = {},
): Promise<Server> {
  const session = { ...modes[mode]!(), ...more.session };
  return frameworks[framework]!(optionsFor(emulator, { ...more, session }));
}

function listen(server: Server): Promise<Server> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
