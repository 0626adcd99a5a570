import type { Server } from 'node:http';
import { inspect } from 'node:util';
import { createKinde, KindeError, type Kinde } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, modes, optionsFor, SECRET, SITE, table } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';
import { NAVIGATION, SAME_SITE, send, type Answer } from '../../../test/kit/http.js';

const ADA = 'ada@example.com';
const AUDIENCE = 'https://api.todos.example';

/** Everything an error shows to whoever logs it. */
const shown = (error: unknown) =>
  [
    inspect(error, { depth: 10, showHidden: true }),
    String(error),
    JSON.stringify(error),
    (error as Error).stack,
  ].join('\n');

describe.each(table)('nothing secret shows, on %s with sessions in the %s', (framework, mode) => {
  let emulator: Emulator;
  let app: Server;
  let printed: string[];
  /** Values that must appear nowhere but in their own cookie or the request that is meant to carry them. */
  let secrets: Set<string>;

  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    secrets = new Set([emulator.env['KINDE_CLIENT_SECRET']!, SECRET]);
    printed = [];
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...args) => void printed.push(inspect(args)));
    }
    // Remembers whatever passes the token endpoint.
    emulator.faults.always('/oauth2/token', async (request, next) => {
      const form = new URLSearchParams(await request.clone().text());
      for (const name of ['code', 'code_verifier', 'refresh_token']) {
        if (form.has(name)) {
          secrets.add(form.get(name)!);
        }
      }
      const response = await next();
      const body = (await response.clone().json()) as Record<string, unknown>;
      for (const name of ['access_token', 'id_token', 'refresh_token']) {
        if (typeof body[name] === 'string') {
          secrets.add(body[name]);
        }
      }
      return response;
    });
    const tell = (...told: unknown[]) => void printed.push(inspect(told, { depth: 10 }));
    app = await frameworks[framework]!(
      optionsFor(emulator, {
        audience: AUDIENCE,
        timeout: 1,
        session: modes[mode]!(),
        onEvent: tell,
        onAudit: tell,
        logger: { error: tell, warn: tell, info: tell, debug: tell },
      }),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    app.closeAllConnections();
    app.close();
  });

  const check = (where: string, text: string) => {
    for (const secret of secrets) {
      expect(text.includes(secret), `a secret in ${where}`).toBe(false);
    }
  };
  const checkAnswer = (answer: Answer) => {
    const { 'set-cookie': _own, ...headers } = answer.headers;
    check('the body', answer.body);
    check('the headers', JSON.stringify({ ...headers, location: '' }));
    for (const line of answer.setCookies) {
      check('a cookie', line);
    }
  };

  test('LK-01 LK-02 LK-03 LK-06 LK-07 in any body, header, cookie, event, log line or address, whatever goes wrong', async () => {
    vi.stubEnv('DEBUG', '*');
    vi.stubEnv('NODE_DEBUG', 'kinde');
    const troubles: [string, () => Response | Promise<Response>][] = [
      ['status', () => new Response('<h1>', { status: 500 })],
      [
        'refused',
        () =>
          Response.json(
            { error: 'invalid_grant', error_description: [...secrets].join(' ') },
            { status: 400 },
          ),
      ],
      ['client', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
      ['echo', () => new Response([...secrets].join(' '), { status: 502 })],
      ['network', () => Promise.reject(new TypeError(`failed to send ${[...secrets].at(-1)}`))],
      [
        'malformed',
        () => Response.json({ access_token: 'a', token_type: 'Bearer', id_token: 'x.y.z' }),
      ],
      [
        'redirect',
        () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
      ],
    ];
    for (const [name, trouble] of troubles) {
      for (const headers of [NAVIGATION, { accept: 'application/json' }]) {
        const browser = createBrowser(app, emulator);
        const callback = await browser.callbackFor(ADA);
        const url = new URL(callback, SITE);
        secrets.add(url.searchParams.get('code')!);
        secrets.add(url.searchParams.get('state')!);
        if (name !== 'network') {
          emulator.faults.once('/oauth2/token', trouble);
        }
        checkAnswer(await browser.open(callback, { headers }));
        checkAnswer(await send(app, callback, { headers }));
      }
    }
    const browser = createBrowser(app, emulator);
    checkAnswer(await browser.signIn(ADA));
    for (const path of ['/me', '/private', '/admin', '/user', '/person']) {
      checkAnswer(await browser.open(path));
    }
    vi.useFakeTimers({ now: Date.now() + 86_500_000, toFake: ['Date'] });
    emulator.faults.clear();
    emulator.faults.once(
      '/oauth2/token',
      () => new Response([...secrets].join(' '), { status: 500 }),
    );
    checkAnswer(await browser.open('/private'));
    checkAnswer(await browser.open('/logout', { headers: SAME_SITE }));
    check('a log line', printed.join('\n'));
    const urls = emulator.requests
      .filter(({ path }) => path !== '/oauth2/auth')
      .map(({ path, query }) => path + query);
    check('an address', urls.join('\n'));
    vi.unstubAllEnvs();
  });

  test('SL-11 V50 the caller object shows no token, however it is printed', async () => {
    const kinde = createKinde(optionsFor(emulator, { session: modes[mode]!() }));
    const auth = await signedIn(kinde, emulator);
    for (const text of [
      JSON.stringify(auth),
      inspect(auth, { depth: 5 }),
      `${Object.entries(auth)}`,
      JSON.stringify({ ...auth }),
    ]) {
      check('the caller', text);
    }
    expect(auth.accessToken).toMatch(/^eyJ/);
    expect(auth.idToken).toMatch(/^eyJ/);
  });

  test('SL-12 what a handler does to the caller is gone with the request', async () => {
    const kinde = createKinde(optionsFor(emulator, { session: modes[mode]!() }));
    const auth = await signedIn(kinde, emulator);
    expect(() => ((auth.user as { email: string }).email = 'x')).toThrow(TypeError);
    expect(() => (auth.getClaims()['permissions'] as string[]).push('admin')).toThrow(TypeError);
    expect(auth.getPermission('admin').isGranted).toBe(false);
  });
});

