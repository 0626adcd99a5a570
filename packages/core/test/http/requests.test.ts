import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createKinde } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const JSON_CALL = { headers: { accept: 'application/json' } };

describe.each(Object.keys(frameworks))('requests, on %s', (framework) => {
  let emulator: Emulator;
  let app: Server;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    app = await frameworks[framework]!(optionsFor(emulator));
  });
  afterAll(() => {
    app.closeAllConnections();
    app.close();
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
  });
  const authorization = async (path: string) =>
    new URL((await send(app, path)).location).searchParams;
  const tokenCalls = () => emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
  /** Sends these bytes and answers the status line and headers. */
  const raw = (head: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect((app.address() as AddressInfo).port, '127.0.0.1', () =>
        socket.write(`${head}\r\nHost: app.example\r\nConnection: close\r\n\r\n`),
      );
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });

  describe('authorization requests', () => {
    test('AR-01 every login has values of its own, from a good source', async () => {
      const all = await Promise.all(Array.from({ length: 500 }, () => authorization('/login')));
      for (const name of ['state', 'nonce', 'code_challenge']) {
        const values = all.map((query) => query.get(name)!);
        expect(new Set(values).size).toBe(500);
        for (const value of values) {
          expect(value).toMatch(/^[\w-]{43,}$/);
        }
      }
    });

    test('AR-02 the challenge is the SHA-256 of the verifier that is sent at the end (RFC 7636)', async () => {
      let verifier = '';
      emulator.faults.once('/oauth2/token', async (request, next) => {
        verifier = new URLSearchParams(await request.clone().text()).get('code_verifier')!;
        return next();
      });
      const browser = createBrowser(app, emulator);
      const { location } = await browser.open('/login');
      const query = new URL(location).searchParams;
      const back = await emulator.signIn(location, { email: ADA });
      expect((await browser.open(back.pathname + back.search)).status).toBe(302);
      expect(verifier).toMatch(/^[\w.~-]{43,128}$/);
      expect([query.get('code_challenge_method'), query.get('code_challenge')]).toEqual([
        'S256',
        createHash('sha256').update(verifier).digest('base64url'),
      ]);
    });

    test('AR-04 AR-05 what links may say is passed on once, and stays one value', async () => {
      const query = await authorization(
        '/login?org_code=org_a&login_hint=a%26redirect_uri%3Dhttps://evil.example&prompt=create&lang=de&utm_source=news&unknown=1&plan_interest=pro',
      );
      expect(Object.fromEntries(query)).toMatchObject({
        org_code: 'org_a',
        login_hint: 'a&redirect_uri=https://evil.example',
        prompt: 'create',
        lang: 'de',
        utm_source: 'news',
        plan_interest: 'pro',
        redirect_uri: `${SITE}/callback`,
      });
      expect([query.has('unknown'), query.getAll('redirect_uri').length]).toEqual([false, 1]);
    });

    test('AR-07 openid is asked for in any case, and offline_access is called offline', async () => {
      const other = await frameworks[framework]!(
        optionsFor(emulator, { scope: 'profile offline_access' }),
      );
      const query = new URL((await send(other, '/login')).location).searchParams;
      expect(query.get('scope')).toBe('openid profile offline');
      other.close();
    });

    test('AR-12 a login that another site makes the browser start evicts none that is under way', async () => {
      const browser = createBrowser(app, emulator);
      const callback = await browser.callbackFor(ADA, '/login?return_to=/me');
      await browser.open('/login', {
        headers: {
          'sec-fetch-dest': 'image',
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'no-cors',
        },
      });
      expect((await browser.open(callback)).location).toBe(`${SITE}/me`);
    });

    test.each(['undefined', 'org_', 'org_a/../b', 'org-a', 'ORG_A'])(
      'the organization code %j is not one',
      async (code) => {
        const answer = await send(app, `/login?org_code=${code}`, JSON_CALL);
        expect([answer.status, answer.json().code]).toEqual([400, 'param_invalid']);
      },
    );

    test('FD-27 prompts of Kinde are passed on, and nothing else that is called so', async () => {
      for (const prompt of ['login', 'create', 'consent', 'select_account', 'none']) {
        expect((await authorization(`/login?prompt=${prompt}`)).get('prompt')).toBe(prompt);
      }
      const answer = await send(app, '/login?prompt=login+consent', JSON_CALL);
      expect([answer.status, answer.json().code]).toEqual([400, 'param_invalid']);
    });

    test('FD-27 a workflow is tried by either name of its deployment, and sent by both', async () => {
      for (const name of ['deploy_id', 'workflow_deployment_id']) {
        expect(Object.fromEntries(await authorization(`/login?${name}=wfd_1`))).toMatchObject({
          deploy_id: 'wfd_1',
          workflow_deployment_id: 'wfd_1',
        });
      }
      const query = await authorization('/login?workflow_deployment_id=wfd_1&deploy_id=wfd_2');
      expect([query.get('deploy_id'), query.get('workflow_deployment_id')]).toEqual([
        'wfd_2',
        'wfd_2',
      ]);
      const twice = await send(app, '/login?deploy_id=wfd_1&deploy_id=wfd_2', JSON_CALL);
      expect([twice.status, twice.json().code]).toEqual([400, 'param_duplicate']);
    });

    test('an invitation goes with its mark to the sign-up page', async () => {
      const query = await authorization('/login?invitation_code=inv_123');
      expect(Object.fromEntries(query)).toMatchObject({
        invitation_code: 'inv_123',
        is_invitation: 'true',
        prompt: 'create',
      });
    });

    test('signing up and creating an organization are links, too', async () => {
      expect((await authorization('/register')).get('prompt')).toBe('create');
      expect(
        Object.fromEntries(await authorization('/create-organization?org_name=Initech')),
      ).toMatchObject({
        prompt: 'create',
        is_create_org: 'true',
        org_name: 'Initech',
      });
    });

    test('an expired e-mail link starts again with what it asked for, once', async () => {
      const request = {
        org_code: 'org_acme0rockets',
        lang: 'de',
        state: 'evil',
        redirect_uri: 'https://evil.example',
        scope: 'admin',
        client_id: 'x',
      };
      const reauth = Buffer.from(JSON.stringify(request)).toString('base64');
      const browser = createBrowser(app, emulator);
      const { location } = await browser.open('/login?return_to=/me');
      expect(new URL(location).searchParams.get('supports_reauth')).toBe('true');
      const expired = (state: string) =>
        `/callback?error=login_link_expired&reauth_state=${encodeURIComponent(reauth)}&state=${state}`;
      const again = await browser.open(expired(new URL(location).searchParams.get('state')!));
      const query = new URL(again.location).searchParams;
      expect(Object.fromEntries(query)).toMatchObject({
        org_code: 'org_acme0rockets',
        lang: 'de',
        redirect_uri: `${SITE}/callback`,
        scope: 'openid profile email offline',
      });
      expect(query.get('state')).not.toBe('evil');
      const loop = await browser.open(expired(query.get('state')!), JSON_CALL);
      expect([loop.status, loop.json().reason]).toEqual([400, 'login_link_expired']);
      const bare = await browser.open(
        '/callback?error=login_link_expired&reauth_state=%25not-base64',
      );
      expect([bare.status, new URL(bare.location).searchParams.get('client_id')]).toEqual([
        302,
        emulator.env['KINDE_CLIENT_ID'],
      ]);
    });
  });

  describe('callbacks', () => {
    test('CB-07 the state of a login whose cookie is gone is refused', async () => {
      const browser = createBrowser(app, emulator);
      const first = await browser.callbackFor(ADA);
      browser.jar.clear();
      await browser.open('/login');
      const answer = await browser.open(first, JSON_CALL);
      expect([answer.status, answer.json().code, answer.json().reason]).toEqual([
        400,
        'state_mismatch',
        'other_login',
      ]);
    });

    test('CB-14 a login begun at one tenant cannot be finished at another', async () => {
      const other = await createEmulator({
        strict: true,
        siteUrl: SITE,
        issuer: 'https://other.kinde.example',
      });
      const second = await frameworks[framework]!(optionsFor(other));
      const browser = createBrowser(app, emulator);
      const callback = await browser.callbackFor(ADA);
      const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await send(second, callback, {
        headers: { cookie, accept: 'application/json' },
      });
      expect([answer.status, answer.json().code]).toEqual([400, 'transaction_missing']);
      expect(other.requests.filter(({ path }) => path === '/oauth2/token')).toEqual([]);
      second.close();
    });

    test('CB-28 somebody else’s code in our own login is refused by Kinde and signs nobody in', async () => {
      const mine = createBrowser(app, emulator);
      const theirs = createBrowser(app, emulator);
      const callback = new URL(await mine.callbackFor(ADA), SITE);
      const foreign = new URL(await theirs.callbackFor('grace@example.com'), SITE).searchParams.get(
        'code',
      )!;
      callback.searchParams.set('code', foreign);
      const answer = await mine.open(callback.pathname + callback.search, JSON_CALL);
      expect([answer.status, answer.json().code]).toEqual([400, 'grant_refused']);
      expect((await mine.open('/me')).json().isAuthenticated).toBe(false);
    });

    test('CB-31 CB-37 a posted callback is not read at all', async () => {
      const before = tokenCalls();
      const answer = await send(app, '/callback?state=S', {
        method: 'POST',
        body: `code=C&state=OTHER&x=${'x'.repeat(2 ** 20)}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
      expect([answer.status, answer.headers['allow'], tokenCalls() - before]).toEqual([
        405,
        'GET',
        0,
      ]);
    });

    test('CB-36 when the app’s own part fails, nobody is signed in and the tokens are given back', async () => {
      const other = await frameworks[framework]!(
        optionsFor(emulator, {
          onSignIn: ({ user }) => {
            if (user.email === ADA) {
              throw new Error('database is down');
            }
          },
        }),
      );
      const browser = createBrowser(other, emulator);
      const revoked = () =>
        emulator.requests.filter(({ path }) => path === '/oauth2/revoke').length;
      const before = revoked();
      const answer = await browser.open(await browser.callbackFor(ADA), JSON_CALL);
      expect([answer.status, answer.json().code, browser.jar.size, revoked() - before]).toEqual([
        500,
        'hook_failed',
        0,
        1,
      ]);
      // Told to the developer, and to nobody else.
      expect(answer.json().cause).toBe('database is down');
      expect((await createBrowser(other, emulator).signIn('grace@example.com')).status).toBe(302);
      other.close();
    });

    test.each([
      ['another host', { host: 'localhost:3000' }, 'other_host', 'localhost:3000'],
      ['no cookies', { host: 'app.example' }, 'no_cookies', 'Secure'],
      ['other cookies only', { host: 'app.example', cookie: 'a=b' }, 'no_login_cookie', '/login'],
    ])(
      'in development a failed callback explains itself: %s',
      async (_name, headers, reason, hint) => {
        const page = await send(app, '/callback?code=c&state=s', {
          headers: { ...NAVIGATION, ...headers },
        });
        expect([page.status, page.headers['content-type']]).toEqual([
          400,
          'text/html; charset=utf-8',
        ]);
        for (const text of ['transaction_missing', reason, hint]) {
          expect(page.body).toContain(text);
        }
        const production = await frameworks[framework]!(
          optionsFor(emulator, { production: true, issuer: 'https://acme.kinde.example' }),
        );
        const quiet = await send(production, '/callback?code=c&state=s', {
          headers: { ...NAVIGATION, ...headers },
        });
        expect(quiet.body).toContain('transaction_missing');
        expect(quiet.body).not.toContain(reason);
        production.close();
      },
    );

    test('a cookie of another secret is told from a missing one', async () => {
      const browser = createBrowser(app, emulator);
      const callback = await browser.callbackFor(ADA);
      const other = await frameworks[framework]!(
        optionsFor(emulator, { secret: 'another-secret-of-thirty-two-characters-0123' }),
      );
      const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      expect(
        (await send(other, callback, { headers: { accept: 'application/json', cookie } })).json(),
      ).toMatchObject({
        reason: 'unreadable',
      });
      other.close();
    });
  });

  describe('where people are returned to', () => {
    const landing = async (query: string) => {
      const browser = createBrowser(app, emulator);
      const answer = await browser.open(`/login?${query}`);
      if (answer.status !== 302) {
        return answer.status;
      }
      const back = await emulator.signIn(answer.location, { email: ADA });
      return (await browser.open(back.pathname + back.search)).location;
    };
    const evil = [
      '//evil.example',
      '/%5Cevil.example',
      '%5C%5Cevil.example',
      '/%09/evil.example',
      '/%0a/evil.example',
      '/%0d%5cevil.example',
      '%20//evil.example',
      'https://evil.example',
      'HTTPS://evil.example',
      'javascript:alert(1)',
      'data:text/html,x',
      'https://app.example@evil.example/',
      'https://app.example.evil.example/',
      'https://evil.example%23app.example',
      '/a/..//evil.example',
      'https://app.example:8443/x',
      'http://app.example/x',
      '',
      '/logout',
      '/callback',
      '/login',
    ];

    test.each(['return_to', 'returnTo', 'post_login_redirect_url', 'target_link_uri'])(
      'OR-01 OR-02 OR-03 OR-04 OR-05 OR-06 OR-07 OR-08 OR-09 OR-10 OR-11 OR-12 OR-13 OR-16 OR-18 OR-21 OR-23 by %s never elsewhere',
      async (name) => {
        for (const value of evil) {
          expect([value, await landing(`${name}=${value}`)]).toEqual([value, `${SITE}/`]);
        }
      },
      60_000,
    );

    test('OR-14 OR-15 OR-17 decoded once, and no more', async () => {
      expect(await landing('return_to=%252f%252fevil.example')).toBe(`${SITE}/%2f%2fevil.example`);
      expect(await landing('return_to=/%252f%252fevil.example')).toBe(`${SITE}/%2f%2fevil.example`);
      expect(await landing('return_to=/ok%3Fx%3D1%23f')).toBe(`${SITE}/ok?x=1#f`);
    });

    test('OR-19 OR-20 twice is refused; endless is home, and its cookie stays small', async () => {
      expect(await landing('return_to=/a&return_to=//evil.example')).toBe(400);
      expect(await landing(`return_to=/${'a'.repeat(5000)}`)).toBe(`${SITE}/`);
    });

    test('OR-22 V02 a guarded page that was asked for as //evil leads back to this site', async () => {
      const browser = createBrowser(app, emulator);
      const wanted = await browser.open('//evil.example/private');
      expect([302, 404]).toContain(wanted.status);
      const text = await raw('GET //private HTTP/1.1');
      expect(text).not.toMatch(/location: \/\//i);
    });

    test('OR-25 the target is judged again when the login ends', async () => {
      const open = await frameworks[framework]!(
        optionsFor(emulator, { returnOrigins: ['https://docs.app.example'] }),
      );
      const browser = createBrowser(open, emulator);
      const callback = await browser.callbackFor(
        ADA,
        '/login?return_to=https://docs.app.example/x',
      );
      const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      expect((await send(app, callback, { headers: { cookie } })).location).toBe(`${SITE}/`);
      expect(
        (await browser.signIn(ADA, '/login?return_to=https://docs.app.example/y')).location,
      ).toBe('https://docs.app.example/y');
      open.close();
    });
  });

  describe('headers and paths', () => {
    test('HH-01 HH-02 HH-03 HH-04 HH-05 hosts and forwarded headers decide nothing', async () => {
      const forged = {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        forwarded: 'host=evil.example',
        'x-middleware-subrequest': '1',
        'x-kinde-session': 'a',
        'x-user': 'kp_a',
        'x-forwarded-user': 'kp_a',
        'x-original-url': '/me',
      };
      const fresh = await frameworks[framework]!(optionsFor(emulator));
      for (const host of ['evil.example', 'app.example']) {
        const answer = await send(fresh, '/login', { headers: { host, ...forged } });
        expect(new URL(answer.location).searchParams.get('redirect_uri')).toBe(`${SITE}/callback`);
        expect(answer.setCookies[0]).toMatch(/; secure/i);
        expect(JSON.stringify([answer.location, answer.setCookies])).not.toContain('evil');
      }
      expect((await send(fresh, '/me', { headers: forged })).json().isAuthenticated).toBe(false);
      fresh.close();
    });

    test('HH-06 HH-08 the guard is where the handler is, however the path is spelt', async () => {
      for (const path of [
        '/%70rivate',
        '//private',
        '/private/',
        '/PRIVATE',
        '/x/../private',
        '/private;x',
        '/private%00',
        '/private?x=/public',
        '/public/../private',
      ]) {
        const text = await raw(`GET ${path} HTTP/1.1`);
        expect([400, 401, 404]).toContain(Number(text.split(' ')[1]));
        expect(text).not.toContain('isAuthenticated');
      }
    });

    test('HH-09 HH-13 auth routes are quiet about themselves and shared with nobody', async () => {
      for (const path of ['/login', '/callback?error=x', '/logout', '/user']) {
        const answer = await send(app, path, { headers: { origin: 'https://evil.example' } });
        expect(answer.headers).toMatchObject({
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
          'cache-control': 'private, no-store',
        });
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      }
    });

    test('HH-11 DS-10 names with line breaks, emoji and odd letters come through as they are', async () => {
      const ada = emulator.state.people.find(({ email }) => email === ADA)!;
      const { givenName } = ada;
      ada.givenName = 'A\r\nda \u202e🚀 Ä';
      const browser = createBrowser(app, emulator);
      expect((await browser.signIn(ADA)).status).toBe(302);
      expect((await browser.open('/user')).json().givenName).toBe(ada.givenName);
      ada.givenName = givenName!;
    });

    test('HH-12 of two Authorization or Cookie headers one reading is made', async () => {
      const browser = createBrowser(app, emulator);
      await browser.signIn(ADA);
      const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const text = await raw(
        `GET /me HTTP/1.1\r\nCookie: ${cookie}\r\nCookie: ${cookie.replace('=', '=x')}\r\nAuthorization: Basic a\r\nAuthorization: Bearer b`,
      );
      expect(text).toContain('"isAuthenticated":true');
    });

    test('DS-07 bracketed parameters are other parameters', async () => {
      const answer = await send(app, '/callback?state[]=S&code[a]=C', JSON_CALL);
      expect([answer.status, answer.json().code]).toEqual([400, 'state_missing']);
      expect(answer.body).not.toContain('[object Object]');
    });

    test('DS-09 two thousand anonymous requests leave nothing behind', async () => {
      for (let round = 0; round < 20; round++) {
        const answers = await Promise.all(Array.from({ length: 100 }, () => send(app, '/me')));
        expect(answers.every(({ setCookies }) => setCookies.length === 0)).toBe(true);
      }
    });

    test('the person behind the session is told as JSON, without a token', async () => {
      const browser = createBrowser(app, emulator);
      expect((await browser.open('/user', JSON_CALL)).status).toBe(401);
      await browser.signIn(ADA, '/login', 'org_acme0rockets');
      const answer = await browser.open('/user');
      expect(answer.json()).toMatchObject({
        email: ADA,
        organization: { orgCode: 'org_acme0rockets' },
        orgCodes: ['org_acme0rockets', 'org_globex0gardens'],
      });
      expect(answer.body).not.toContain('eyJ');
      expect(answer.headers['cache-control']).toContain('no-store');
    });
  });

  test('several apps on one host keep their sessions apart', async () => {
    const other = await frameworks[framework]!(
      optionsFor(emulator, {
        clientId: emulator.state.applications[0]!.clientId,
        siteUrl: 'https://app.example',
        session: { cookie: 'second' },
      }),
    );
    const jar = new Map<string, string>();
    for (const server of [app, other]) {
      const browser = createBrowser(server, emulator);
      for (const [name, value] of jar) {
        browser.jar.set(name, value);
      }
      await browser.signIn(server === app ? ADA : 'grace@example.com');
      for (const [name, value] of browser.jar) {
        jar.set(name, value);
      }
    }
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    expect((await send(app, '/me', { headers: { cookie } })).json().email).toBe(ADA);
    expect((await send(other, '/me', { headers: { cookie } })).json().email).toBe(
      'grace@example.com',
    );
    other.close();
  });

  test('CN-02 two tenants in one process do not mix', async () => {
    const second = await createEmulator({
      strict: true,
      siteUrl: SITE,
      issuer: 'https://second.kinde.example',
    });
    const other = await frameworks[framework]!(optionsFor(second));
    const pairs = [
      [app, emulator],
      [other, second],
    ] as const;
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const [server, tenant] = pairs[index % 2]!;
        const browser = createBrowser(server, tenant);
        await browser.signIn(ADA);
        return [
          (await browser.open('/me')).json().isAuthenticated,
          (
            await send(pairs[(index + 1) % 2]![0], '/me', {
              headers: {
                cookie: [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; '),
              },
            })
          ).json().isAuthenticated,
        ];
      }),
    );
    expect(results.every(([here, there]) => here === true && there === false)).toBe(true);
    other.close();
  });

  test('CN-01 200 people who sign in at once, with delays everywhere, end as themselves', async () => {
    const crowd = await createEmulator({
      strict: true,
      siteUrl: SITE,
      seed: {
        permissions: {},
        roles: {},
        flags: {},
        organizations: { org_a: { name: 'A' } },
        people: Array.from({ length: 200 }, (_, index) => ({
          email: `p${index}@example.com`,
          organizations: { org_a: {} },
        })),
      },
    });
    for (const path of [
      '/oauth2/token',
      '/.well-known/jwks',
      '/.well-known/openid-configuration',
    ]) {
      crowd.faults.always(path, async (_request, next) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
        return next();
      });
    }
    const server = await frameworks[framework]!(optionsFor(crowd));
    const emails = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const browser = createBrowser(server, crowd);
        await browser.signIn(`p${index}@example.com`);
        return (await browser.open('/me')).json().email;
      }),
    );
    expect(emails).toEqual(Array.from({ length: 200 }, (_, index) => `p${index}@example.com`));
    server.closeAllConnections();
    server.close();
  });
});

