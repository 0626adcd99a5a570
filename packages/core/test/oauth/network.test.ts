import { createServer, request, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import * as fastify from '@kindling/fastify';
import * as express from '@kindling/express';
import { createEmulator } from '@kindling/emulator';
import createExpress from 'express';
import createFastify from 'fastify';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { frameworks, modes, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const open: Server[] = [];

const serve = async (listener: RequestListener = () => {}): Promise<[Server, string]> => {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [server, `http://localhost:${(server.address() as AddressInfo).port}`];
};
afterEach(() => {
  vi.useRealTimers();
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe.each(Object.keys(frameworks))('the network between, on %s', (framework) => {
  const start = async (options: Parameters<(typeof frameworks)[string]>[0]) => {
    const app = await frameworks[framework]!(options);
    open.push(app);
    return app;
  };

  test('CN-05 a host that is not there, does not resolve, or does not speak TLS is never replaced by something weaker', async () => {
    let plain = 0;
    const [, site] = await serve((_request, response) => {
      plain += 1;
      response.end('{}');
    });
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const failing: typeof fetch = () =>
      Promise.reject(
        Object.assign(new TypeError('fetch failed'), { cause: { code: 'ENOTFOUND' } }),
      );
    for (const [issuer, fetcher] of [
      [site.replace('http', 'https'), fetch],
      ['https://localhost:9', fetch],
      ['https://gone.example', failing],
    ] as const) {
      const app = await start(optionsFor(emulator, { issuer, fetch: fetcher, timeout: 2 }));
      const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
      expect([answer.status, answer.json().code, answer.setCookies]).toEqual([
        502,
        'kinde_unreachable',
        [],
      ]);
    }
    expect(plain).toBe(0);
  });

  test('CN-06 a connection that breaks while the code is redeemed is not tried again', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    await emulator.listen({ port: 0 });
    const app = await start(optionsFor(emulator, { fetch }));
    const browser = createBrowser(app, emulator);
    const callback = await browser.callbackFor(ADA);
    emulator.faults.always(
      '/oauth2/token',
      () =>
        new Response(new ReadableStream({ start: (stream) => stream.error(new Error('reset')) })),
    );
    const answer = await browser.open(callback, { headers: { accept: 'application/json' } });
    expect(answer.status).toBe(502);
    expect(emulator.requests.filter(({ path }) => path === '/oauth2/token')).toHaveLength(1);
    emulator.faults.clear();
    expect((await browser.signIn(ADA)).status).toBe(302);
    await emulator.close();
  });

  test('CN-07 answers that come just in time are in time, for a hundred logins at once', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const app = await start(optionsFor(emulator, { timeout: 5 }));
    emulator.faults.always('/oauth2/token', async (_request, next) => {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return next();
    });
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => createBrowser(app, emulator).signIn(ADA)),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([302]));
  });

  test('CN-08 chunks with trailers and connections that close after each answer are fine', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const [, issuer] = await serve(async (incoming, outgoing) => {
      const body: Buffer[] = [];
      for await (const chunk of incoming) {
        body.push(chunk as Buffer);
      }
      const answer = await emulator.fetch(issuer + incoming.url!, {
        method: incoming.method!,
        headers: incoming.headers as Record<string, string>,
        redirect: 'manual',
        ...(body.length > 0 && { body: Buffer.concat(body) }),
      });
      outgoing.writeHead(answer.status, {
        'content-type': answer.headers.get('content-type')!,
        connection: 'close',
        trailer: 'x-done',
      });
      const text = Buffer.from(await answer.arrayBuffer());
      for (let index = 0; index < text.length; index += 100) {
        outgoing.write(text.subarray(index, index + 100));
      }
      outgoing.addTrailers({ 'x-done': 'yes' });
      outgoing.end();
    });
    emulator.state.issuer = issuer;
    const app = await start(optionsFor(emulator, { issuer, fetch }));
    expect((await createBrowser(app, emulator).signIn(ADA)).status).toBe(302);
  });

  test('CN-09 a server that closes finishes the sign-ins that are on their way', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const app = await start(optionsFor(emulator));
    const browsers = Array.from({ length: 50 }, () => createBrowser(app, emulator));
    const callbacks = await Promise.all(browsers.map((browser) => browser.callbackFor(ADA)));
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    emulator.faults.always('/oauth2/token', async (_request, next) => {
      await held;
      return next();
    });
    const answers = Promise.all(browsers.map((browser, index) => browser.open(callbacks[index]!)));
    await vi.waitFor(() =>
      expect(emulator.requests.filter(({ path }) => path === '/oauth2/token')).toHaveLength(50),
    );
    const closed = new Promise((resolve) => app.close(resolve));
    release();
    expect(new Set((await answers).map(({ status }) => status))).toEqual(new Set([302]));
    await closed;
  });

  test('DS-06 a body that trickles in keeps nobody waiting', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const app = await start(optionsFor(emulator));
    const { port } = app.address() as AddressInfo;
    const slow = connect(port, '127.0.0.1');
    slow.write(
      'POST /callback HTTP/1.1\r\nHost: app.example\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\nc',
    );
    const first = await new Promise<string>((resolve) =>
      slow.once('data', (chunk) => resolve(chunk.toString())),
    );
    expect(first).toContain('405');
    expect((await send(app, '/me')).status).toBe(200);
    slow.destroy();
  });

  test('faults of every kind, in any order, never sign anybody in and never break the next sign-in', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const apps = await Promise.all(
      Object.values(modes).map((mode) =>
        start(optionsFor(emulator, { timeout: 1, session: mode() })),
      ),
    );
    const faults = {
      page: () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      broken: () => new Response('', { status: 503 }),
      reset: () => Promise.reject(new TypeError('fetch failed')),
      cut: () => new Response('{"access_token":'),
      redirect: () =>
        new Response(null, { status: 307, headers: { location: 'https://evil.example' } }),
      empty: () => new Response('{}'),
      huge: () => new Response('x'.repeat(400_000)),
    };
    const paths = ['/oauth2/token', '/.well-known/jwks', '/.well-known/openid-configuration'];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...paths), fc.constantFrom(...Object.keys(faults))), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.nat(1),
        async (plan, which) => {
          emulator.faults.clear();
          const app = apps[which]!;
          const browser = createBrowser(app, emulator);
          const callback = await browser.callbackFor(ADA);
          for (const [path, fault] of plan) {
            emulator.faults.once(path, faults[fault as keyof typeof faults]);
          }
          const answer = await browser.open(callback, { headers: { accept: 'application/json' } });
          const hit = plan.some(([path]) => path === '/oauth2/token');
          if (hit) {
            expect([502, 503, 504]).toContain(answer.status);
          }
          expect((await browser.open('/me')).json().isAuthenticated).toBe(answer.status === 302);
          emulator.faults.clear();
          expect((await createBrowser(app, emulator).signIn(ADA)).status).toBe(302);
        },
      ),
      { numRuns: 40, seed: 20_260_101 },
    );
  });
});

