import type { Server } from 'node:http';
import { memoryStore, type SessionStore } from '@kindling/core';
import type { Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';
import {
  ADA,
  bearerClaims,
  calls,
  DAY,
  hang,
  JWKS,
  later,
  rows,
  sendBearer,
  startKinde,
  startRow,
  stop,
  TOKEN,
} from '../../../../test/kit/provider.js';

describe.each(rows)('Kinde’s keys, on %s with sessions %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  let store: SessionStore;
  beforeEach(async () => {
    emulator = await startKinde();
    store = memoryStore();
    app = await startRow(row, emulator, store);
  });
  afterEach(() => {
    vi.useRealTimers();
    stop(app);
  });
  const claims = () => bearerClaims(emulator);
  const bearer = async (token: string) => (await sendBearer(app, token)).status;
  const madeUp = () =>
    emulator.sign(claims(), { header: { kid: crypto.randomUUID() }, key: 'unpublished' });
  const signIn = async () => {
    const browser = createBrowser(app, emulator);
    expect((await browser.signIn(ADA)).status).toBe(302);
    return browser;
  };
  const isIn = async (browser: Browser) =>
    (await browser.open('/me')).json().isAuthenticated as boolean;

  test('OP-01 keys that rotate moments after each other hold up no sign-in and no renewal', async () => {
    for (let turn = 0; turn < 5; turn++) {
      const browser = await signIn();
      await emulator.rotateKeys();
      later(DAY + 1);
      expect(await isIn(browser)).toBe(true);
      expect((await browser.open('/private')).status).toBe(200);
      await emulator.rotateKeys();
    }
  });

  test('OP-01 a key that rotates between the fetch for a sign-in and its answer is fetched again', async () => {
    const browser = createBrowser(app, emulator);
    const callback = await browser.callbackFor(ADA);
    emulator.faults.once(TOKEN, async (_request, next) => {
      await emulator.rotateKeys();
      return next();
    });
    expect((await browser.open(callback)).status).toBe(302);
    expect(await isIn(browser)).toBe(true);
  });

  test('OP-02 made-up keys, all the time, delay nobody whose tokens come from Kinde', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, signIn));
    const known = await emulator.sign(claims());
    expect(await bearer(known)).toBe(200);
    const flood = async () => {
      const logout = await madeUp();
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      await send(app, '/backchannel-logout', {
        method: 'POST',
        headers: form,
        body: `logout_token=${logout}`,
      });
      return Promise.all(
        Array.from({ length: 10 }, async () =>
          expect([401, 503]).toContain(await bearer(await madeUp())),
        ),
      );
    };
    await flood();
    await emulator.rotateKeys();
    await flood();
    later(DAY + 1);
    await flood();
    const pages = await Promise.all(people.map((person) => person.open('/private')));
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([200]));
    // What they brought serves everybody.
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
  });

  test('OP-02 while a stranger’s made-up key is being asked for, known keys serve', async () => {
    const known = await emulator.sign(claims());
    expect(await bearer(known)).toBe(200);
    emulator.faults.always(JWKS, hang);
    const stranger = madeUp().then(bearer);
    await vi.waitFor(() => expect(calls(emulator, JWKS)).toBe(2));
    expect(await bearer(known)).toBe(200);
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
    expect(await stranger).toBe(503);
  });

  test('OP-02 a stranger’s request for keys that breaks takes nothing from a sign-in that needs them', async () => {
    await signIn();
    const browser = createBrowser(app, emulator);
    const callback = await browser.callbackFor(ADA);
    await emulator.rotateKeys();
    emulator.faults.once(JWKS, async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      throw new TypeError('fetch failed');
    });
    const stranger = madeUp().then(bearer);
    await vi.waitFor(() => expect(calls(emulator, JWKS)).toBe(2));
    expect((await browser.open(callback)).status).toBe(302);
    expect(await isIn(browser)).toBe(true);
    expect(await stranger).toBe(503);
  });

  test('OP-02 a thousand made-up keys are asked for once, and hold an honest one back for ten seconds at most', async () => {
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, async () => bearer(await madeUp())),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(calls(emulator, JWKS)).toBe(2);
    await emulator.rotateKeys();
    const honest = await emulator.sign(claims());
    expect(await bearer(honest)).toBe(401);
    later(11);
    expect(await bearer(honest)).toBe(200);
  });

  const outages: [string, Parameters<Emulator['faults']['always']>[1]][] = [
    ['is down', () => Promise.reject(new TypeError('fetch failed'))],
    ['answers 500', () => new Response('', { status: 500 })],
    ['answers 503 with a page', () => new Response('<html>', { status: 503 })],
    ['hangs', hang],
  ];

  test.each(outages)(
    'OP-03 while the address of the keys %s, keys in hand serve for four hours',
    async (_name, fault) => {
      const browser = await signIn();
      const token = await emulator.sign(claims());
      expect(await bearer(token)).toBe(200);
      const unknown = await madeUp();
      emulator.faults.always(JWKS, fault);
      later(3 * 3600);
      expect(await bearer(token)).toBe(200);
      expect(await bearer(unknown)).toBe(503);
      expect((await browser.open('/private')).status).toBe(200);
      expect(await isIn(await signIn())).toBe(true);
      later(3600 + 60);
      expect(await bearer(token)).toBe(503);
    },
  );

  test.each<[string, () => Response]>([
    ['a set without the key', () => Response.json({ keys: [] })],
    ['no set', () => Response.json({ keys: 'x' })],
    ['a page', () => new Response('<html>')],
    ['404', () => new Response('', { status: 404 })],
    [
      'a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
    ],
  ])(
    'OP-03 an address of the keys that answers with %s ends their use after ten minutes',
    async (_name, fault) => {
      const token = await emulator.sign(claims());
      expect(await bearer(token)).toBe(200);
      emulator.faults.always(JWKS, fault);
      later(601);
      expect(await bearer(token)).toBeGreaterThanOrEqual(401);
      emulator.faults.clear();
      emulator.faults.always(JWKS, () => Promise.reject(new TypeError('fetch failed')));
      expect(await bearer(token)).toBeGreaterThanOrEqual(401);
    },
  );

  test.each(outages)(
    'OP-03 a process that starts while the address of the keys %s spends nothing',
    async (_n, fault) => {
      const person = await signIn();
      const restarted = await startRow(row, emulator, store);
      const visitor = createBrowser(restarted, emulator);
      person.jar.forEach((value, name) => visitor.jar.set(name, value));
      later(DAY + 1);
      const newcomer = createBrowser(restarted, emulator);
      const callback = await newcomer.callbackFor(ADA);
      emulator.faults.always(JWKS, fault);
      const before = calls(emulator, TOKEN);
      expect((await visitor.open('/private')).status).toBe(503);
      expect((await newcomer.open(callback)).status).toBeGreaterThanOrEqual(502);
      expect(calls(emulator, TOKEN)).toBe(before);
      emulator.faults.clear();
      await vi.waitFor(async () => expect((await visitor.open('/private')).status).toBe(200), 4000);
      stop(restarted);
    },
  );
});
