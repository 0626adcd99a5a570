import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as adapter from '@kindling/express';
import { createKinde, type HttpRequest, type Kinde, type KindeOptions } from '@kindling/express';
import express4, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
} from 'express4';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { SAME_SITE } from '../kit/http.js';
import { callerOf, close, MODES, sessionOf } from './kit/site.js';
import { createVisitor, DUE, elsewhere, later, tokenCalls } from './kit/visitor.js';

// This repository has the types of both versions of Express, so those of one do not fit into the other's. An app has one.
const kinde = adapter.kinde as unknown as (
  options: Partial<KindeOptions> | Kinde,
) => RequestHandler;
const protect = adapter.protect as unknown as (
  ...rule: Parameters<typeof adapter.protect>
) => RequestHandler;
const toHttpRequest = adapter.toHttpRequest as unknown as (request: Request) => HttpRequest;

const GRACE = 'grace@example.com';
let emulator: Emulator;
const servers: Server[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  for (const server of servers.splice(0)) {
    await close(server);
  }
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** An app on Express 4, whose error handler says that it was asked. */
async function start(
  options: Partial<KindeOptions> = {},
  add: (app: Express, sdk: Kinde) => void = () => {},
) {
  const app = express4();
  const whole = optionsFor(emulator, options);
  const sdk = createKinde(whole);
  app.use(kinde(sdk));
  app.get('/me', (req, res) => void res.json(callerOf(req.kinde)));
  app.get('/private', protect(), (req, res) => void res.json(callerOf(req.kinde)));
  app.post(
    '/todos',
    protect({ permissions: 'create:todos' }),
    (_req, res) => void res.send('saved'),
  );
  app.get(
    '/forbidden',
    protect({ permissions: 'never:granted' }),
    (_req, res) => void res.send('x'),
  );
  add(app, sdk);
  const told: ErrorRequestHandler = (error: Error, _req, res, _next) =>
    void res.status(500).send(`handled: ${error.message}`);
  app.use(told);
  const port = await listen(createServer(app));
  return { options: whole, visitor: createVisitor({ url: SITE, port }, emulator) };
}

describe.each(MODES)('Express 4, with sessions in the %s', (mode) => {
  test('Express 4: people sign in, are guarded, refreshed and signed out', async () => {
    const { options, visitor } = await start({ session: sessionOf(mode) });
    expect((await visitor.open('/private')).status).toBe(302);
    expect((await visitor.signIn(GRACE, '/private?x=1')).location).toMatch(/\/private\?x=1$/);
    expect((await visitor.open('/private')).json()).toMatchObject({ email: GRACE });
    expect((await visitor.open('/forbidden')).status).toBe(403);
    const post = (headers: object) =>
      visitor.open('/todos', { method: 'POST', headers: { ...SAME_SITE, ...headers } });
    expect((await post({})).body).toBe('saved');
    expect(
      (await post({ 'sec-fetch-site': 'same-site', origin: 'https://blog.app.example' })).status,
    ).toBe(403);
    later(DUE);
    expect((await visitor.open('/private')).status).toBe(200);
    later(900);
    expect(await elsewhere({ options }, visitor.jar)).toMatchObject({ isAuthenticated: true });
    await visitor.open('/logout', { headers: SAME_SITE });
    expect(visitor.jar.names()).toEqual([]);
  });

  test('FD-06 FD-09 on Express 4, cookies of a refresh arrive whoever writes the head', async () => {
    const upstream = await listen(
      createServer((_request, response) =>
        response.writeHead(200, { 'Set-Cookie': 'own=1' }).end('x'),
      ),
    );
    const { options, visitor } = await start({ session: sessionOf(mode) }, (app) => {
      const head = { 'Set-Cookie': 'own=1', 'Cache-Control': 'public' };
      app.get('/head', protect(), (_req, res) => void res.writeHead(200, head).end('x'));
      app.get(
        '/list',
        protect(),
        (_req, res) => void res.writeHead(200, Object.entries(head).flat()).end('x'),
      );
      app.get('/set', protect(), (_req, res) => void res.set(head).send('x'));
      app.get('/error', protect(), (_req, _res, next) => next(new Error('as it should')));
      app.use('/api', protect(), createProxyMiddleware({ target: `http://127.0.0.1:${upstream}` }));
    });
    await visitor.signIn(GRACE);
    for (const path of ['/head', '/list', '/set', '/api/x', '/error', '/nobody']) {
      later(DUE);
      const answer = await visitor.open(path);
      later(900);
      expect(await elsewhere({ options }, visitor.jar), path).toMatchObject({
        isAuthenticated: true,
      });
      expect((await visitor.open('/me')).json(), path).toMatchObject({ isAuthenticated: true });
      if (mode !== 'store') {
        expect(answer.headers['cache-control'], path).toMatch(/no-store/);
      }
      await visitor.signIn(GRACE);
    }
  });
});

describe('errors on Express 4', () => {
  const boom = () => Promise.reject(new Error('boom'));

  test('Express 4: what a guard of one’s own throws reaches `next`', async () => {
    const { visitor } = await start({}, (app) => {
      const guards = {
        promise: boom,
        thrown: () => {
          throw new Error('boom');
        },
        later: async () => {
          await new Promise((resolve) => setImmediate(resolve));
          throw new Error('boom');
        },
      };
      for (const [name, guard] of Object.entries(guards)) {
        app.get(`/${name}`, protect(guard), (_req, res) => void res.send('x'));
      }
    });
    await visitor.signIn(GRACE);
    for (const path of ['/promise', '/thrown', '/later']) {
      const answer = await visitor.open(path);
      expect([answer.status, answer.body], path).toEqual([500, 'handled: boom']);
    }
  });

  test('Express 4: what breaks in a mounted route, or is thrown by the app’s own `onError`, reaches `next`', async () => {
    const webhooks = { path: '/hooks', handle: boom };
    const onError = () => {
      throw new Error('boom');
    };
    const { visitor } = await start({ webhooks, onError });
    const hook = await visitor.open('/hooks', { method: 'POST' });
    expect([hook.status, hook.body]).toEqual([500, 'handled: boom']);
    await visitor.signIn(GRACE);
    for (const path of ['/callback?code=x&state=y', '/forbidden']) {
      const answer = await visitor.open(path);
      if (answer.status !== 302) {
        expect([answer.status, answer.body], path).toEqual([500, 'handled: boom']);
      }
    }
  });

  test('Express 4: protect() without kinde() says what is missing', async () => {
    const app = express4();
    app.get('/private', protect(), (_req, res) => void res.send('x'));
    const port = await listen(createServer(app));
    const answer = await createVisitor({ url: SITE, port }, emulator).open('/private');
    expect([answer.status, answer.body]).toEqual([
      500,
      expect.stringContaining('app.use(kinde())'),
    ]);
  });

  test('FD-07 FD-08 on Express 4, methods of ours in routes of one’s own', async () => {
    const { visitor } = await start({}, (app, sdk) => {
      app.get('/sign-out', (req, res, next) => {
        sdk.logout(toHttpRequest(req)).then(({ location, cookies }) => {
          res.append('Set-Cookie', [...cookies]);
          res.redirect(303, location);
        }, next);
      });
      app.get('/late', protect(), (req, res) => {
        res.write('x');
        void req.kinde.refresh().catch((error: { code: string }) => res.end(error.code));
      });
    });
    await visitor.signIn(GRACE);
    const before = tokenCalls(emulator);
    expect((await visitor.open('/late')).body).toContain('cannot_set_cookies');
    expect(tokenCalls(emulator)).toBe(before);
    later(DUE);
    await visitor.open('/sign-out');
    expect(visitor.jar.names()).toEqual([]);
  });
});

test('Express 4: below a path, as FD-12 says', async () => {
  const url = `${SITE}/app`;
  emulator.state.applications[0]!.redirectUris.push(`${url}/callback`);
  const app = express4();
  app.use('/app', kinde(optionsFor(emulator, { siteUrl: url })));
  app.get('/app/me', protect(), (req, res) => void res.json(callerOf(req.kinde)));
  const port = await listen(createServer(app));
  const visitor = createVisitor({ url, port }, emulator);
  expect((await visitor.signIn(GRACE, '/app/me')).location).toMatch(/\/app\/me$/);
  expect((await visitor.open('/app/me')).json()).toMatchObject({ email: GRACE });
});
