import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  optionsFor,
  frameworks,
  SECRET,
  SITE,
  startApp,
  table,
} from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const JSON_CALL = { headers: { accept: 'application/json' } };

describe.each(table)('a callback that is not right, on %s with sessions in the %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  let browser: Browser;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    app = await startApp(row, emulator);
    browser = createBrowser(app, emulator);
  });
  afterEach(() => {
    vi.useRealTimers();
    app.closeAllConnections();
    app.close();
  });
  const tokenCalls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
  const hasSession = async () => (await browser.open('/me')).json().isAuthenticated as boolean;

  /** Sends the callback and expects a refusal that names the cause, without session and without asking Kinde. */
  const refused = async (callback: string, code: string, calls = 0) => {
    const before = tokenCalls();
    const answer = await browser.open(callback, JSON_CALL);
    expect([answer.status, answer.json().code]).toEqual([400, code]);
    expect(answer.headers['cache-control']).toContain('no-store');
    expect(tokenCalls() - before).toBe(calls);
    expect(await hasSession()).toBe(false);
    return answer;
  };
  const change = (callback: string, edit: (query: URLSearchParams) => void) => {
    const url = new URL(callback, SITE);
    edit(url.searchParams);
    return url.pathname + url.search;
  };

  test('CB-01 it belongs to no login of this browser', () =>
    refused('/callback?code=C&state=S', 'transaction_missing'));

  test('CB-02 CB-04 it has no state, or an empty one', async () => {
    const callback = await browser.callbackFor(ADA);
    await refused(
      change(callback, (query) => query.delete('state')),
      'state_missing',
    );
    await refused(
      change(callback, (query) => query.set('state', '')),
      'state_missing',
    );
    expect((await browser.open(callback)).location).toBe(`${SITE}/`);
  });

  test('CB-03 CB-06 it has another state, or one in other letters', async () => {
    const callback = await browser.callbackFor(ADA);
    await refused(
      change(callback, (query) => query.set('state', 'x'.repeat(50))),
      'state_mismatch',
    );
    const swapped = (state: string) =>
      state.replace(/[a-z]/gi, (letter) =>
        letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
      );
    await refused(
      change(callback, (query) => query.set('state', swapped(query.get('state')!))),
      'state_mismatch',
    );
  });

  test.each(['state', 'code', 'iss'])('CB-05 CB-18 it has %s twice', async (name) => {
    const callback = await browser.callbackFor(ADA);
    const value =
      name === 'iss' ? emulator.issuer : new URL(callback, SITE).searchParams.get(name)!;
    await refused(
      change(callback, (query) => (query.set(name, value), query.append(name, value))),
      'param_duplicate',
    );
  });

  test('LK-05 it has a parameter with line breaks in its name, twice: nothing of that is repeated', async () => {
    const name = encodeURIComponent('x\r\n\u001b[31m<script>');
    const answer = await refused(`/callback?state=s&${name}=1&${name}=2`, 'param_duplicate');
    expect(answer.body).not.toMatch(/script|\\u001b|\\r/);
  });

  test('CB-08 it was completed before: somebody signed in goes home, anybody else is told', async () => {
    const callback = await browser.callbackFor(ADA);
    const pending = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    await browser.open(callback);
    const session = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const again = await send(app, callback, { headers: { cookie: `${pending}; ${session}` } });
    expect([again.status, again.location]).toEqual([302, `${SITE}/`]);
    const stranger = await send(app, callback, { headers: { cookie: pending } });
    expect([stranger.status, stranger.json().code]).toEqual([400, 'transaction_consumed']);
    expect(tokenCalls()).toBe(1);
  });

  test('CB-09 it is sent 20 times at once: one token request, no error', async () => {
    const callback = await browser.callbackFor(ADA);
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send(app, callback, { headers: { cookie } })),
    );
    expect(answers.filter(({ status }) => status === 302).length).toBeGreaterThan(0);
    for (const { status, body } of answers) {
      if (status !== 302) {
        expect([status, JSON.parse(body).code]).toEqual([400, 'transaction_consumed']);
      }
    }
    expect(tokenCalls()).toBe(1);
  });

  test('CB-10 it comes after more than ten minutes', async () => {
    const callback = await browser.callbackFor(ADA);
    vi.useFakeTimers({ now: Date.now() + 601_000, toFake: ['Date'] });
    await refused(callback, 'transaction_expired');
  });

  test('CB-11 CB-12 its cookie was changed or is somebody else’s', async () => {
    const callback = await browser.callbackFor(ADA);
    const [[name, value]] = [...browser.jar] as [[string, string]];
    for (let index = 0; index < value.length; index += 17) {
      if (value[index] === '.') {
        continue;
      }
      browser.jar.set(
        name,
        value.slice(0, index) + (value[index] === 'A' ? 'B' : 'A') + value.slice(index + 1),
      );
      await refused(callback, 'transaction_missing');
      browser.jar.set(name, value);
    }
    app.close();
    app = await startApp(row, emulator, { secret: 'another-secret-of-thirty-two-characters-0123' });
    const foreign = await send(app, callback, { headers: { cookie: `${name}=${value}` } });
    expect([foreign.status, foreign.json().code]).toEqual([400, 'transaction_missing']);
  });

  test('CB-13 its cookie was sealed with the previous secret: that is fine', async () => {
    const callback = await browser.callbackFor(ADA);
    app.close();
    app = await startApp(row, emulator, {
      secret: ['a-new-secret-of-thirty-two-characters-98765', SECRET],
    });
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    expect((await send(app, callback, { headers: { cookie } })).location).toBe(`${SITE}/`);
  });

  test.each(['https://evil.example', 'ISS/'])('CB-15 CB-16 it names the issuer %s', async (iss) => {
    const callback = await browser.callbackFor(ADA);
    await refused(
      change(callback, (query) => query.set('iss', iss.replace('ISS', emulator.issuer))),
      'iss_mismatch',
    );
  });

  test('CB-17 it names no issuer although Kinde promised to', async () => {
    emulator.faults.always('/.well-known/openid-configuration', async (_request, next) => {
      const document = (await (await next()).json()) as object;
      return Response.json({ ...document, authorization_response_iss_parameter_supported: true });
    });
    await refused(await browser.callbackFor(ADA), 'iss_missing');
  });

  test('CB-19 it says that Kinde refused: the code is told, the text is not repeated', async () => {
    const state = new URL(await browser.callbackFor(ADA), SITE).searchParams.get('state');
    const page = await browser.open(
      `/callback?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=${state}`,
    );
    expect([
      page.status,
      page.headers['content-type'],
      page.headers['x-content-type-options'],
    ]).toEqual([400, 'text/html; charset=utf-8', 'nosniff']);
    expect(page.body).toContain('access_denied');
    expect(page.body).not.toContain('<script');
    expect(browser.jar.size).toBe(0);
  });

  test('CB-20 it has an error and a wrong state: the state counts', async () => {
    await browser.callbackFor(ADA);
    await refused('/callback?error=access_denied&state=WRONG', 'state_mismatch');
  });

  test('CB-21 it says login_required: told once, without a loop', async () => {
    const state = new URL(await browser.callbackFor(ADA), SITE).searchParams.get('state');
    const answer = await refused(`/callback?error=login_required&state=${state}`, 'login_refused');
    expect(answer.json().reason).toBe('login_required');
  });

  test('CB-22 its error has line breaks', async () => {
    const state = new URL(await browser.callbackFor(ADA), SITE).searchParams.get('state');
    const answer = await refused(
      `/callback?error=x%0d%0aSet-Cookie:%20a=b&state=${state}`,
      'login_refused',
    );
    expect(answer.json().reason).toBe('invalid_error_code');
    expect(answer.headers).not.toHaveProperty('a');
  });

  test('CB-23 it has neither code nor error', async () => {
    await refused(
      change(await browser.callbackFor(ADA), (query) => query.delete('code')),
      'code_missing',
    );
  });

  test('CB-24 its code is endless', async () => {
    const callback = change(await browser.callbackFor(ADA), (query) =>
      query.set('code', 'c'.repeat(12_000)),
    );
    const answer = await browser.open(callback, JSON_CALL);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(tokenCalls()).toBe(0);
  });

  test.each(['id_token', 'access_token', 'response'])('CB-25 CB-26 it carries %s', async (name) => {
    await refused(
      change(await browser.callbackFor(ADA), (query) => query.set(name, 'e.y.j')),
      'response_unexpected',
    );
  });

  test('CB-27 CB-29 Kinde does not accept the code: asked once, never again', async () => {
    emulator.faults.always('/oauth2/token', () =>
      Response.json({ error: 'invalid_grant' }, { status: 400 }),
    );
    const callback = await browser.callbackFor(ADA);
    const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
    await refused(callback, 'grant_refused', 1);
    const again = await send(app, callback, { headers: { cookie } });
    expect([again.status, again.json().code]).toEqual([400, 'transaction_consumed']);
    expect(tokenCalls()).toBe(1);
  });

  test('CB-30 AR-10 it comes with another method', async () => {
    for (const method of ['POST', 'PUT', 'HEAD', 'OPTIONS']) {
      for (const path of ['/callback', '/login']) {
        const answer = await send(app, path, {
          method,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          ...(method.startsWith('P') && { body: 'code=C' }),
        });
        expect([method, answer.status, answer.headers['allow'], answer.setCookies]).toEqual([
          method,
          405,
          'GET',
          [],
        ]);
      }
    }
  });

  test('CB-34 its path is spelt in another way', async () => {
    const callback = await browser.callbackFor(ADA);
    for (const path of ['//callback', '/callback/', '/CALLBACK', '/x/../callback']) {
      const answer = await browser.open(callback.replace('/callback', path), JSON_CALL);
      expect([404, 302, 400]).toContain(answer.status);
      if (answer.status === 302) {
        expect(answer.location).toBe(`${SITE}/`);
      }
    }
  });

  test('CB-35 its parameters look like prototypes', async () => {
    const callback = await browser.callbackFor(ADA);
    const answer = await browser.open(`${callback}&__proto__[state]=S&constructor[prototype][x]=1`);
    expect(answer.location).toBe(`${SITE}/`);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('SC-01 SC-02 SC-21 garbage instead of a session is nobody, and is taken away', async () => {
    await browser.signIn(ADA);
    const name = [...browser.jar.keys()][0]!;
    for (const value of [
      '',
      'x',
      'a.b.c.d.e',
      '%00',
      '"quoted"',
      'eyJhbGciOiJub25lIn0..e30.'.repeat(20),
      browser.jar.get(name)!.slice(0, -3),
    ]) {
      const answer = await send(app, '/me', { headers: { cookie: `${name}=${value}` } });
      expect(answer.json()).toMatchObject({ isAuthenticated: false });
      if (value) {
        expect(answer.setCookies[0]).toMatch(/max-age=0/i);
      }
    }
  });

  test('SC-16 a login cookie is no session and a session is no login', async () => {
    const callback = await browser.callbackFor(ADA);
    const [[loginName, login]] = [...browser.jar] as [[string, string]];
    await browser.open(callback);
    const [[sessionName, session]] = [...browser.jar] as [[string, string]];
    expect(
      (await send(app, '/me', { headers: { cookie: `${sessionName}=${login}` } })).json()
        .isAuthenticated,
    ).toBe(false);
    const confused = await send(app, callback, { headers: { cookie: `${loginName}=${session}` } });
    expect([confused.status, confused.json().code]).toEqual([400, 'transaction_missing']);
  });

  test('AR-06 AR-03 a login link cannot set what is ours, nor name an organization twice', async () => {
    const { location } = await browser.open(
      '/login?redirect_uri=https://evil.example/cb&client_id=other&response_type=token&code_challenge=x&code_challenge_method=plain&response_mode=fragment&nonce=fixed&state=fixed&scope=openid%20admin&lang=de&login_hint=a%26redirect_uri%3Dhttps://evil.example',
    );
    const query = new URL(location).searchParams;
    for (const name of new Set(query.keys())) {
      expect(query.getAll(name), name).toHaveLength(1);
    }
    expect(location).not.toMatch(/client_id=other|fixed|admin|plain|fragment|response_type=token/);
    expect([query.get('redirect_uri'), query.get('lang'), query.get('login_hint')]).toEqual([
      `${SITE}/callback`,
      'de',
      'a&redirect_uri=https://evil.example',
    ]);
    browser.jar.clear();
    const twice = await browser.open('/login?org_code=org_a&org_code=org_b', JSON_CALL);
    expect([twice.status, twice.json().code, twice.setCookies]).toEqual([
      400,
      'param_duplicate',
      [],
    ]);
  });

  test('AR-09 51 logins that nobody finishes leave a handful of cookies, and the newest still works', async () => {
    for (let count = 0; count < 50; count++) {
      await browser.open('/login');
    }
    expect(browser.jar.size).toBeLessThanOrEqual(10);
    expect([...browser.jar].join('; ').length).toBeLessThan(4096);
    expect((await browser.signIn(ADA)).location).toBe(`${SITE}/`);
  });
});

describe.each(Object.keys(frameworks))('Kinde is not what it should be, on %s', (framework) => {
  let emulator: Emulator;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });

  test('AR-11 it is away: an error, no guess, and the next try works', async () => {
    const app = await frameworks[framework]!(optionsFor(emulator));
    emulator.faults.once('/.well-known/openid-configuration', () =>
      Promise.reject(new TypeError('fetch failed')),
    );
    const down = await send(app, '/login', JSON_CALL);
    expect([down.status, down.json().code, down.setCookies, down.location]).toEqual([
      502,
      'kinde_unreachable',
      [],
      '',
    ]);
    expect((await send(app, '/login')).status).toBe(302);
    app.close();
  });

  test('it does not know this client: said to the operator, not blamed on the visitor', async () => {
    const app = await frameworks[framework]!(
      optionsFor(emulator, { clientSecret: 'wrong-secret' }),
    );
    const browser = createBrowser(app, emulator);
    const answer = await browser.open(await browser.callbackFor(ADA), JSON_CALL);
    expect([answer.status, answer.json().code]).toEqual([502, 'client_rejected']);
    expect(answer.json().fix).toContain('`clientSecret`');
    expect(answer.body).not.toContain('wrong-secret');
    app.close();
  });
});