describe('set-up', () => {
  test('CB-32 SC-24 BR-22 options that would weaken cookies or the flow do not exist', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    for (const option of [
      { responseMode: 'form_post' },
      { session: { sameSite: 'none' } },
      { session: { secure: false } },
      { session: { path: '/app' } },
      { algorithms: ['none'] },
      { pkce: false },
    ]) {
      expect(() => createKinde({ ...optionsFor(emulator), ...option } as never)).toThrow(
        /is not an option/,
      );
    }
  });

  test('CF-05 the issuer is never taken from a request', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const kinde = createKinde(optionsFor(emulator));
    const { location } = await kinde.login({
      method: 'GET',
      url: '/login?issuer=https://evil.example',
      headers: new Headers({ host: 'evil.example' }),
    });
    expect(new URL(location).origin).toBe(emulator.issuer);
  });

  test('CF-16 switched-off certificate checks are refused in production', async () => {
    const emulator = await createEmulator({
      strict: true,
      siteUrl: SITE,
      issuer: 'https://acme.kinde.example',
    });
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(() => createKinde(optionsFor(emulator, { production: true }))).toThrow(
      /NODE_TLS_REJECT_UNAUTHORIZED/,
    );
    vi.unstubAllEnvs();
  });

  test('a same-site sign-out link works where the site is plain localhost', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: 'http://localhost:3000' });
    const kinde = createKinde(optionsFor(emulator, { siteUrl: 'http://localhost:3000' }));
    const route = kinde.routes.find(({ path }) => path === '/logout')!;
    expect(
      (await route.handle({ method: 'GET', url: '/logout', headers: new Headers(SAME_SITE) }))
        .status,
    ).toBe(302);
  });
});
