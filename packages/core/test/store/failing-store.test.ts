import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { memoryStore, type SessionOptions, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const DAY = 86_400;
const SIGN_OUT = { method: 'POST', headers: { ...SAME_SITE, origin: SITE } };

/** A store whose every call can be counted, failed, held up or answered wrongly. */
function createFaultyStore() {
  const inner = memoryStore();
  const [calls, ids]: [string[], unknown[]] = [[], []];
  const faults: { around: (work: () => Promise<unknown>, method: string) => Promise<unknown> } = {
    around: (work) => work(),
  };
  const store = Object.fromEntries(
    Object.entries(inner).map(([method, work]) => [
      method,
      (...given: unknown[]) => {
        calls.push(method);
        ids.push(given[0]);
        return faults.around(
          () => (work as (...given: unknown[]) => Promise<unknown>)(...given),
          method,
        );
      },
    ]),
  ) as unknown as Required<SessionStore>;
  const down = () => void (faults.around = () => Promise.reject(new Error('down')));
  const up = () => void (faults.around = (work) => work());
  return { store, inner, calls, ids, faults, down, up };
}

let emulator: Emulator;
let faulty: ReturnType<typeof createFaultyStore>;
const open: Server[] = [];
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  faulty = createFaultyStore();
});
afterEach(() => {
  vi.useRealTimers();
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});
const later = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
const start = async (framework: string, session: SessionOptions) => {
  const app = await frameworks[framework]!(
    optionsFor(emulator, { session: { idle: 3 * DAY, ...session } }),
  );
  open.push(app);
  return app;
};
const cookieOf = ({ jar }: Browser) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
const isSignedIn = async (browser: Browser) =>
  (await browser.open('/me')).json().isAuthenticated as boolean;

