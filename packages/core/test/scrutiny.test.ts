import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { inspect } from 'node:util';
import { createContext, Script } from 'node:vm';
import {
  createKinde,
  memoryStore,
  type Auth,
  type HttpRequest,
  type Kinde,
  type KindeOptions,
  type Outlet,
  type RequestAuth,
  type SessionStore,
} from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as fastify from '@kindling/fastify';
import { build } from 'esbuild';
import createFastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Context } from '../src/context.js';
import { findCookie, openCookie, readCookies } from '../src/cookies.js';
import { createBoundedCache, createMemoryBudget } from '../src/cache/bounded.js';
import { frameworks, optionsFor, SECRET, SITE } from '../../../test/kit/apps.js';
import { createBrowser, keep as keepCookies, type Browser } from '../../../test/kit/browser.js';
import { SAME_SITE, send } from '../../../test/kit/http.js';

const ADA = 'ada@example.com';
const ACME = 'org_acme0rockets';
const DAY = 86_400;
const NEXT_SECRET = 'the-next-secret-of-thirty-two-characters-321';

let emulator: Emulator;
let store: Required<SessionStore>;
const open: Server[] = [];
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
  store = memoryStore();
});
afterEach(() => {
  vi.useRealTimers();
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const idOf = (email: string) => emulator.state.people.find((person) => person.email === email)!.id;
const later = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
const calls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
const cookieOf = ({ jar }: Browser) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
const start = async (framework: string, options: KindeOptions) => {
  const app = await frameworks[framework]!(options);
  open.push(app);
  return app;
};
const isSignedIn = async (browser: Browser) =>
  (await browser.open('/me')).json().isAuthenticated as boolean;

describe.each([
  ['express', 'coordination'],
  ['fastify', 'coordination'],
  ['express', 'store'],
  ['fastify', 'store'],
] as const)('within one second, on %s with `session.%s`', (framework, keep) => {
  let app: Server;
  let kinde: Kinde;
  const options = (more: Partial<KindeOptions> = {}) =>
    optionsFor(emulator, { session: { [keep]: store, idle: 3 * DAY }, ...more });
  const signedIn = async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA, '/login', ACME);
    return browser;
  };
  beforeEach(async () => {
    kinde = createKinde(options());
    app = await start(framework, kinde as unknown as KindeOptions);
    later(0);
  });

  test('somebody who is signed out everywhere, comes back and is signed out again, is signed out', async () => {
    const first = await signedIn();
    await kinde.sessions.revokeUser(idOf(ADA));
    const second = await signedIn();
    await kinde.sessions.revokeUser(idOf(ADA));
    const third = await signedIn();
    expect(await Promise.all([first, second, third].map(isSignedIn))).toEqual([false, false, true]);
  });

  test('a session that began after others were ended can be ended by its handle, and with its organization', async () => {
    await kinde.sessions.revokeUser(idOf(ADA));
    const one = await signedIn();
    const other = await signedIn();
    const [newest] = await kinde.sessions.list(idOf(ADA));
    expect(await kinde.sessions.revoke(idOf(ADA), newest!.id)).toBe(true);
    expect((await Promise.all([one, other].map(isSignedIn))).filter(Boolean)).toHaveLength(1);
    await kinde.sessions.revokeOrganization(ACME);
    const again = await signedIn();
    await kinde.sessions.revokeUser(idOf(ADA));
    expect(await Promise.all([one, other, again].map(isSignedIn))).toEqual([false, false, false]);
  });

  test('tokens that were renewed for one change are renewed for the next one, too', async () => {
    const ada = await signedIn();
    const before = calls();
    const refreshed = async () => {
      for (let count = 0; count < 3; count++) {
        expect(await isSignedIn(ada)).toBe(true);
      }
      return calls() - before;
    };
    await kinde.sessions.refreshUser(idOf(ADA));
    expect(await refreshed()).toBe(1);
    await kinde.sessions.refreshAll();
    expect(await refreshed()).toBe(2);
    await kinde.sessions.refreshUser(idOf(ADA));
    expect(await refreshed()).toBe(3);
    await kinde.sessions.refreshUser(idOf(ADA));
    expect([await refreshed(), emulator.state.reuse]).toEqual([4, 0]);
  });

  test('a renewal that was on its way when something changed does not count as one after it', async () => {
    const ada = await signedIn();
    later(DAY + 1);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      const response = await next();
      await held;
      return response;
    });
    const before = calls();
    const asking = ada.open('/me');
    await vi.waitFor(() => expect(calls() - before).toBe(1));
    await kinde.sessions.refreshUser(idOf(ADA));
    later(3);
    release();
    expect((await asking).json().isAuthenticated).toBe(true);
    for (let count = 0; count < 3; count++) {
      expect(await isSignedIn(ada)).toBe(true);
    }
    expect([calls() - before, emulator.state.reuse]).toEqual([2, 0]);
  });

  test('tokens that are to be renewed still are, after a session was prolonged while Kinde did not answer', async () => {
    // What is paused is measured by a clock that nobody sets.
    vi.useFakeTimers({ now: Date.now(), toFake: ['Date', 'performance'] });
    const pass = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
    const ada = await signedIn();
    pass(8 * 3600);
    await kinde.sessions.refreshUser(idOf(ADA));
    // By this nothing was spent (OP-08).
    const limit = { status: 429, headers: { 'retry-after': '1' } };
    emulator.faults.always('/oauth2/token', () => new Response('', limit));
    for (let count = 0; count < 3; count++) {
      expect(await isSignedIn(ada)).toBe(true);
      pass(5);
    }
    emulator.faults.clear();
    pass(31);
    const before = calls();
    for (let count = 0; count < 3; count++) {
      expect(await isSignedIn(ada)).toBe(true);
    }
    expect(calls() - before).toBe(1);
  });

  test('sessions from before a new secret are found and ended when the old one is gone, once they were used', async () => {
    const ada = await signedIn();
    const both = await start(framework, options({ secret: [NEXT_SECRET, SECRET] }));
    const moved = createBrowser(both, emulator);
    for (const [name, value] of ada.jar) {
      moved.jar.set(name, value);
    }
    expect(await isSignedIn(moved)).toBe(true);
    const next = await start(framework, options({ secret: NEXT_SECRET }));
    const administers = createKinde(options({ secret: NEXT_SECRET }));
    expect(await administers.sessions.list(idOf(ADA))).toHaveLength(1);
    await administers.sessions.revokeUser(idOf(ADA));
    expect(
      (await send(next, '/me', { headers: { cookie: cookieOf(moved) } })).json().isAuthenticated,
    ).toBe(false);
  });
});

