import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastifyHttpProxy from '@fastify/http-proxy';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { protect } from '@kindling/express';
import { protect as protectFastify } from '@kindling/fastify';
import { createProxyMiddleware } from 'http-proxy-middleware';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Answer, Ask } from '../kit/http.js';
import {
  close,
  FRAMEWORKS,
  rowsOf,
  sessionOf,
  SITE,
  startSite,
  type Framework,
  type Mode,
  type Plan,
  type Site,
} from './kit/site.js';
import { createVisitor, DUE, elsewhere, later, tokenCalls, type Visitor } from './kit/visitor.js';
import { expressWays, fastifyWays, PUBLIC } from './kit/ways.js';

let emulator: Emulator;
let upstream: Server;
let site: Site | undefined;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  // Somebody else's server, with cookies and a cache policy of its own.
  upstream = createServer((request, response) => {
    response.writeHead(200, { 'Set-Cookie': ['own=1; Path=/', 'two=2'], 'Cache-Control': PUBLIC });
    response.end(`from upstream ${request.headers.authorization ?? ''}`);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
});
afterAll(() => close(upstream));
afterEach(async () => {
  vi.useRealTimers();
  await site?.close();
});

/** Someone who is signed in to an app, when their session is due for a refresh. */
async function due(framework: Framework, mode: Mode, plan: Plan): Promise<Visitor> {
  site = await startSite(framework, emulator, {
    ...plan,
    options: { ...plan.options, session: sessionOf(mode) },
  });
  const visitor = createVisitor(site, emulator);
  await visitor.signIn();
  later(DUE);
  return visitor;
}

/** Opens a page that refreshes, and makes sure that nothing was lost by it. */
async function refreshes(mode: Mode, visitor: Visitor, path: string, ask?: Ask): Promise<Answer> {
  const before = tokenCalls(emulator);
  const answer = await visitor.open(path, ask);
  expect(tokenCalls(emulator) - before).toBe(1);
  const ours = answer.setCookies.filter((line) => line.includes('kinde'));
  if (mode !== 'store') {
    expect(ours.length, 'the refreshed session').toBeGreaterThan(0);
  }
  if (ours.length > 0) {
    expect(answer.headers['cache-control']).toMatch(/no-store/);
    expect(answer.headers['cache-control']).not.toMatch(/public|max-age=60/);
  }
  // Ten minutes later nobody remembers the old cookie any more, and no other process ever did.
  later(900);
  expect(await elsewhere(site!, visitor.jar)).toMatchObject({ isAuthenticated: true });
  expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
  expect(tokenCalls(emulator) - before).toBeLessThanOrEqual(2);
  return answer;
}

for (const [framework, mode] of rowsOf()) {
  const ways = framework === 'express' ? expressWays : fastifyWays;
  describe(`cookies of a refresh, on ${framework} with sessions in the ${mode}`, () => {
    test.each(Object.keys(ways))(
      'FD-06 FD-09 arrive with no-store when the handler answers by %s',
      async (name) => {
        const { method = 'GET', status = 200, hasOwnCookie } = ways[name]!;
        const visitor = await due(framework, mode, {
          express: (app) => void app.all('/way', protect(), expressWays[name]?.handler ?? []),
          fastify: (app) =>
            app.get('/way', { onRequest: protectFastify() }, fastifyWays[name]?.handler as never),
        });
        const answer = await refreshes(mode, visitor, '/way', { method });
        expect(answer.status).toBe(status);
        if (hasOwnCookie) {
          expect(answer.setCookies.filter((line) => line.startsWith('own=1'))).toHaveLength(1);
        }
      },
    );

    test('FD-06 FD-09 arrive beside the cookies of an upstream, through a proxy as people use it', async () => {
      const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
      const visitor = await due(framework, mode, {
        express: (app) =>
          void app.use(
            '/api',
            protect(),
            createProxyMiddleware({ target, changeOrigin: true, cookieDomainRewrite: '' }),
          ),
        fastify: (app) =>
          app.register(async (scope) => {
            scope.addHook('onRequest', protectFastify());
            await scope.register(fastifyHttpProxy, { upstream: target, prefix: '/api' });
          }),
      });
      const answer = await refreshes(mode, visitor, '/api/list');
      expect(answer.body).toContain('from upstream');
      for (const line of ['own=1', 'two=2']) {
        expect(
          answer.setCookies.filter((cookie) => cookie.startsWith(line)),
          line,
        ).toHaveLength(1);
      }
    });

    test('FD-06 arrive when a page asks for fresh tokens and then writes its own cookies', async () => {
      const visitor = await due(framework, mode, {
        express: (app) =>
          void app.get('/fresh', protect(), async (req, res) => {
            await req.kinde.refresh();
            res.writeHead(200, { 'Set-Cookie': 'own=1' }).end('x');
          }),
        fastify: (app) =>
          app.get('/fresh', { onRequest: protectFastify() }, async (request, reply) => {
            await request.kinde.refresh();
            reply.raw.writeHead(200, { 'Set-Cookie': 'own=1' }).end('x');
            return reply;
          }),
      });
      const answer = await visitor.open('/fresh');
      expect(answer.setCookies.some((line) => line.startsWith('own=1'))).toBe(true);
      later(900);
      expect(await elsewhere(site!, visitor.jar)).toMatchObject({ isAuthenticated: true });
    });
  });
}

describe.each(FRAMEWORKS)('pages without a cookie of ours, on %s', (framework) => {
  test('FD-09 keep the cache policy that their handler says', async () => {
    site = await startSite(framework, emulator, {
      places: [{ path: '/cached', handle: (call) => (call.header('Cache-Control', PUBLIC), 'x') }],
    });
    const visitor = createVisitor(site, emulator);
    expect((await visitor.open('/cached')).headers['cache-control']).toBe(PUBLIC);
    await visitor.signIn();
    const answer = await visitor.open('/cached');
    expect([answer.setCookies, answer.headers['cache-control']]).toEqual([[], PUBLIC]);
    expect(answer.headers['vary']).toMatch(/cookie/i);
  });

  test('FD-09 a page that takes a dead session away is not cached', async () => {
    site = await startSite(framework, emulator, {
      places: [{ path: '/cached', handle: (call) => (call.header('Cache-Control', PUBLIC), 'x') }],
    });
    const visitor = createVisitor(site, emulator);
    await visitor.signIn();
    later(8 * 86_400);
    const answer = await visitor.open('/cached');
    expect(answer.setCookies.length).toBeGreaterThan(0);
    expect(answer.headers['cache-control']).toMatch(/no-store/);
    expect(answer.headers['cache-control']).not.toMatch(/public/);
  });
});
