import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { SAME_SITE, send } from '../../../../test/kit/http.js';
import { later } from '../../../../test/kit/provider.js';
import { createServers } from '../../../../test/kit/servers.js';
import { ADA, cookieOf } from '../../../../test/kit/shop.js';

const NEXT_SECRET = 'the-next-secret-of-thirty-two-characters-321';

let emulator: Emulator;
const servers = createServers();
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(() => {
  vi.useRealTimers();
  servers.close();
});

describe.each(Object.keys(frameworks))('sessions that were opened before, on %s', (framework) => {
  test('end at the second of `idle` and `maxAge`, and at once for a process that signs them out', async () => {
    const session = { idle: 100, maxAge: 150 };
    const app = await servers.start(framework, optionsFor(emulator, { session }));
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
    const app = await servers.start(framework, optionsFor(emulator));
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
    const one = await servers.start(framework, optionsFor(emulator));
    const other = await servers.start(framework, optionsFor(emulator, { secret: NEXT_SECRET }));
    const ada = createBrowser(one, emulator);
    await ada.signIn(ADA);
    const headers = { cookie: cookieOf(ada) };
    for (let count = 0; count < 2; count++) {
      expect((await send(one, '/me', { headers })).json().isAuthenticated).toBe(true);
      expect((await send(other, '/me', { headers })).json().reason).toBe('unreadable');
    }
  });
});