test.each(['store', 'coordination'] as const)(
  'RF-05 with `session.%s`, tokens that Kinde has given are not lost when the lock is, and then the store goes away',
  async (keep) => {
    let isDown = false;
    const faulty = Object.fromEntries(
      Object.entries(store).map(([method, work]) => [
        method,
        async (...given: unknown[]) => {
          if (isDown && method !== 'compareAndSet') {
            throw new Error('down');
          }
          return (work as (...given: unknown[]) => Promise<unknown>)(...given);
        },
      ]),
    ) as unknown as Required<SessionStore>;
    const locks: string[] = [];
    const { compareAndSet } = faulty;
    faulty.compareAndSet = async (id, from, change) => {
      if (change.to?.startsWith('lock.')) {
        locks.push(id);
      }
      return compareAndSet(id, from, change);
    };
    const options = optionsFor(emulator, { session: { [keep]: faulty, idle: 3 * DAY } });
    const one = await start('express', options);
    const two = await start('fastify', options);
    const ada = createBrowser(one, emulator);
    await ada.signIn(ADA);
    // Of the callback.
    locks.length = 0;
    later(DAY + 1);
    const old = cookieOf(ada);
    const before = calls();
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      const response = await next();
      for (const id of locks) {
        await store.delete(id);
      }
      isDown = true;
      return response;
    });
    expect(await isSignedIn(ada)).toBe(true);
    isDown = false;
    await vi.waitFor(async () => expect(await store.get(locks[0]!)).toBeDefined(), 5000);
    expect((await send(two, '/me', { headers: { cookie: old } })).json().isAuthenticated).toBe(
      true,
    );
    expect([calls() - before, emulator.state.reuse]).toEqual([1, 0]);
  },
);

