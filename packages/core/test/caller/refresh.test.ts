import type { Server } from 'node:http';
import { memoryStore, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { decodeJwt } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { SITE, startApp, table } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const DAY = 86_400;

describe.each(table)('renewing tokens, on %s with sessions in the %s', (...row) => {
  const [, mode] = row;
  let emulator: Emulator;
  let store: Required<SessionStore>;
  let app: Server;
  let browser: Browser;
  const options = () => ({
    timeout: 1,
    session: { idle: 3 * DAY, ...(mode === 'store' && { store }) },
  });
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    store = memoryStore();
    app = await startApp(row, emulator, options());
    browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    emulator.state.reuse = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
    app.closeAllConnections();
    app.close();
  });
  /** Some things only exist in one of the modes. */
  const testIn = (wanted: string) => (mode === wanted ? test : () => {});
  const later = (seconds: number) =>
    vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
  const calls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
  const cookie = () => [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const isSignedIn = async () => (await browser.open('/me')).json().isAuthenticated as boolean;
  /** Opens a page and tells how often Kinde was asked for tokens meanwhile. */
  const visit = async (path = '/private') => {
    const before = calls();
    const answer = await browser.open(path);
    return { status: answer.status, calls: calls() - before, answer };
  };
  const renewing = (change: (body: Record<string, any>) => unknown) =>
    emulator.faults.once('/oauth2/token', async (_request, next) =>
      Response.json(await change((await (await next()).json()) as Record<string, any>)),
    );

  test('RF-01 RF-19 50 requests at once share one renewal, and so does a late one with the old cookie', async () => {
    later(DAY + 1);
    const before = calls();
    const old = cookie();
    const answers = await Promise.all(Array.from({ length: 50 }, () => browser.open('/private')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(calls() - before).toBe(1);
    expect((await send(app, '/private', { headers: { ...NAVIGATION, cookie: old } })).status).toBe(
      200,
    );
    expect([calls() - before, emulator.state.reuse]).toEqual([1, 0]);
  });

  test('RF-03 two processes with the same old cookie stay signed in within Kinde’s overlap, and degrade to one sign-in without', async () => {
    const second = await startApp(row, emulator, options());
    const old = cookie();
    later(DAY + 1);
    emulator.state.overlap = 10;
    const answers = await Promise.all(
      [app, second].map((server) =>
        send(server, '/private', { headers: { ...NAVIGATION, cookie: old } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    emulator.state.overlap = 0;
    if (mode === 'cookie') {
      const third = await startApp(row, emulator, options());
      const late = await send(third, '/me', { headers: { cookie: old } });
      expect(late.json()).toMatchObject({ isAuthenticated: false, reason: 'refresh_refused' });
      expect(late.setCookies[0]).toMatch(/max-age=0/i);
      third.close();
    }
    second.close();
  });

  test('RF-04 a process that dies between Kinde’s answer and saving it costs one clean sign-in at most', async () => {
    later(DAY + 1);
    const old = cookie();
    await send(app, '/private', { headers: { ...NAVIGATION, cookie: old } });
    app.close();
    // Another process, which never saw the answer: in store mode its store still holds the old tokens.
    if (mode === 'store') {
      store = memoryStore();
    }
    app = await startApp(row, emulator, options());
    const before = calls();
    const answer = await send(app, '/me', { headers: { cookie: old } });
    expect(answer.json()).toMatchObject({ isAuthenticated: false });
    expect(calls() - before).toBeLessThanOrEqual(1);
    expect(answer.setCookies[0]).toMatch(/max-age=0/i);
  });

  testIn('store')(
    'RF-05 RF-10 new tokens are saved before the answer; a store that fails once or for long loses nothing',
    async () => {
      let failures = 0;
      const { compareAndSet } = store;
      store.compareAndSet = async (id, from, change) => {
        // Until Kinde has answered, all is well.
        if (change.to?.startsWith('ey') && failures-- > 0) {
          throw new Error('down');
        }
        return compareAndSet(id, from, change);
      };
      later(DAY + 1);
      failures = 1;
      expect(await visit()).toMatchObject({ status: 200, calls: 1 });
      expect(await visit()).toMatchObject({ status: 200, calls: 0 });
      later(DAY + 1);
      failures = 4;
      expect(await visit()).toMatchObject({ status: 200, calls: 1 });
      expect(await visit()).toMatchObject({ status: 200, calls: 0 });
      failures = 0;
      expect(await visit()).toMatchObject({ status: 200, calls: 0 });
      expect(emulator.state.reuse).toBe(0);
    },
  );

  testIn('store')(
    'RF-02 in a store that cannot compare, the result of a faster process counts, even if Kinde refuses ours',
    async () => {
      const { get, set, delete: remove } = store;
      const plain = { session: { ...options().session, store: { get, set, delete: remove } } };
      app.close();
      app = await startApp(row, emulator, plain);
      const second = await startApp(row, emulator, plain);
      later(DAY + 1);
      const old = cookie();
      // The slower process is refused while the faster one is still waiting for its answer.
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        const response = await next();
        await held;
        return response;
      });
      emulator.faults.once('/oauth2/token', () =>
        Response.json({ error: 'invalid_grant' }, { status: 400 }),
      );
      const before = calls();
      const faster = send(app, '/private', { headers: { ...NAVIGATION, cookie: old } });
      await vi.waitFor(() => expect(calls() - before).toBe(1));
      const slower = send(second, '/private', { headers: { ...NAVIGATION, cookie: old } });
      await vi.waitFor(() => expect(calls() - before).toBe(2));
      release();
      expect([(await faster).status, (await slower).status]).toEqual([200, 200]);
      second.close();
    },
  );

  test.each([
    ['an error', 1, () => new Response('', { status: 500 })],
    // OP-12: sent once more at once.
    ['a breaking connection', 2, () => Promise.reject(new TypeError('fetch failed'))],
    ['RF-16 a page', 1, () => new Response('<html>')],
    [
      'RF-08 our own wrong secret',
      1,
      () => Response.json({ error: 'invalid_client' }, { status: 401 }),
    ],
  ])(
    'RF-07 %s signs nobody out: served while the token lives, 503 after, and back afterwards',
    async (_name, tries, trouble) => {
      const fail = () =>
        Array.from({ length: tries }, () => emulator.faults.once('/oauth2/token', trouble));
      later(DAY - 20);
      fail();
      expect(await visit()).toMatchObject({ status: 200, calls: tries });
      later(30);
      fail();
      const down = await visit();
      expect([down.status, down.calls, down.answer.setCookies]).toEqual([503, tries, []]);
      expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    },
  );

  test('RF-07 an answer that hangs is waited for no longer than the time-out', async () => {
    later(DAY + 1);
    emulator.faults.once('/oauth2/token', () => new Promise<never>(() => {}));
    expect(await visit()).toMatchObject({ status: 503, calls: 1 });
    expect(await visit()).toMatchObject({ status: 200 });
  });

  test('RF-20 a rate limit is kept to, and nobody is signed out by it', async () => {
    later(DAY + 1);
    emulator.faults.once(
      '/oauth2/token',
      () => new Response('', { status: 429, headers: { 'retry-after': '60' } }),
    );
    expect(await visit()).toMatchObject({ status: 503, calls: 1 });
    expect(await visit()).toMatchObject({ status: 503, calls: 0 });
    later(61);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
  });

  test('RF-20 200 sessions that end in the same second are renewed 50 at a time', async () => {
    // Nobody waits for longer than the time-out (OP-06), and other things may run on this machine.
    app.close();
    app = await startApp(row, emulator, { ...options(), timeout: 60 });
    const people = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const person = createBrowser(app, emulator);
        await person.signIn(ADA);
        return person;
      }),
    );
    let running = 0;
    let most = 0;
    emulator.faults.always('/oauth2/token', async (_request, next) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      return next().finally(() => (running -= 1));
    });
    later(DAY + 1);
    const answers = await Promise.all(people.map((person) => person.open('/private')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(50);
  });

  test('RF-09 RF-10 without a new refresh token the old one is kept; a new one replaces it', async () => {
    later(DAY + 1);
    emulator.state.overlap = 30 * DAY;
    renewing(({ refresh_token: _dropped, ...body }) => body);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    later(DAY + 1);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    emulator.state.overlap = 0;
    later(DAY + 1);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
  });

  test('a renewal that brings no ID token keeps the one there was', async () => {
    later(DAY + 1);
    renewing(({ id_token: _dropped, ...body }) => body);
    expect((await visit('/me')).answer.json()).toMatchObject({ isAuthenticated: true, email: ADA });
  });

  test.each([
    [
      'RF-11 another person',
      async (claims: object) => emulator.sign({ ...claims, sub: 'kp_somebody' }),
    ],
    [
      'RF-12 another issuer',
      async (claims: object) => emulator.sign({ ...claims, iss: 'https://other.kinde.com' }),
    ],
    [
      'RF-12 another audience',
      async (claims: object) => emulator.sign({ ...claims, aud: 'other' }),
    ],
    ['RF-12 another nonce', async (claims: object) => emulator.sign({ ...claims, nonce: 'other' })],
    [
      'RF-12 a bad signature',
      async (claims: object) => emulator.sign({ ...claims }, { key: 'unpublished' }),
    ],
    [
      'RF-12 no signature',
      async (claims: object) =>
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`,
    ],
  ])('%s in the renewed ID token ends the session', async (_name, forge) => {
    later(DAY + 1);
    renewing(async (body) => ({ ...body, id_token: await forge(decodeJwt(body['id_token'])) }));
    expect((await visit('/me')).answer.json()).toMatchObject({
      isAuthenticated: false,
      reason: 'refresh_refused',
    });
    expect(browser.jar.size).toBe(0);
  });

  test('RF-13 another person in the renewed access token ends the session', async () => {
    later(DAY + 1);
    renewing(async ({ id_token: _dropped, ...body }) => ({
      ...body,
      access_token: await emulator.sign({ ...decodeJwt(body['access_token']), sub: 'kp_somebody' }),
    }));
    expect((await visit('/me')).answer.json().isAuthenticated).toBe(false);
  });

  test('RF-14 signing out while a renewal is on its way stays signed out, and its new refresh token is ended', async () => {
    later(DAY + 1);
    const old = cookie();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let fresh = '';
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      const response = await next();
      await held;
      const body = (await response.json()) as Record<string, string>;
      fresh = body['refresh_token']!;
      return Response.json(body);
    });
    const asking = send(app, '/me', { headers: { cookie: old } });
    await vi.waitFor(() => expect(emulator.requests.at(-1)!.path).toBe('/oauth2/token'));
    await browser.open('/logout', { method: 'POST', headers: { ...SAME_SITE, origin: SITE } });
    release();
    const late = await asking;
    expect(late.json().isAuthenticated).toBe(false);
    expect(late.setCookies.every((line) => /max-age=0/i.test(line))).toBe(true);
    expect((await send(app, '/me', { headers: { cookie: old } })).json().isAuthenticated).toBe(
      false,
    );
    const { grants, refreshTokens } = emulator.state;
    const grant = grants.get(refreshTokens.get(fresh)!.grantId)!;
    await vi.waitFor(() => expect(grant.ended).toBe(true));
  });

  test('RF-17 a token that is about to end is renewed ahead, once, even when Kinde answers with the same one', async () => {
    later(DAY - 25);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    for (let count = 0; count < 5; count++) {
      expect(await visit()).toMatchObject({ status: 200, calls: 0 });
    }
    later(30);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    expect(await isSignedIn()).toBe(true);
  });

  test('CN-10 CN-11 a clock that jumps, and a lifetime beyond timers, disturb nothing', async () => {
    later(7200);
    expect(await visit()).toMatchObject({ status: 200, calls: 0 });
    later(-7200);
    expect(await visit()).toMatchObject({ status: 200, calls: 0 });
    renewing(({ access_token: _dropped, ...body }) => ({
      ...body,
      access_token: 'opaque',
      expires_in: 2 ** 31,
      id_token: undefined,
    }));
    later(DAY + 1);
    expect(await visit()).toMatchObject({ status: 200, calls: 1 });
    expect(await visit()).toMatchObject({ status: 200, calls: 0 });
  });

  test('CN-04 switching organization while another tab renews ends with the tokens of one organization', async () => {
    later(DAY + 1);
    const switching = await browser.callbackFor(ADA, '/login', 'org_globex0gardens');
    const [, other] = await Promise.all([browser.open(switching), browser.open('/me')]);
    expect(other.status).toBe(200);
    const { isAuthenticated, organization, permissions } = (await browser.open('/me')).json();
    const viewer = ['read:todos'];
    if (isAuthenticated) {
      expect(JSON.stringify(permissions) === JSON.stringify(viewer)).toBe(
        organization === 'org_globex0gardens',
      );
    }
    expect((await browser.signIn(ADA, '/login', 'org_globex0gardens')).status).toBe(302);
    expect((await browser.open('/me')).json()).toMatchObject({
      organization: 'org_globex0gardens',
      permissions: viewer,
    });
  });

  test('CN-03 a callback and a sign-out at the same time leave one of the two', async () => {
    const callback = await browser.callbackFor(ADA);
    await Promise.all([
      browser.open(callback),
      browser.open('/logout', { method: 'POST', headers: { ...SAME_SITE, origin: SITE } }),
    ]);
    const { isAuthenticated } = (await browser.open('/me')).json();
    expect(isAuthenticated).toBe([...browser.jar.keys()].some((name) => !name.includes('login')));
  });
});
