import fastifyCookie from '@fastify/cookie';
import fastifyCors from '@fastify/cors';
import fastifyHelmet from '@fastify/helmet';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { protect } from '@kindling/express';
import { protect as protectFastify } from '@kindling/fastify';
import compression from 'compression';
import cors from 'cors';
import type { Express, Response } from 'express';
import expressSession from 'express-session';
import type { FastifyInstance } from 'fastify';
import helmet from 'helmet';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  rowsOf,
  sessionOf,
  SITE,
  startSite,
  type Framework,
  type Mode,
  type Plan,
  type Site,
} from './kit/site.js';
import { createVisitor, DUE, elsewhere, later } from './kit/visitor.js';

let emulator: Emulator;
let site: Site | undefined;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  await site?.close();
});

const session = () =>
  expressSession({
    secret: 'a secret of the session',
    resave: true,
    saveUninitialized: true,
    name: 'own',
  });

/** Adds a cookie when the head is written, to those that are there by then. */
function late(res: Response): void {
  const { writeHead } = res;
  res.writeHead = ((...head: Parameters<typeof writeHead>) => {
    res.appendHeader('Set-Cookie', 'own=1');
    return writeHead.apply(res, head);
  }) as typeof writeHead;
}

type Neighbour = Pick<Plan, 'express' | 'fastify'>;

/** What else stands in an app and writes headers, before us or after us. */
const neighbours: Record<Framework, Record<string, Neighbour>> = {
  express: {
    'express-session': { express: (app) => void app.use(session()) },
    'compression()': { express: (app) => void app.use(compression({ threshold: 0 })) },
    'helmet() and cors()': {
      express: (app) => void app.use(helmet(), cors({ origin: SITE, credentials: true })),
    },
    'a middleware that writes its cookie with the head': {
      express: (app) => void app.use((_req, res, next) => (late(res), next())),
    },
  },
  fastify: {
    '@fastify/cookie': {
      fastify: async (app) => {
        await app.register(fastifyCookie);
        app.addHook('onSend', async (_request, reply) => void reply.setCookie('own', '1'));
      },
    },
    'an onSend hook that sets a cookie': {
      fastify: (app) =>
        app.addHook('onSend', async (_request, reply) => void reply.header('set-cookie', 'own=1')),
    },
    'an onSend hook that takes cookies away': {
      fastify: (app) =>
        app.addHook('onSend', async (_request, reply) => void reply.removeHeader('set-cookie')),
    },
    'an onSend hook that says how to cache': {
      fastify: (app) =>
        app.addHook(
          'onSend',
          async (_request, reply) => void reply.header('cache-control', 'public'),
        ),
    },
    '@fastify/helmet and @fastify/cors': {
      fastify: async (app) => {
        await app.register(fastifyHelmet);
        await app.register(fastifyCors, { origin: SITE, credentials: true });
      },
    },
    'an onRequest hook that patches the raw response': {
      fastify: (app) =>
        app.addHook('onRequest', async (_request, reply) => late(reply.raw as unknown as Response)),
    },
  },
};

const pages = {
  express: (app: Express) =>
    void app.get(
      '/page',
      protect(),
      (_req, res) => void res.cookie('page', '1').send('x'.repeat(3000)),
    ),
  fastify: (app: FastifyInstance) =>
    app.get('/page', { onRequest: protectFastify() }, (_request, reply) =>
      reply.header('set-cookie', 'page=1').send('x'.repeat(3000)),
    ),
};

/** The neighbour stands before or after the middleware of ours; the page is last. */
function planOf(neighbour: Neighbour, order: 'before' | 'after', mode: Mode): Plan {
  const options = { session: sessionOf(mode) };
  if (order === 'before') {
    return { options, first: neighbour, ...pages };
  }
  return {
    options,
    express: (app, sdk) => {
      neighbour.express?.(app, sdk);
      pages.express(app);
    },
    fastify: async (app, sdk) => {
      await neighbour.fastify?.(app, sdk);
      pages.fastify(app);
    },
  };
}

describe.each(rowsOf())(
  'beside other plugins, on %s with sessions in the %s',
  (framework, mode) => {
    const table = Object.keys(neighbours[framework]).flatMap((name) => [
      [name, 'before'] as const,
      [name, 'after'] as const,
    ]);

    test.each(table)(
      'FD-06 FD-09 cookies of a refresh arrive with no-store beside %s, mounted %s',
      async (name, order) => {
        const neighbour = neighbours[framework][name]!;
        site = await startSite(framework, emulator, planOf(neighbour, order, mode));
        const visitor = createVisitor(site, emulator);
        await visitor.signIn();
        later(DUE);
        const answer = await visitor.open('/page', { headers: { 'accept-encoding': 'gzip' } });
        expect(answer.status).toBe(200);
        const ours = answer.setCookies.filter((line) => line.includes('kinde'));
        if (mode !== 'store') {
          expect(ours).toHaveLength(1);
        }
        if (ours.length > 0) {
          expect(answer.headers['cache-control']).toMatch(/no-store/);
          expect(answer.headers['cache-control']).not.toMatch(/public|max-age=60/);
        }
        later(900);
        expect(await elsewhere(site, visitor.jar)).toMatchObject({ isAuthenticated: true });
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
        await visitor.signOut();
        expect(visitor.jar.names().filter((cookie) => cookie.includes('kinde'))).toEqual([]);
      },
    );
  },
);