describe('what is read from memory', () => {
  const seen = async (header: string) => {
    const seal = { open: async (text: string) => text, openCached: async (text: string) => text };
    const request = { method: 'GET', url: '/', headers: new Headers() };
    const headers = { get: () => header };
    return openCookie(readCookies({ ...request, headers }), { seal } as unknown as Context, {
      name: 'k',
      purpose: 'session',
    });
  };

  test('is the very cookie that the parser finds, however a header is written, or none', async () => {
    const written =
      'k=A|k =B|k= C|k="D"|k.0=E|k.1=F|k.1 =G|k.0=|k=|xk=H|k-login-1=I|k.x=J|a=k=K|a=b k=L|k|k.01=M|k\t=N|k.10=O|k.0=P|=Q|K=R|k\u00a0=S';
    const parts = written.split('|');
    const between = ['; ', ';', ' ; ', ';  ', ';\t', ',', ' '];
    for (const [a, b, c] of parts.flatMap((a) =>
      parts.flatMap((b) => parts.map((c) => [a, b, c] as const)),
    )) {
      for (const [first, second] of between.flatMap((one) =>
        ['; ', one].map((two) => [one, two] as const),
      )) {
        const header = a + first + b + second + c;
        const found = findCookie(header, 'k');
        // What is remembered has no blanks.
        if (found && !/[ \t]/.test(found)) {
          expect(found, JSON.stringify(header)).toBe(await seen(header));
        }
      }
    }
  });

  test('is found as browsers write it, beside cookies whose names begin or end alike', () => {
    for (const [header, value] of [
      ['k=A', 'A'],
      ['a=1; k=A', 'A'],
      ['k-login-x=1; xk=2; k=A; _k=3; z=k', 'A'],
      ['k=A; k=B', 'A'],
      ['k.1=B; k.0=A', 'AB'],
      ['k.0=A; k.2=C', 'A'],
      ['k.0=A; k=W; k.1=B', 'W'],
      ['a=1', undefined],
      ['k.1=B', undefined],
    ] as const) {
      expect(findCookie(header, 'k'), header).toBe(value);
    }
  });

  test('costs a header of any length no more than one look at every place', () => {
    const header = 'k=;'.repeat(20_000);
    expect(findCookie(header, 'k')).toBeUndefined();
    expect(findCookie(`${'kk'.repeat(20_000)}=1; k=A`, 'k')).toBe('A');
  });

  test('is bounded in bytes, and what falls out or is alike at its end is only not known', () => {
    const terms = { until: Infinity, bytes: 100 };
    const memory = createBoundedCache<number>(createMemoryBudget(1000));
    for (let count = 0; count < 1000; count++) {
      memory.set(`${count} `.padStart(40, 'x'), count, terms);
    }
    const left = Array.from({ length: 1000 }, (_, count) =>
      memory.get(`${count} `.padStart(40, 'x')),
    );
    expect(left.filter((one) => one !== undefined).length).toBeLessThanOrEqual(10);
    const tail = 't'.repeat(32);
    memory.set(`one${tail}`, 1, terms);
    expect([memory.get(`one${tail}`), memory.get(`two${tail}`), memory.get(tail)]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    memory.set(`two${tail}`, 2, terms);
    expect([memory.get(`one${tail}`), memory.get(`two${tail}`)]).toEqual([undefined, 2]);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(memory.get(name)).toBeUndefined();
    }
    const small = createBoundedCache<number>(createMemoryBudget(1000));
    for (let count = 0; count < 100; count++) {
      small.set('the same'.padStart(40), count, terms);
    }
    small.set('another'.padStart(40), 1, terms);
    // The same text again takes no more room than once.
    expect([small.get('the same'.padStart(40)), small.get('another'.padStart(40))]).toEqual([
      99, 1,
    ]);
  });

  test('what ends at a second ends at that second', () => {
    later(0);
    const memory = createBoundedCache<number>();
    const time = Math.floor(Date.now() / 1000);
    memory.set('text', 1, { until: time + 10, bytes: 1 });
    later(9);
    expect(memory.get('text')).toBe(1);
    later(1);
    expect(memory.get('text')).toBeUndefined();
  });
});