describe('errors', () => {
  test('LK-03 LK-05 an error keeps nothing of the request, the response or somebody’s text', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const kinde = createKinde(optionsFor(emulator));
    const started = await kinde.login({ method: 'GET', url: '/login', headers: new Headers() });
    const back = await emulator.signIn(started.location, { email: ADA });
    const cookie = started.cookies.map((line) => line.split(';')[0]).join('; ');
    const evil = 'line\r\nbreak\u001b[31m';
    emulator.faults.once('/oauth2/token', () =>
      Response.json(
        {
          error: 'invalid_grant',
          error_description: `${evil} ${emulator.env['KINDE_CLIENT_SECRET']}`,
        },
        { status: 400 },
      ),
    );
    const error = await kinde
      .callback({ method: 'GET', url: back.href, headers: new Headers({ cookie }) })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KindeError);
    for (const secret of [
      emulator.env['KINDE_CLIENT_SECRET']!,
      back.searchParams.get('code')!,
      back.searchParams.get('state')!,
      evil,
      '\u001b',
    ]) {
      expect(shown(error)).not.toContain(secret);
    }
  });

  test('LK-04 options that are wrong are named, not shown', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    for (const options of [
      { secret: 'hunter2' },
      { clientSecret: { toString: () => 'hunter2' } },
      { issuer: 'https://u:hunter2@acme.kinde.com' },
    ]) {
      let error: unknown;
      try {
        createKinde(optionsFor(emulator, options as never));
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(KindeError);
      expect(shown(error)).not.toContain('hunter2');
    }
  });

  test('LK-08 in production, pages show neither stack nor versions nor what failed inside', async () => {
    for (const framework of Object.keys(frameworks)) {
      const emulator = await createEmulator({
        strict: true,
        siteUrl: SITE,
        issuer: 'https://acme.kinde.example',
      });
      const app = await frameworks[framework]!(optionsFor(emulator, { production: true }));
      emulator.faults.always(
        '/.well-known/openid-configuration',
        () => new Response('', { status: 404 }),
      );
      const answer = await send(app, '/login', { headers: NAVIGATION });
      expect(answer.status).toBe(502);
      expect(answer.body).not.toMatch(/KINDE_|\.ts|\.js|at \w+ \(|acme\.kinde|http_status/);
      app.close();
    }
  });
});

async function signedIn(kinde: Kinde, emulator: Emulator) {
  const cookieOf = (lines: readonly string[]) => lines.map((line) => line.split(';')[0]).join('; ');
  const started = await kinde.login({ method: 'GET', url: '/login', headers: new Headers() });
  const back = await emulator.signIn(started.location, { email: ADA });
  const done = await kinde.callback({
    method: 'GET',
    url: back.href,
    headers: new Headers({ cookie: cookieOf(started.cookies) }),
  });
  const { auth } = await kinde.authenticate({
    method: 'GET',
    url: '/',
    headers: new Headers({ cookie: cookieOf(done.cookies) }),
  });
  if (!auth.isAuthenticated) {
    throw new Error('not signed in');
  }
  return auth;
}