test('HH-07 the guard runs in every scope of Fastify', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const app = createFastify();
  await app.register(fastify.kinde, optionsFor(emulator));
  await app.register(
    async (api) => {
      api.addHook('onRequest', fastify.protect());
      api.get('/list', async () => 'inside');
      await api.register(
        async (admin) =>
          void admin.get('/users', async () => 'inside').get('/deep/users', async () => 'inside'),
        { prefix: '/admin' },
      );
    },
    { prefix: '/api' },
  );
  for (const url of [
    '/api/list',
    '/api/admin/users',
    '/api/admin/deep/users',
    '/api//admin/users',
    '/api/%61dmin/users',
    '/API/admin/users',
  ]) {
    const answer = await app.inject({ url });
    expect([url, answer.body.includes('inside')]).toEqual([url, false]);
    expect([401, 404]).toContain(answer.statusCode);
  }
  await app.close();
});

test('HH-07 the guard runs in every router of Express', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const app = createExpress();
  const admin = createExpress.Router().get('/users', (_req, res) => void res.send('inside'));
  const api = createExpress.Router().use(express.protect()).use('/admin', admin);
  app.use(express.kinde(optionsFor(emulator))).use('/api', api);
  const [server] = await serve(app);
  for (const path of [
    '/api/admin/users',
    '/api//admin/users',
    '/api/%61dmin/users',
    '/API/ADMIN/users',
  ]) {
    const answer = await send(server, path);
    expect([path, answer.body.includes('inside')]).toEqual([path, false]);
  }
});

test('SC-25 a handler that streams at once still sends the cookies that were due', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const app = createExpress();
  app.use(express.kinde(optionsFor(emulator)));
  app.get('/stream', (_req, res) => {
    res.write('begin');
    setImmediate(() => res.end('end'));
  });
  const [expressServer] = await serve(app);
  const other = createFastify();
  await other.register(fastify.kinde, optionsFor(emulator));
  other.get('/stream', (_request, reply) => {
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      reply.raw.setHeader(name, value as string);
    }
    reply.raw.write('begin');
    setImmediate(() => reply.raw.end('end'));
  });
  await other.listen({ host: '127.0.0.1', port: 0 });
  open.push(other.server);
  for (const server of [expressServer, other.server]) {
    const browser = createBrowser(server, emulator);
    // Her session fits one cookie.
    await browser.signIn('grace@example.com');
    vi.useFakeTimers({ now: Date.now() + 10_000_000, toFake: ['Date'] });
    const answer = await browser.open('/stream');
    expect([answer.body, answer.setCookies.length]).toEqual(['beginend', 1]);
    vi.useRealTimers();
  }
});

test('a request that Node has already ended does not stop the others', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const app = await frameworks['express']!(optionsFor(emulator));
  open.push(app);
  const { port } = app.address() as AddressInfo;
  const aborted = request({ host: '127.0.0.1', port, path: '/login' });
  aborted.on('error', () => {});
  aborted.end();
  aborted.destroy();
  expect((await send(app, '/me')).status).toBe(200);
});