describe.each(Object.keys(frameworks))('sessions that were opened before, on %s', (framework) => {
  test('end at the second of `idle` and `maxAge`, and at once for a process that signs them out', async () => {
    const session = { idle: 100, maxAge: 150 };
    const app = await start(framework, optionsFor(emulator, { session }));
    later(0);
    const idle = createBrowser(app, emulator);
    const ada = createBrowser(app, emulator);
    for (const browser of [idle, ada]) {
      await browser.signIn(ADA);
    }
    const isAlive = async (cookie: string) =>
      (await send(app, '/me', { headers: { cookie } })).json().isAuthenticated as boolean;
    const left = cookieOf(idle);
    const first = cookieOf(ada);
    expect([await isAlive(left), await isAlive(first)]).toEqual([true, true]);
    later(99);
    expect(await isAlive(left)).toBe(true);
    await ada.open('/me');
    const prolonged = cookieOf(ada);
    expect(prolonged).not.toBe(first);
    later(1);
    expect([await isAlive(left), await isAlive(prolonged)]).toEqual([false, true]);
    later(49);
    expect(await isAlive(prolonged)).toBe(true);
    later(1);
    expect(await isAlive(prolonged)).toBe(false);
  });

  test('are over at once in a process that signs them out, in every copy', async () => {
    const app = await start(framework, optionsFor(emulator));
    const ada = createBrowser(app, emulator);
    await ada.signIn(ADA);
    const first = cookieOf(ada);
    later(3 * 3600);
    await ada.open('/me');
    const copies = [first, cookieOf(ada)];
    expect(copies[0]).not.toBe(copies[1]);
    const signedIn = async (cookie: string) =>
      (await send(app, '/me', { headers: { cookie } })).json().isAuthenticated;
    for (let count = 0; count < 2; count++) {
      expect(await Promise.all(copies.map(signedIn))).toEqual([true, true]);
    }
    await ada.open('/logout', { method: 'POST', headers: { ...SAME_SITE, origin: SITE } });
    expect(await Promise.all(copies.map(signedIn))).toEqual([false, false]);
  });

  test('two Kinde instances in one process know nothing of each other', async () => {
    const one = await start(framework, optionsFor(emulator));
    const other = await start(framework, optionsFor(emulator, { secret: NEXT_SECRET }));
    const ada = createBrowser(one, emulator);
    await ada.signIn(ADA);
    const headers = { cookie: cookieOf(ada) };
    for (let count = 0; count < 2; count++) {
      expect((await send(one, '/me', { headers })).json().isAuthenticated).toBe(true);
      expect((await send(other, '/me', { headers })).json().reason).toBe('unreadable');
    }
  });
});

test('a caller shows no token, however it is copied or printed, and nobody can change what others see', async () => {
  const kinde = createKinde(optionsFor(emulator));
  const app = await start('express', optionsFor(emulator));
  const ada = createBrowser(app, emulator);
  await ada.signIn(ADA, '/login', ACME);
  const headers = new Headers({ cookie: cookieOf(ada) });
  const outlet: Outlet = { canSetCookies: true, setCookies: () => {}, vary: () => {} };
  const caller = async () => {
    const request = { method: 'GET', url: '/', headers };
    await kinde.authenticate(request);
    const entered = kinde.enter(request, outlet);
    expect(entered).not.toBeInstanceOf(Promise);
    return (await entered).caller!;
  };
  const one = await caller();
  const { auth } = await kinde.authenticate({ method: 'GET', url: '/', headers });
  const secret = (one as { accessToken: string }).accessToken.slice(0, 40);
  expect(secret).toMatch(/^eyJ/);
  for (const shown of [
    one,
    auth,
    { ...one },
    [one],
    new Error('x', { cause: one }),
    Object.assign({}, one),
  ]) {
    for (const text of [
      JSON.stringify(shown),
      inspect(shown, { depth: 9, showHidden: true }),
      inspect(shown, { depth: 9, getters: true }),
      String(shown),
    ]) {
      expect(text).not.toContain(secret);
    }
  }
  expect(Object.keys(one).filter((name) => /token/i.test(name))).toEqual([]);
  expect(() => structuredClone(one)).toThrow(expect.not.stringContaining(secret) as never);
  const answers = (who: Auth | RequestAuth) => [
    who,
    who.getPermissions(),
    who.getPermissions().permissions,
    who.getPermission('create:todos'),
    who.getClaims(),
    who.getClaims('id_token'),
    who.getRoles().roles,
    who.getFlags(),
    who.getFlag('theme'),
    who.getUserOrganizations().orgs,
    who.getProperties(),
    ...(who.isAuthenticated ? [who.user] : []),
  ];
  const before = answers(await caller()).map((answer) => inspect(answer, { depth: 9 }));
  const deface = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      return;
    }
    Object.values(value).forEach(deface);
    for (const name of [...Object.keys(value), 'added', '0']) {
      Reflect.set(value, name, 'defaced');
    }
    if (Array.isArray(value)) {
      Reflect.apply(Reflect.set, undefined, [value, 'length', 0]);
    }
  };
  answers(one).forEach(deface);
  expect(answers(await caller()).map((answer) => inspect(answer, { depth: 9 }))).toEqual(before);
});

