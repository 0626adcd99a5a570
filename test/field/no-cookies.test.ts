import { createEmulator, type Emulator } from '@kindling/emulator';
import { protect, type Kinde, type RequestAuth } from '@kindling/express';
import { protect as protectFastify } from '@kindling/fastify';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  MODES,
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

let emulator: Emulator;
let site: Site;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  await site.close();
});

async function signedIn(framework: Framework, mode: Mode, plan: Plan = {}): Promise<Visitor> {
  site = await startSite(framework, emulator, { ...plan, options: { session: sessionOf(mode) } });
  const visitor = createVisitor(site, emulator);
  await visitor.signIn();
  return visitor;
}

/** The error that a refresh ends with, for a page to say. */
const codeOf = (auth: RequestAuth) =>
  auth.refresh().then(
    () => 'refreshed',
    (error: { code?: string; statusCode?: number }) => `${error.code} ${error.statusCode}`,
  );

/** What a response that can carry no cookies looks like to core. */
const sealed = { canSetCookies: false, setCookies: () => {} };

const requestOf = (visitor: Visitor) => ({
  method: 'GET',
  url: '/private',
  headers: {
    get: (name: string) =>
      name.toLowerCase() === 'cookie' ? visitor.jar.header('/private') || null : null,
  },
});

const enter = async (sdk: Kinde, visitor: Visitor) => {
  const entered = await sdk.enter(requestOf(visitor), sealed);
  if (!entered.caller) {
    throw new Error('An auth route answered.');
  }
  return entered.caller;
};

/** Ways to ask for fresh tokens when the head is on its way already; each says how that ended. */
const tooLate: Record<string, Plan> = {
  'after the first byte of the page': {
    express: (app) =>
      void app.get('/late', protect(), async (req, res) => {
        res.write('head sent, ');
        res.end(await codeOf(req.kinde));
      }),
    fastify: (app) =>
      app.get('/late', { onRequest: protectFastify() }, async (request, reply) => {
        reply.hijack();
        reply.raw.write('head sent, ');
        reply.raw.end(await codeOf(request.kinde));
      }),
  },
  'after flushHeaders or hijack': {
    express: (app) =>
      void app.get('/late', protect(), async (req, res) => {
        res.flushHeaders();
        res.end(await codeOf(req.kinde));
      }),
    fastify: (app) =>
      app.get('/late', { onRequest: protectFastify() }, async (request, reply) => {
        reply.hijack();
        reply.raw.end(await codeOf(request.kinde));
      }),
  },
  'after writeHead': {
    express: (app) =>
      void app.get('/late', protect(), async (req, res) => {
        res.writeHead(200, { 'Content-Type': 'text/plain' });
        res.end(await codeOf(req.kinde));
      }),
    fastify: (app) =>
      app.get('/late', { onRequest: protectFastify() }, async (request, reply) => {
        reply.raw.writeHead(200, { 'Content-Type': 'text/plain' });
        reply.raw.end(await codeOf(request.kinde));
        return reply;
      }),
  },
};

describe.each(rowsOf())(
  'a response that can carry no cookies, on %s with sessions in the %s',
  (framework, mode) => {
    test.each(Object.keys(tooLate))(
      'FD-07 refresh() %s is an error before a refresh token is used',
      async (when) => {
        const visitor = await signedIn(framework, mode, tooLate[when]);
        const before = tokenCalls(emulator);
        const answer = await visitor.open('/late');
        expect(answer.body).toContain('cannot_set_cookies 500');
        expect(tokenCalls(emulator)).toBe(before);
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
        later(900);
        expect(await elsewhere(site, visitor.jar)).toMatchObject({ isAuthenticated: true });
      },
    );

    test('FD-07 refresh() after the whole response was sent is an error, too', async () => {
      let ended: Promise<string> | undefined;
      const visitor = await signedIn(framework, mode, {
        express: (app) =>
          void app.get('/late', protect(), (req, res) => {
            res.send('x');
            ended = codeOf(req.kinde);
          }),
        fastify: (app) =>
          app.get('/late', { onRequest: protectFastify() }, (request, reply) => {
            reply.raw.once('finish', () => (ended = codeOf(request.kinde)));
            void reply.send('x');
          }),
      });
      const before = tokenCalls(emulator);
      await visitor.open('/late');
      await vi.waitFor(async () => expect(await ended).toBe('cannot_set_cookies 500'));
      expect(tokenCalls(emulator)).toBe(before);
    });

    test('FD-07 a session that is due counts while its token lives, and nothing is spent', async () => {
      const visitor = await signedIn(framework, mode);
      later(DUE);
      const before = tokenCalls(emulator);
      for (let visit = 0; visit < 3; visit += 1) {
        const caller = await enter(site.sdk, visitor);
        expect(caller).toMatchObject({
          isAuthenticated: true,
          user: { email: 'grace@example.com' },
        });
        expect(await codeOf(caller)).toBe('cannot_set_cookies 500');
      }
      expect(tokenCalls(emulator)).toBe(before);
      // A page that can carry cookies refreshes as ever.
      expect((await visitor.open('/private')).status).toBe(200);
      expect(tokenCalls(emulator)).toBe(before + 1);
    });

    test('FD-07 a session whose token has ended is nobody there, and is refreshed by the next page that can', async () => {
      const visitor = await signedIn(framework, mode);
      later(DUE + 60);
      const before = tokenCalls(emulator);
      expect(await enter(site.sdk, visitor)).toMatchObject({ isAuthenticated: false });
      const { auth, cookies } = await site.sdk.authenticate(requestOf(visitor), { refresh: false });
      expect([auth.isAuthenticated, cookies, tokenCalls(emulator)]).toEqual([false, [], before]);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
      expect(tokenCalls(emulator)).toBe(before + 1);
    });

    test('FD-07 `authenticate(request, { refresh: false })` says who it is and spends nothing', async () => {
      const visitor = await signedIn(framework, mode);
      for (const seconds of [0, DUE]) {
        later(seconds);
        const before = tokenCalls(emulator);
        const { auth, cookies } = await site.sdk.authenticate(requestOf(visitor), {
          refresh: false,
        });
        expect(auth).toMatchObject({ isAuthenticated: true });
        expect([cookies, tokenCalls(emulator)]).toEqual([[], before]);
      }
      later(900);
      expect(await elsewhere(site, visitor.jar)).toMatchObject({ isAuthenticated: true });
    });
  },
);

describe.each(MODES)('a hijacked reply on fastify, with sessions in the %s', (mode) => {
  test('FD-07 of a session that is due loses nothing', async () => {
    const visitor = await signedIn('fastify', mode, {
      fastify: (app) =>
        app.get('/raw', { onRequest: protectFastify() }, (_request, reply) => {
          reply.hijack();
          reply.raw.end('x');
        }),
    });
    later(DUE);
    expect((await visitor.open('/raw')).body).toBe('x');
    later(900);
    expect(await elsewhere(site, visitor.jar)).toMatchObject({ isAuthenticated: true });
    expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
  });
});
