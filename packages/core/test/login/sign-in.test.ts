import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SITE, startApp, table } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { goesTo, NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';

describe.each(table)('%s, sessions in the %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    app = await startApp(row, emulator);
  });
  afterEach(() => {
    vi.useRealTimers();
    app.closeAllConnections();
    app.close();
  });
  /** Everybody's clock: the emulator follows the process. */
  const later = (seconds: number) => {
    vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
  };
  const tokenCalls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;

  test('nobody is signed in at first, and nothing is set', async () => {
    const answer = await send(app, '/me');
    expect(answer.json()).toMatchObject({
      isAuthenticated: false,
      reason: 'no_session',
      permissions: [],
    });
    expect(answer.setCookies).toEqual([]);
  });

  test('a person signs in and is known on the next request', async () => {
    const browser = createBrowser(app, emulator);
    const done = await browser.signIn(ADA);
    expect([done.status, done.location]).toEqual([302, `${SITE}/`]);
    expect((await browser.open('/me')).json()).toMatchObject({ isAuthenticated: true, email: ADA });
    expect([...browser.jar.keys()].filter((name) => name.includes('login'))).toEqual([]);
  });

  test('SC-22 SC-27 session cookies are sealed, HttpOnly, Secure, Lax, bound to the host, and never cached', async () => {
    const done = await createBrowser(app, emulator).signIn(ADA);
    expect(done.setCookies.length).toBeGreaterThan(0);
    for (const cookie of done.setCookies.filter((line) => !/max-age=0/i.test(line))) {
      expect(cookie).toMatch(/^__Host-kinde-[^=]+=[\w-]+; /);
      expect(cookie.toLowerCase()).toMatch(
        /^(?=.*; httponly)(?=.*; secure)(?=.*; samesite=lax)(?=.*; path=\/)(?!.*; domain)/,
      );
      const bytes = Buffer.from(cookie.split('=')[1]!.split(';')[0]!, 'base64url').toString(
        'latin1',
      );
      expect(bytes).not.toContain(ADA);
    }
    expect(done.headers['cache-control']).toContain('no-store');
    expect(done.headers['referrer-policy']).toBe('no-referrer');
  });

  test('OR-22 a guarded page sends to sign in and back to itself, with its query', async () => {
    const browser = createBrowser(app, emulator);
    const wanted = await browser.open('/private?filter=open&page=2');
    expect(wanted.status).toBe(302);
    expect(new URL(wanted.location).origin).toBe(emulator.issuer);
    expect((await browser.signIn(ADA, '/private?filter=open&page=2')).location).toBe(
      `${SITE}/private?filter=open&page=2`,
    );
    expect((await browser.open('/private?filter=open&page=2')).status).toBe(200);
  });

  test('API calls get 401 and 403 with a problem document instead', async () => {
    const browser = createBrowser(app, emulator);
    const api = { headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' } };
    const nobody = await browser.open('/private', api);
    expect([nobody.status, nobody.headers['content-type'], nobody.json().code]).toEqual([
      401,
      'application/problem+json; charset=utf-8',
      'signed_out',
    ]);
    await browser.signIn(ADA);
    const refused = await browser.open('/admin', api);
    expect([refused.status, refused.json().code]).toEqual([403, 'forbidden']);
  });

  test('HH-14 a form that was posted signed out gets 401, not a redirect', async () => {
    const answer = await send(app, '/private', { method: 'POST', headers: NAVIGATION });
    expect(answer.status).toBe(401);
  });

  test('a forbidden page is a page, and says what is missing to the developer', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const answer = await browser.open('/admin');
    expect([answer.status, answer.headers['content-type']]).toEqual([
      403,
      'text/html; charset=utf-8',
    ]);
    expect(answer.body).toContain('never:granted');
  });

  test('permissions are those of the organization that was chosen', async () => {
    const browser = createBrowser(app, emulator);
    const [first, second] = Object.keys(emulator.state.organizations);
    await browser.signIn(ADA, '/login', first);
    const before = (await browser.open('/me')).json();
    const silent = await browser.open(
      `/switch-organization?org_code=${second}&return_to=/private`,
      {
        headers: SAME_SITE,
      },
    );
    expect(new URL(goesTo(silent)).searchParams.get('prompt')).toBe('none');
    const done = await browser.signIn(
      ADA,
      `/switch-organization?org_code=${second}&return_to=/me`,
      second,
    );
    expect(done.location).toBe(`${SITE}/me`);
    const after = (await browser.open('/me')).json();
    expect([before.organization, after.organization]).toEqual([first, second]);
    expect(after.permissions).not.toEqual(before.permissions);
    expect((await browser.open('/todos/new')).status).toBe(
      after.permissions.includes('create:todos') ? 200 : 403,
    );
  });

  test('without a session at Kinde, switching organization asks the person after all, once', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const [, second] = Object.keys(emulator.state.organizations);
    const begun = await browser.open(`/switch-organization?org_code=${second}&return_to=/me`, {
      headers: SAME_SITE,
    });
    const state = new URL(goesTo(begun)).searchParams.get('state');
    const asked = await browser.open(`/callback?error=login_required&state=${state}`);
    expect([asked.status, new URL(asked.location).searchParams.get('org_code')]).toEqual([
      302,
      second,
    ]);
    expect(new URL(asked.location).searchParams.has('prompt')).toBe(false);
    const again = await browser.open(
      `/callback?error=login_required&state=${new URL(asked.location).searchParams.get('state')}`,
    );
    // Signed in all the while, so there is no error page: they are back where they wanted to be, in the same organization.
    expect([again.status, again.location]).toEqual([302, `${SITE}/me?login_error=login_required`]);
  });

  test('AR-08 two tabs that sign in at the same time each return to their own page', async () => {
    const browser = createBrowser(app, emulator);
    const one = await browser.callbackFor(ADA, '/login?return_to=/private?tab=1');
    const two = await browser.callbackFor(ADA, '/login?return_to=/private?tab=2');
    expect((await browser.open(one)).location).toBe(`${SITE}/private?tab=1`);
    expect((await browser.open(two)).location).toBe(`${SITE}/private?tab=2`);
  });

  test('CN-01 two people who sign in at the same time, callback by callback, stay themselves', async () => {
    const ada = createBrowser(app, emulator);
    const grace = createBrowser(app, emulator);
    const [forAda, forGrace] = await Promise.all([
      ada.callbackFor(ADA, '/private?a'),
      grace.callbackFor(GRACE, '/private?g'),
    ]);
    const [first, second] = await Promise.all([ada.open(forAda), grace.open(forGrace)]);
    expect([first.location, second.location]).toEqual([`${SITE}/private?a`, `${SITE}/private?g`]);
    expect((await ada.open('/me')).json().email).toBe(ADA);
    expect((await grace.open('/me')).json().email).toBe(GRACE);
  });

  test('CB-33 signing in as somebody else replaces the session', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const old = [...browser.jar];
    await browser.signIn(GRACE);
    expect((await browser.open('/me')).json().email).toBe(GRACE);
    expect([...browser.jar]).not.toEqual(old);
  });

  test('LO-03 LO-04 LO-05 signing out ends the session here and at Kinde, and the old cookie is worth nothing', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const done = await browser.open('/logout', {
      method: 'POST',
      headers: { ...SAME_SITE, origin: SITE },
    });
    expect([done.status, goesTo(done)]).toEqual([
      200,
      `${emulator.issuer}/logout?redirect=${encodeURIComponent(SITE)}`,
    ]);
    expect(browser.jar.size).toBe(0);
    expect(emulator.requests.some(({ path }) => path === '/oauth2/revoke')).toBe(true);
    expect((await send(app, '/me', { headers: { cookie } })).json()).toMatchObject({
      isAuthenticated: false,
    });
  });

  test('a form on a page without referrer signs out, although its origin is "null"', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const done = await browser.open('/logout', {
      method: 'POST',
      headers: { ...SAME_SITE, origin: 'null' },
    });
    expect([done.status, browser.jar.size]).toEqual([200, 0]);
  });

  test('a link on the same site signs out, too', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    expect((await browser.open('/logout', { headers: SAME_SITE })).status).toBe(302);
    expect(browser.jar.size).toBe(0);
  });

  test.each([
    [
      'LO-01 an image on another site',
      'GET',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
    ],
    ['LO-02 a form on another site', 'POST', { 'sec-fetch-site': 'cross-site' }],
    ['SL-08 a form with a foreign origin', 'POST', { origin: 'https://evil.example' }],
    ['SL-09 a link on another site', 'GET', { ...NAVIGATION, 'sec-fetch-site': 'cross-site' }],
    ['SL-10 a request that tells nothing', 'GET', {}],
    ['SL-10 a form of a sandboxed frame', 'POST', { origin: 'null' }],
    [
      'SL-09 a form of a sandboxed frame elsewhere',
      'POST',
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
    ],
  ])('%s signs nobody out', async (_name, method, headers) => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(app, '/logout', { method, headers: { cookie, ...headers } });
    expect([answer.status, answer.setCookies]).toEqual([403, []]);
    expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
  });

  test('a prefetch of a link starts and ends nothing', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    for (const path of ['/logout', '/login']) {
      const answer = await browser.open(path, {
        headers: { ...SAME_SITE, 'sec-purpose': 'prefetch' },
      });
      expect([answer.status, answer.setCookies]).toEqual([204, []]);
    }
    expect((await browser.open('/me')).json().isAuthenticated).toBe(true);
    const guarded = await send(app, '/private', {
      headers: { ...NAVIGATION, 'sec-purpose': 'prefetch;prerender' },
    });
    expect([guarded.status, guarded.setCookies]).toEqual([401, []]);
  });

  test('RF-01 200 requests with an expired access token: one refresh, 200 answers, still signed in', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    later(86_400 - 60);
    expect((await browser.open('/private')).status).toBe(200);
    later(120);
    const before = tokenCalls();
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answers = await Promise.all(
      Array.from({ length: 200 }, () =>
        send(app, '/private', { headers: { ...NAVIGATION, cookie } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(tokenCalls() - before).toBe(1);
    expect((await browser.open('/private')).status).toBe(200);
    expect(tokenCalls() - before).toBe(1);
    expect(emulator.state.reuse).toBe(0);
    later(86_400 - 60);
    expect((await browser.open('/private')).status).toBe(200);
  });

  test('RF-06 a refused refresh signs out cleanly', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    later(86_390);
    emulator.faults.always('/oauth2/token', () =>
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
    );
    const before = tokenCalls();
    const answer = await browser.open('/me');
    expect(answer.json()).toMatchObject({ isAuthenticated: false });
    expect(tokenCalls() - before).toBeLessThanOrEqual(1);
    expect(browser.jar.size).toBe(0);
  });

  test('RF-18 without a refresh token, the session ends with the access token and nobody is asked', async () => {
    app.close();
    app = await startApp(row, emulator, { scope: 'openid email' });
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const before = tokenCalls();
    later(86_500);
    expect((await browser.open('/me')).json()).toMatchObject({ isAuthenticated: false });
    expect(tokenCalls()).toBe(before);
  });

  test('SC-14 SC-13 sessions end after a day without activity, and after seven days in any case', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    later(86_401);
    expect((await browser.open('/me')).json()).toMatchObject({
      isAuthenticated: false,
      reason: 'expired',
    });
    await browser.signIn(ADA);
    for (let half = 0; half < 13; half++) {
      later(43_200);
      expect((await browser.open('/me')).json().isAuthenticated, `after ${half} half days`).toBe(
        true,
      );
    }
    later(43_200);
    expect((await browser.open('/me')).json()).toMatchObject({ isAuthenticated: false });
  });
});