describe('hooks on Fastify', () => {
  let app: FastifyInstance;
  const reached: string[] = [];
  const listening = async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    open.push(app.server);
    return app.server;
  };
  beforeEach(() => {
    reached.length = 0;
    app = createFastify();
    app.setErrorHandler((error: Error, _request, reply) =>
      reply.code(500).send({ caught: error.message }),
    );
  });

  test.each(['onRequest', 'preHandler'] as const)(
    'whoever is refused in %s is answered once, and no handler and no later hook runs, however slow sending is',
    async (hook) => {
      await app.register(fastify.kinde, optionsFor(emulator));
      app.addHook('onSend', async (_request, _reply, payload) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return payload;
      });
      const note = async () => void reached.push('hook');
      app.get('/slow', { [hook]: [fastify.protect(), note] }, async () => {
        reached.push('handler');
        return {};
      });
      app.get('/asked', { [hook]: [fastify.protect(async () => false), note] }, async () => {
        reached.push('handler');
        return {};
      });
      const server = await listening();
      const ada = createBrowser(server, emulator);
      for (const path of ['/slow', '/asked']) {
        expect((await send(server, path)).status).toBe(401);
      }
      await ada.signIn(ADA);
      expect([(await ada.open('/asked')).status, reached]).toEqual([403, []]);
      for (let count = 0; count < 2; count++) {
        expect((await ada.open('/slow')).status).toBe(200);
      }
      expect(reached).toEqual(['hook', 'handler', 'hook', 'handler']);
    },
  );

  test('what a guard or Kinde throws reaches the error handler, at once or later, and the server goes on', async () => {
    const instance = createKinde(optionsFor(emulator));
    const broken = {
      ...instance,
      enter: (request: HttpRequest, outlet: Outlet) => {
        const cookie = request.headers.get('cookie');
        if (cookie === 'at=once') {
          throw new Error('at once');
        }
        return cookie === 'later=1'
          ? Promise.reject(new Error('later'))
          : instance.enter(request, outlet);
      },
    };
    await app.register(fastify.kinde, broken as Kinde);
    app.get('/', async () => ({ fine: true }));
    const fail = () => {
      throw new Error('in the guard');
    };
    app.get('/guarded', { onRequest: fastify.protect(fail) }, async () => reached.push('handler'));
    const server = await listening();
    const caught = async (path: string, cookie?: string) =>
      (await send(server, path, { headers: cookie ? { cookie } : {} })).json().caught as string;
    const ada = createBrowser(server, emulator);
    await ada.signIn(ADA);
    expect(await caught('/', 'at=once')).toBe('at once');
    expect(await caught('/', 'later=1')).toBe('later');
    expect(await caught('/guarded', cookieOf(ada))).toBe('in the guard');
    expect([(await send(server, '/')).json(), reached]).toEqual([{ fine: true }, []]);
  });

  test('two instances in plugins of their own each know their own people', async () => {
    for (const [name, secret] of [
      ['one', SECRET],
      ['two', NEXT_SECRET],
    ] as const) {
      await app.register(async (part) => {
        const paths = Object.fromEntries(
          Object.entries({
            login: 'login',
            register: 'register',
            callback: 'callback',
            logout: 'logout',
          }).map(([key, path]) => [key, `/${name}/${path}`]),
        );
        const rest = Object.fromEntries(
          ['createOrganization', 'switchOrganization', 'user', 'portal'].map((key) => [
            key,
            `/${name}/${key}`,
          ]),
        );
        const own = { secret, session: { cookie: name }, paths: { ...paths, ...rest } };
        emulator.state.applications[0]!.redirectUris.push(`${SITE}/${name}/callback`);
        await part.register(fastify.kinde, optionsFor(emulator, own));
        part.get(`/${name}/me`, { onRequest: fastify.protect() }, async ({ kinde }) => ({
          is: kinde.isAuthenticated,
        }));
      });
    }
    app.get('/outside', async (request) => ({ kinde: String(request.kinde) }));
    const server = await listening();
    const ada = createBrowser(server, emulator);
    const path = await ada.callbackFor(ADA, '/one/login');
    await ada.open(path);
    for (let count = 0; count < 2; count++) {
      expect((await ada.open('/one/me')).status).toBe(200);
      expect((await ada.open('/two/me', { headers: { accept: '*/*' } })).status).toBe(401);
    }
    expect((await ada.open('/outside')).json()).toEqual({ kinde: 'undefined' });
  });
});