describe.each(Object.keys(frameworks))('a store in trouble, on %s', (framework) => {
  let app: Server;
  let browser: Browser;
  const signIn = async (session: SessionOptions) => {
    app = await start(framework, session);
    browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
  };

  test('ST-03 signing out while it is down takes the cookie away, and says that it is not all done', async () => {
    await signIn({ store: faulty.store });
    const before = cookieOf(browser);
    faulty.down();
    const answer = await browser.open('/logout', SIGN_OUT);
    expect([answer.status, answer.headers['retry-after'], browser.jar.size]).toEqual([503, '5', 0]);
    expect(answer.headers['cache-control']).toContain('no-store');
    faulty.up();
    // This process remembers that the session is over, although the store could not be told.
    expect((await send(app, '/me', { headers: { cookie: before } })).json().isAuthenticated).toBe(
      false,
    );
  });

  test('ST-03 with a fallback in the cookie, signing out while it is down ends the refresh token at Kinde, too', async () => {
    await signIn({ store: faulty.store, fallback: true });
    faulty.down();
    expect((await browser.open('/logout', SIGN_OUT)).status).toBe(503);
    expect([...emulator.state.grants.values()].every(({ ended }) => ended)).toBe(true);
  });

  test('ST-01 ST-08 ST-09 ST-11 without a fallback: 503 where somebody must be signed in, and all is well again afterwards', async () => {
    await signIn({ store: faulty.store });
    const before = cookieOf(browser);
    for (const message of [
      'OOM command not allowed',
      'READONLY',
      'LOADING',
      'CLUSTERDOWN',
      'could not extend file',
    ]) {
      faulty.faults.around = () => Promise.reject(new Error(message));
      faulty.calls.length = 0;
      const guarded = await browser.open('/private');
      expect([guarded.status, guarded.headers['retry-after'], guarded.setCookies]).toEqual([
        503,
        '5',
        [],
      ]);
      expect(guarded.body).toContain(message);
      expect(faulty.calls.filter((method) => method === 'get').length).toBeLessThanOrEqual(2);
      expect((await browser.open('/me')).status).toBe(200);
    }
    faulty.up();
    expect([(await browser.open('/private')).status, cookieOf(browser)]).toEqual([200, before]);
  });

  test('ST-04 1,000 requests at once on a store that hangs are all answered', async () => {
    await signIn({ store: faulty.store });
    faulty.faults.around = () => new Promise(() => {});
    const cookie = cookieOf(browser);
    const answers = await Promise.all(
      Array.from({ length: 1000 }, () =>
        send(app, '/private', { headers: { ...NAVIGATION, cookie } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    faulty.up();
    // Whether it answers again is found out by one request at a time.
    await vi.waitFor(async () => expect(await isSignedIn(browser)).toBe(true), 10_000);
  });

  test('ST-05 on a slow store requests succeed, and nothing is asked twice', async () => {
    await signIn({ store: faulty.store });
    faulty.faults.around = async (work) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return work();
    };
    faulty.calls.length = faulty.ids.length = 0;
    expect(await isSignedIn(browser)).toBe(true);
    // The session. What was said to all processes is known since the sign-in.
    expect(faulty.calls).toEqual(['get']);
    expect(new Set(faulty.ids).size).toBe(faulty.ids.length);
  });

  test.each(['', 'null', '{', 'lock.x', 'ended', Buffer.from([0, 255, 1]), {}, [], 5])(
    'ST-06 ST-07 a record that is %j is nobody, and no error',
    async (garbage) => {
      await signIn({ store: faulty.store });
      faulty.faults.around = async (work, method) => (method === 'get' ? garbage : work());
      const answer = await browser.open('/me');
      expect([answer.status, answer.json().isAuthenticated]).toEqual([200, false]);
    },
  );

  test('a fallback carries sessions through: as they were, while their access tokens live, and renewed by nobody', async () => {
    await signIn({ store: faulty.store, fallback: true });
    faulty.down();
    expect((await browser.open('/private')).status).toBe(200);
    later(DAY - 10);
    const before = emulator.requests.length;
    const answer = await browser.open('/private');
    expect([answer.status, answer.setCookies, emulator.requests.length - before]).toEqual([
      200,
      [],
      0,
    ]);
    later(20);
    expect((await browser.open('/private')).status).toBe(503);
    faulty.up();
    expect((await browser.open('/private')).status).toBe(200);
  });

  test('a fallback does not outlive what the store says when it answers', async () => {
    await signIn({ store: faulty.store, fallback: true });
    const cookie = cookieOf(browser);
    await browser.open('/logout', SIGN_OUT);
    const second = await start(framework, { store: faulty.store, fallback: true });
    expect((await send(second, '/me', { headers: { cookie } })).json().isAuthenticated).toBe(false);
    // Emptied, as by a failover to a replica that knows nothing: nobody is signed in, and nobody is somebody else.
    await signIn({ store: faulty.store, fallback: true });
    faulty.faults.around = async (work, method) => (method === 'get' ? undefined : work());
    expect(await isSignedIn(browser)).toBe(false);
  });

  test('sessions in cookies that share a store go on without it, and wait with renewing until it is back', async () => {
    await signIn({ coordination: faulty.store });
    faulty.down();
    later(10);
    expect((await browser.open('/private')).status).toBe(200);
    later(DAY);
    expect((await browser.open('/private')).status).toBe(503);
    faulty.up();
    expect((await browser.open('/private')).status).toBe(200);
  });
});

describe('parallel writes', () => {
  test('ST-14 a session that ends while an ordinary request prolongs it stays ended: 1,000 times', async () => {
    const one = await start('express', { store: faulty.store });
    const two = await start('fastify', { store: faulty.store });
    for (let run = 0; run < 1000; run++) {
      const id = `s${run}`;
      await faulty.inner.set(id, 'old', 60);
      await Promise.all([
        faulty.inner.compareAndSet(id, 'old', { to: 'new', maxAge: 60 }),
        faulty.inner.delete(id),
        faulty.inner.compareAndSet(id, 'old', { to: 'newer', maxAge: 60 }),
      ]);
      expect(await faulty.inner.get(id)).toBeUndefined();
    }
    // The same with whole requests: one process prolongs, the other signs out.
    for (let run = 0; run < 20; run++) {
      const person = createBrowser(one, emulator);
      await person.signIn(ADA);
      const cookie = cookieOf(person);
      later(DAY / 2);
      await Promise.all([
        send(one, '/me', { headers: { cookie } }),
        send(two, '/logout', { ...SIGN_OUT, headers: { ...SIGN_OUT.headers, cookie } }),
      ]);
      for (const app of [one, two]) {
        expect((await send(app, '/me', { headers: { cookie } })).json().isAuthenticated).toBe(
          false,
        );
      }
    }
  });

  test('ST-15 an older copy of a session never overwrites newer tokens', async () => {
    const slow = await start('express', { store: faulty.store });
    const fast = await start('fastify', { store: faulty.store });
    const person = createBrowser(fast, emulator);
    await person.signIn(ADA);
    later(DAY - 20);
    const cookie = cookieOf(person);
    // The slow one has read the session and is about to write it, when the fast one renews it.
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let isHeld = false;
    later(-20_000);
    faulty.faults.around = async (work, method) => {
      if (method === 'compareAndSet' && !isHeld) {
        isHeld = true;
        await held;
      }
      return work();
    };
    const writing = send(slow, '/me', { headers: { cookie } });
    await vi.waitFor(() => expect(isHeld).toBe(true));
    later(20_000);
    const renewed = await send(fast, '/me', { headers: { cookie } });
    expect(renewed.json().isAuthenticated).toBe(true);
    release();
    expect((await writing).json().isAuthenticated).toBe(true);
    later(DAY);
    for (const app of [slow, fast]) {
      expect((await send(app, '/me', { headers: { cookie } })).json().isAuthenticated).toBe(true);
    }
    expect(emulator.state.reuse).toBe(0);
  });
});

describe('what the table in scaling.md says', () => {
  const page = readFileSync(
    new URL('../../../../docs/explanation/scaling.md', import.meta.url),
    'utf8',
  );
  const rows: [string, (store: SessionStore) => SessionOptions][] = [
    ['cookie', () => ({})],
    ['cookie + coordination', (store) => ({ coordination: store })],
    ['store', (store) => ({ store })],
    ['store + fallback', (store) => ({ store, fallback: true })],
  ];

  test.each(rows)(
    'round trips to the store of "%s" are what was counted',
    async (name, session) => {
      const app = await start('express', session(faulty.store));
      const browser = createBrowser(app, emulator);
      // The store has been in use before.
      await createBrowser(await start('express', session(faulty.store)), emulator).signIn(ADA);
      const count = async (work: () => Promise<unknown>) => {
        faulty.calls.length = 0;
        await work();
        return faulty.calls.length;
      };
      const signIn = await count(() => browser.signIn(ADA));
      await browser.open('/me');
      const ordinary = await count(() => browser.open('/me'));
      later(6);
      const first = await count(() => browser.open('/me'));
      later(DAY + 1);
      const renewal = (await count(() => browser.open('/me'))) - (first - ordinary);
      const signOut = await count(() => browser.open('/logout', SIGN_OUT));
      expect(browser.jar.size).toBe(0);
      const cells = [name, ordinary, first - ordinary, renewal, signIn, signOut].map(String);
      const row = new RegExp(
        `^\\| *${cells.map((cell) => cell.replace('+', '\\+')).join(' *\\| *')} *\\|`,
        'm',
      );
      expect(page, cells.join(' | ')).toMatch(row);
    },
  );
});
