import type { Server } from 'node:http';
import {
  createKinde,
  memoryStore,
  type Kinde,
  type KindeOptions,
  type SessionStore,
} from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { optionsFor, SECRET, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';
import { calls, DAY, later, TOKEN } from '../../../../test/kit/provider.js';
import { createServers } from '../../../../test/kit/servers.js';
import { ACME, ADA, cookieOf } from '../../../../test/kit/shop.js';

const NEXT_SECRET = 'the-next-secret-of-thirty-two-characters-321';

let emulator: Emulator;
let store: Required<SessionStore>;
const servers = createServers();
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  store = memoryStore();
});
afterEach(() => {
  vi.useRealTimers();
  servers.close();
});

const idOf = (email: string) => emulator.state.people.find((person) => person.email === email)!.id;
const tokenCalls = () => calls(emulator, TOKEN);
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
    app = await servers.start(framework, kinde as unknown as KindeOptions);
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
    const before = tokenCalls();
    const refreshed = async () => {
      for (let count = 0; count < 3; count++) {
        expect(await isSignedIn(ada)).toBe(true);
      }
      return tokenCalls() - before;
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
    const before = tokenCalls();
    const asking = ada.open('/me');
    await vi.waitFor(() => expect(tokenCalls() - before).toBe(1));
    await kinde.sessions.refreshUser(idOf(ADA));
    later(3);
    release();
    expect((await asking).json().isAuthenticated).toBe(true);
    for (let count = 0; count < 3; count++) {
      expect(await isSignedIn(ada)).toBe(true);
    }
    expect([tokenCalls() - before, emulator.state.reuse]).toEqual([2, 0]);
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
    const before = tokenCalls();
    for (let count = 0; count < 3; count++) {
      expect(await isSignedIn(ada)).toBe(true);
    }
    expect(tokenCalls() - before).toBe(1);
  });

  test('sessions from before a new secret are found and ended when the old one is gone, once they were used', async () => {
    const ada = await signedIn();
    const both = await servers.start(framework, options({ secret: [NEXT_SECRET, SECRET] }));
    const moved = createBrowser(both, emulator);
    for (const [name, value] of ada.jar) {
      moved.jar.set(name, value);
    }
    expect(await isSignedIn(moved)).toBe(true);
    const next = await servers.start(framework, options({ secret: NEXT_SECRET }));
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
    const one = await servers.start('express', options);
    const two = await servers.start('fastify', options);
    const ada = createBrowser(one, emulator);
    await ada.signIn(ADA);
    // Of the callback.
    locks.length = 0;
    later(DAY + 1);
    const old = cookieOf(ada);
    const before = tokenCalls();
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
    expect([tokenCalls() - before, emulator.state.reuse]).toEqual([1, 0]);
  },
);