describe('where there is nothing of Node', () => {
  const entry = new URL('../src/index.ts', import.meta.url).pathname;
  const folder = new URL('../src/', import.meta.url);

  test('no module of Node is loaded before it is used', () => {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((one) =>
      one.endsWith('.ts'),
    );
    // Entries of their own: for servers that have Node's requests, and for tests of adapters.
    const ofNode = /^adapter\/(node|conformance)\b/;
    for (const file of files.filter((one) => !ofNode.test(one))) {
      expect(
        readFileSync(new URL(file, folder), 'utf8').replace(/^import type .*$/gm, ''),
        file,
      ).not.toMatch(/\bfrom 'node:|^import 'node:|\brequire\(/m);
    }
  });

  test('people sign in, are renewed in agreement and sign out, with what the web platform has', async () => {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'kindling',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['import', 'workerd'],
      external: ['node:*'],
      logLevel: 'error',
    });
    // Timers are numbers, and `fetch` is only ever called as a function of its own, as on Cloudflare's workers.
    const timers = new Map<number, ReturnType<typeof setTimeout>>();
    const keep = (timer: ReturnType<typeof setTimeout>) => timers.set(timers.size + 1, timer).size;
    const web = {
      ...{
        AbortController,
        AbortSignal,
        Blob,
        CompressionStream,
        DecompressionStream,
        Headers,
        Request,
        Response,
        TextDecoder,
        TextEncoder,
        URL,
        URLSearchParams,
      },
      ...{
        Uint8Array,
        ArrayBuffer,
        CryptoKey,
        ReadableStream,
        atob,
        btoa,
        crypto,
        performance,
        queueMicrotask,
        structuredClone,
      },
      get Date() {
        return Date;
      },
      setTimeout: (work: () => void, time: number) => keep(setTimeout(work, time)),
      setInterval: (work: () => void, time: number) => keep(setInterval(work, time)),
      clearTimeout: (id: number) => clearTimeout(timers.get(id)),
      clearInterval: (id: number) => clearInterval(timers.get(id)),
      fetch(this: unknown, ...asked: Parameters<typeof fetch>) {
        if (this !== undefined && this !== world) {
          throw new TypeError('Illegal invocation');
        }
        return emulator.fetch(...asked);
      },
    };
    const world = createContext(web);
    new Script(`${outputFiles[0]!.text}; this.kindling = kindling`).runInContext(world);
    const { createKinde: create } = (
      world as unknown as { kindling: { createKinde: typeof createKinde } }
    ).kindling;
    let isDown = false;
    const coordination = {
      ...store,
      compareAndSet: async (...given: Parameters<typeof store.compareAndSet>) => {
        if (isDown) {
          throw new Error('down');
        }
        return store.compareAndSet(...given);
      },
    };
    const { fetch: _own, ...options } = optionsFor(emulator, {
      session: { coordination, idle: 3 * DAY },
    });
    const kinde = create(options);
    const jar = new Map<string, string>();
    const request = (url: string) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      return { method: 'GET', url, headers: new Headers({ cookie }) };
    };
    const { location, cookies } = await kinde.login(request('/login'));
    keepCookies(jar, cookies);
    const back = await emulator.signIn(location, { email: ADA });
    keepCookies(jar, (await kinde.callback(request(back.pathname + back.search))).cookies);
    const seen = async () => {
      const { auth, cookies } = await kinde.authenticate(request('/'));
      keepCookies(jar, cookies);
      return auth.isAuthenticated;
    };
    expect([await seen(), await seen()]).toEqual([true, true]);
    later(DAY + 1);
    // What Kinde has given is kept for later without Node's timers, too.
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      isDown = true;
      return next();
    });
    expect(await seen()).toBe(true);
    isDown = false;
    expect(await seen()).toBe(true);
    expect([calls(), emulator.state.reuse]).toEqual([2, 0]);
    keepCookies(jar, (await kinde.logout(request('/logout'))).cookies);
    expect(await seen()).toBe(false);
  });
});
