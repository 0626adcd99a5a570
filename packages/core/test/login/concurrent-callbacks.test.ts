import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SECRET, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, keep } from '../../../../test/kit/browser.js';
import { NAVIGATION, send } from '../../../../test/kit/http.js';
import { createMachines, sharedStores } from '../../../../test/kit/machines.js';
import {
  ADA,
  openPlace,
  rows,
  takeClock,
  type Clock,
  type Place,
} from '../../../../test/kit/renewals.js';

const TOKEN = '/oauth2/token';
vi.setConfig({ testTimeout: 60_000 });
const headerOf = (jar: ReadonlyMap<string, string>) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
/** The jar of a browser that got this answer after it had sent these cookies. */
const jarAfter = (sent: ReadonlyMap<string, string>, lines: readonly string[]) => {
  const jar = new Map(sent);
  keep(jar, lines);
  return jar;
};
const isShared = ([, mode]: (typeof rows)[number]) => mode !== 'cookie';
const isSignedIn = async (server: Server, jar: ReadonlyMap<string, string>) =>
  (await send(server, '/me', { headers: { cookie: headerOf(jar) } })).json().email === ADA;

describe('processes of their own', async () => {
  const stores = await sharedStores('callbacks');
  const machines = await createMachines();
  const hosts = [machines.start(), machines.start()];
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await createEmulator({ siteUrl: SITE });
    await emulator.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(() => emulator.close());
  afterAll(async () => {
    machines.stop();
    await Promise.all(Object.values(stores).map(({ clear }) => clear()));
  });
  const options = () => ({
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_CLIENT_ID']!,
    clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    siteUrl: SITE,
    secret: SECRET,
  });

  const table = ['express', 'fastify'].flatMap((framework) =>
    Object.keys(stores).flatMap((name) =>
      (['coordination', 'store'] as const).map((kept) => [framework, kept, name] as const),
    ),
  );

  test.each(table)(
    'OP-10 on %s, sessions kept as "%s" in %s: one code, both requests signed in',
    async (...row) => {
      const [framework, kept, name] = row;
      const spec = { framework, options: options(), keep: kept, store: stores[name]!.spec };
      const servers = await Promise.all(hosts.map((host) => host.serve(spec)));
      const browser = createBrowser(servers[0]!, emulator);
      const callback = await browser.callbackFor(ADA);
      const pending = new Map(browser.jar);
      emulator.faults.once(TOKEN, async (_request, next) => {
        // Long enough for both to be there.
        await new Promise((resolve) => setTimeout(resolve, 300));
        return next();
      });
      const cookie = headerOf(pending);
      const ask = (server: Server) =>
        send(server, callback, { headers: { ...NAVIGATION, cookie } });
      const answers = await Promise.all(servers.map(ask));
      expect(answers.map(({ status }) => status)).toEqual([302, 302]);
      expect(emulator.requests.filter(({ path }) => path === TOKEN).length).toBe(1);
      for (const [index, { setCookies, headers }] of answers.entries()) {
        expect(headers['cache-control']).toContain('no-store');
        expect(await isSignedIn(servers[1 - index]!, jarAfter(pending, setCookies))).toBe(true);
      }
      // Whoever has no session and comes again is told that it is done.
      const again = await ask(servers[0]!);
      expect([again.status, again.body]).toEqual([
        400,
        expect.stringContaining('transaction_consumed'),
      ]);
    },
  );
});

describe.each(rows)('callbacks, on %s with sessions in "%s"', (...row) => {
  let clock: Clock;
  let place: Place;
  beforeEach(async () => {
    clock = takeClock();
    place = await openPlace(row, clock, { timeout: 2 });
  });
  afterEach(() => place.close());
  const begin = async () => {
    const browser = createBrowser(place.app, place.emulator);
    return { browser, callback: await browser.callbackFor(ADA), calls: place.calls() };
  };
  const testShared = row[1] === 'cookie' ? () => {} : test;

  testShared(
    'OP-10 that failed fail the same way in every process, and the code is not tried again',
    async () => {
      const { browser, callback, calls } = await begin();
      const second = await place.start();
      place.emulator.faults.once(TOKEN, async () => {
        await new Promise((resolve) => setTimeout(resolve, 200));
        return Response.json({ error: 'invalid_grant' }, { status: 400 });
      });
      const cookie = headerOf(browser.jar);
      const json = { cookie, accept: 'application/json' };
      const answers = await Promise.all(
        [place.app, second].map((server) => send(server, callback, { headers: json })),
      );
      expect(answers.map((answer) => [answer.status, answer.json().code])).toEqual([
        [400, 'grant_refused'],
        [400, 'grant_refused'],
      ]);
      clock.pass(60);
      const late = await send(second, callback, { headers: json });
      expect([late.status, late.json().code, place.calls() - calls]).toEqual([
        400,
        'transaction_consumed',
        1,
      ]);
    },
  );

  testShared('OP-10 that another process finished long ago are told so', async () => {
    const { browser, callback, calls } = await begin();
    const second = await place.start();
    const cookie = headerOf(browser.jar);
    expect((await browser.open(callback)).status).toBe(302);
    clock.pass(60);
    const late = await send(second, callback, { headers: { cookie, accept: 'application/json' } });
    expect([late.status, late.json().code, place.calls() - calls]).toEqual([
      400,
      'transaction_consumed',
      1,
    ]);
  });

  test.each([
    [
      'is refused its connection',
      () => Promise.reject(new TypeError('no', { cause: { code: 'ECONNREFUSED' } })),
    ],
    ['is told to wait', () => new Response('', { status: 429, headers: { 'retry-after': '1' } })],
  ])(
    'OP-10 whose code was not redeemed since it %s keep their login, and loading them again works',
    async (_n, how) => {
      const { browser, callback } = await begin();
      const before = headerOf(browser.jar);
      place.emulator.faults.once(TOKEN, how);
      const answer = await browser.open(callback);
      expect(answer.status).toBeGreaterThanOrEqual(502);
      expect([answer.setCookies, headerOf(browser.jar)]).toEqual([[], before]);
      clock.pass(2);
      expect((await browser.open(callback)).status).toBe(302);
      expect((await browser.open('/me')).json().email).toBe(ADA);
    },
  );

  test('OP-06 that Kinde does not answer end with the time-out, and say so', async () => {
    const { browser, callback } = await begin();
    place.emulator.faults.once(TOKEN, () => new Promise(() => {}));
    const start = process.hrtime.bigint();
    const answer = await browser.open(callback);
    expect(answer.status).toBeGreaterThanOrEqual(502);
    expect(Number(process.hrtime.bigint() - start) / 1e9).toBeLessThan(8);
  });
});

describe.each(rows.filter(isShared))(
  'callbacks that sign nobody in, on %s with sessions in "%s"',
  (...row) => {
    test.each(['error=access_denied', 'iss=https://elsewhere.example&code=made-up', 'code='])(
      'OP-10 leave nothing in the store that strangers could fill with them: %s',
      async (answer) => {
        const place = await openPlace(row);
        const written: string[] = [];
        const { set, compareAndSet } = place.store;
        place.store.set = (id, ...rest) => (written.push(id), set(id, ...rest));
        place.store.compareAndSet = (id, ...rest) => (written.push(id), compareAndSet(id, ...rest));
        const stranger = createBrowser(place.app, place.emulator);
        const { location } = await stranger.open('/login');
        const state = new URL(location).searchParams.get('state');
        const { status } = await stranger.open(`/callback?${answer}&state=${state}`);
        expect([status, written]).toEqual([400, []]);
        await place.close();
      },
    );
  },
);
