import { createEmulator, defaultSeed, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { checkProcess } from '../src/checks/process.js';
import { diagnose, type DiagnoseOptions, type Finding, type Report } from '../src/index.js';
import { settingsOf } from '../src/options.js';

const DISCOVERY = '/.well-known/openid-configuration';
const CLIENT = ['KINDE_MANAGEMENT_CLIENT_ID', 'KINDE_MANAGEMENT_CLIENT_SECRET'] as const;
const NOW = Date.parse('2026-03-01T12:00:00Z') / 1000;
const WITHOUT = { [CLIENT[0]]: '', [CLIENT[1]]: '' };

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator({ strict: true });
  emulator.faults.always(DISCOVERY, async (_request, next) => dated(await next()));
});
afterEach(() => void vi.useRealTimers());

/** The emulator's answer with the time of a server on it. */
function dated(
  answer: Response,
  date = new Date(NOW * 1000).toUTCString(),
  age?: string,
): Response {
  answer.headers.set('date', date);
  if (age) {
    answer.headers.set('age', age);
  }
  return answer;
}

/** A report of the emulator's app with these changes; it never holds a secret or a token, whatever the test is about. */
async function run(
  changes: Record<string, string> = {},
  options: DiagnoseOptions = {},
): Promise<Report> {
  const env = { ...emulator.env, ...changes };
  const tokens: string[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const answer = await emulator.fetch(input, init);
    const text = await answer.clone().text();
    tokens.push(...(text.match(/eyJ[\w.-]+/g) ?? []));
    return answer;
  };
  const report = await diagnose({ env, fetch, now: () => NOW, ...options });
  const text = JSON.stringify(report);
  const secrets = Object.entries(env).flatMap(([name, value]) =>
    /SECRET/.test(name) && value ? [value] : [],
  );
  expect(secrets.length).toBeGreaterThan(0);
  for (const secret of [...secrets, ...tokens]) {
    expect(text).not.toContain(secret);
  }
  expect(JSON.parse(text)).toEqual(report);
  return report;
}

const of = ({ findings }: Report, check: string): readonly Finding[] =>
  findings.filter((one) => one.check === check);
const outcomes = (report: Report, check: string) => of(report, check).map(({ outcome }) => outcome);
const details = (report: Report, check: string) =>
  of(report, check)
    .map(({ detail }) => detail)
    .join('\n');
/** Changes what discovery says. */
const saying = (changes: object) =>
  emulator.faults.always(DISCOVERY, async (_request, next) =>
    Response.json({ ...((await (await next()).json()) as object), ...changes }),
  );
const application = () => emulator.state.applications.find(({ type }) => type === 'reg')!;
const machine = () => emulator.state.applications.find(({ management }) => management)!;

test('an app that is set up right passes every check', async () => {
  const report = await run({}, { tenant: defaultSeed });
  expect(report.ok).toBe(true);
  expect(report.findings.map(({ check, outcome }) => `${check} ${outcome}`)).toEqual([
    'process ok',
    'environment ok',
    'site skipped',
    'cookies ok',
    'discovery ok',
    'discovery ok',
    'clock ok',
    'client ok',
    'management ok',
    'callback-url ok',
    'logout-url ok',
    'drift ok',
    'redis skipped',
    'postgres skipped',
  ]);
});

test('nothing is changed at Kinde', async () => {
  const before = JSON.stringify([
    emulator.state.applications,
    emulator.state.people,
    emulator.state.roles,
  ]);
  await run({}, { tenant: defaultSeed });
  expect(
    JSON.stringify([emulator.state.applications, emulator.state.people, emulator.state.roles]),
  ).toBe(before);
  const writes = emulator.requests.filter(
    ({ method, path }) => method !== 'GET' && path !== '/oauth2/token',
  );
  expect(writes).toEqual([]);
});

describe('environment', () => {
  test('everything that is missing is told at once, and what depends on it is left out with the reason', async () => {
    const report = await diagnose({ env: {} });
    expect(report.ok).toBe(false);
    expect(of(report, 'environment')[0]).toMatchObject({
      outcome: 'warning',
      detail: expect.stringContaining('No KINDE_* variable is set'),
      fix: expect.stringContaining('npx @kindling/emulator'),
    });
    expect(outcomes(report, 'environment').slice(1)).toEqual(Array(5).fill('failed'));
    expect(details(report, 'environment')).toMatch(
      /KINDE_ISSUER_URL.*KINDE_CLIENT_ID.*KINDE_SITE_URL.*SECRET/s,
    );
    expect(of(report, 'discovery')).toEqual([
      {
        check: 'discovery',
        outcome: 'skipped',
        detail: 'Skipped: fix the environment errors above first.',
      },
    ]);
    for (const check of [
      'cookies',
      'clock',
      'client',
      'management',
      'callback-url',
      'logout-url',
      'drift',
    ]) {
      expect(outcomes(report, check)).toEqual(['skipped']);
    }
  });

  test('which variables were read is told by name', async () => {
    expect(of(await run({ KINDE_HOST: emulator.issuer }), 'environment')[0]!.detail).toMatch(
      /^Read: KINDE_ISSUER_URL, KINDE_HOST, KINDE_CLIENT_ID, .*KINDE_MANAGEMENT_CLIENT_SECRET\.$/,
    );
  });

  test('a wrong session type and what else is wrong are told together', async () => {
    const report = await run({ SESSION_TYPE: 'rediss', KINDE_CLIENT_ID: '' });
    expect(details(report, 'environment')).toMatch(/SESSION_TYPE must be one of.*clientId/s);
  });

  test('a session store that the app passes in its code is not missed', async () => {
    expect(outcomes(await run({ SESSION_TYPE: 'redis' }), 'environment')).toEqual(['ok']);
  });

  test('a short session secret fails', async () => {
    const report = await run({ KINDE_SESSION_SECRET: 'hunter2-hunter2' });
    expect(outcomes(report, 'environment')).toEqual(['ok', 'failed']);
    expect(details(report, 'environment')).toContain('32 characters');
  });

  test('two spellings with different values are a warning, with the same value they are not', async () => {
    const report = await run({ KINDE_HOST: 'https://other.kinde.com' });
    expect(report.ok).toBe(true);
    expect(of(report, 'environment')[1]).toEqual({
      check: 'environment',
      outcome: 'warning',
      detail: 'KINDE_ISSUER_URL and KINDE_HOST differ; KINDE_ISSUER_URL is used.',
      fix: 'Unset KINDE_HOST.',
    });
    const same = { KINDE_ISSUER_URL: 'https://acme.kinde.com', KINDE_DOMAIN: 'acme.kinde.com/' };
    expect(outcomes(await run(same), 'environment')).toEqual(['ok']);
  });

  test('one value for the client secret and the session secret is a warning', async () => {
    const report = await run({ KINDE_SESSION_SECRET: emulator.env['KINDE_CLIENT_SECRET']! });
    expect(outcomes(report, 'environment')).toEqual(['ok', 'warning']);
  });

  test('FD-14 a callback on another origin fails, by the variable that was set', async () => {
    const report = await run({
      KINDE_REDIRECT_URI: '',
      KINDE_CALLBACK_URL: 'http://localhost:4999/callback',
    });
    expect(details(report, 'environment')).toMatch(
      /`redirectUri` \(KINDE_CALLBACK_URL\) has another port/,
    );
  });

  test('a variable that looks like one of ours and is not read is a warning', async () => {
    const report = await run({ KINDE_CLIENT_SECRETS: 'misspelt-and-secret' });
    expect(of(report, 'environment')[1]).toMatchObject({
      outcome: 'warning',
      detail: expect.stringContaining('KINDE_CLIENT_SECRETS'),
    });
  });
});

test('FD-12 of a site with a path, the callback and logout URLs below it are looked for', async () => {
  const report = await run({
    KINDE_SITE_URL: 'http://localhost:3000/app/',
    KINDE_REDIRECT_URI: '',
    KINDE_POST_LOGOUT_REDIRECT_URL: '',
  });
  expect(outcomes(report, 'environment')).toEqual(['ok']);
  expect(details(report, 'callback-url')).toContain(
    'http://localhost:3000/app/callback is not a callback URL',
  );
  expect(details(report, 'logout-url')).toContain('http://localhost:3000/app is not a logout URL');
});

describe('process', () => {
  const at = (env: Record<string, string>, version = '24.1.0') =>
    checkProcess(settingsOf({ env }), version).statements.map(({ outcome }) => outcome);

  test('a Node that is not supported fails', () => {
    for (const version of ['18.20.0', '20.18.3', '21.7.3', '22.11.0']) {
      expect(at({}, version)).toEqual(['failed']);
    }
    for (const version of ['20.19.0', '22.12.0', '23.0.0', '26.1.0']) {
      expect(at({}, version)).toEqual(['ok']);
    }
  });

  test('unverified connections are a warning, in production a failure', () => {
    expect(at({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toEqual(['warning']);
    expect(at({ NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_ENV: 'production' })).toEqual(['failed']);
  });

  test('a public site that is not in production is a warning', () => {
    expect(at({ KINDE_SITE_URL: 'https://app.example' })).toEqual(['warning']);
    expect(at({ KINDE_SITE_URL: 'https://app.example', NODE_ENV: 'production' })).toEqual(['ok']);
    expect(at({ KINDE_SITE_URL: 'https://localhost:3000' })).toEqual(['ok']);
    expect(at({ KINDE_SITE_URL: 'https://localhost.app.example' })).toEqual(['warning']);
  });
});

describe('cookies', () => {
  const https = {
    KINDE_SITE_URL: 'https://app.example.com',
    KINDE_REDIRECT_URI: 'https://app.example.com/callback',
  };

  test.each([
    ['on plain http in development', {}, 'ok', /localhost:3000 is on plain http/],
    ['on https', https, 'ok', /__Host-/],
    [
      'shared with subdomains',
      { ...https, KINDE_COOKIE_DOMAIN: 'example.com' },
      'ok',
      /example\.com.*__Secure-/,
    ],
    [
      'on plain http in production',
      { NODE_ENV: 'production' },
      'failed',
      /plain http .* in production/,
    ],
    [
      'of another domain',
      { ...https, KINDE_COOKIE_DOMAIN: 'example.org' },
      'failed',
      /does not cover app.example.com/,
    ],
    [
      'FD-12 of a site with a path',
      {
        KINDE_SITE_URL: 'https://app.example.com/app',
        KINDE_REDIRECT_URI: 'https://app.example.com/app/callback',
      },
      'ok',
      /below \/app of app\.example\.com only \(__Secure-\)/,
    ],
  ] as const)('%s', async (_title, changes, outcome, detail) => {
    const report = await run(changes as Record<string, string>);
    expect(of(report, 'cookies')).toEqual([
      expect.objectContaining({ outcome, detail: expect.stringMatching(detail) }),
    ]);
  });
});

describe('discovery', () => {
  test('a domain that is not there fails, and what needs it is left out', async () => {
    const report = await run({ KINDE_ISSUER_URL: 'https://nowhere.kinde.com' });
    expect(details(report, 'discovery')).toBe('nowhere.kinde.com does not respond: ENOTFOUND.');
    for (const check of ['clock', 'client', 'management']) {
      expect(outcomes(report, check)).toEqual(['skipped']);
    }
  });

  test.each([
    ['another issuer', () => saying({ issuer: 'https://other.kinde.com' }), /issuer_mismatch/],
    [
      'a token endpoint elsewhere',
      () => saying({ token_endpoint: 'https://evil.example/token' }),
      /endpoint_origin/,
    ],
    ['no JSON', () => emulator.faults.always(DISCOVERY, () => new Response('<html>')), /not_json/],
    [
      '404',
      () => emulator.faults.always(DISCOVERY, () => new Response('', { status: 404 })),
      /http_status/,
    ],
    [
      'a redirect',
      () => emulator.faults.always(DISCOVERY, () => Response.redirect('https://evil.example', 302)),
      /redirect/,
    ],
    [
      'too much',
      () => emulator.faults.always(DISCOVERY, () => new Response('x'.repeat(300_000))),
      /more than 262144/,
    ],
  ])('%s in the answer fails, and no secret is sent', async (_title, fault, reason) => {
    emulator.faults.clear();
    fault();
    const report = await run(WITHOUT);
    expect(outcomes(report, 'discovery')).toEqual(['failed']);
    expect(details(report, 'discovery')).toMatch(reason);
    expect(outcomes(report, 'client')).toEqual(['skipped']);
    expect(emulator.requests.some(({ path }) => path === '/oauth2/token')).toBe(false);
  });

  test.each(['KINDE_ISSUER_URL', 'KINDE_DOMAIN'])(
    "Kinde's own site in %s is told apart from the app's domain, and gets no request",
    async (name) => {
      const report = await run({ KINDE_ISSUER_URL: '', [name]: 'https://app.kinde.com' });
      expect(details(report, 'environment')).toMatch(
        new RegExp(`${name}.*https://<your name>\\.kinde\\.com`),
      );
      expect(outcomes(report, 'discovery')).toEqual(['skipped']);
      expect(emulator.requests).toEqual([]);
    },
  );

  test.each([
    ['http://localhost:4455', 'ECONNREFUSED', /npx @kindling\/emulator.*port of KINDE_ISSUER_URL/],
    ['https://localhost.kinde.com', 'ECONNREFUSED', /DNS/],
    ['https://acme.kinde.com', 'SELF_SIGNED_CERT_IN_CHAIN', /NODE_EXTRA_CA_CERTS/],
  ])('where %s is not reached (%s), it is told where to look', async (issuer, code, fix) => {
    const fetch = () => Promise.reject(new TypeError('fetch failed', { cause: { code } }));
    const report = await run({ KINDE_ISSUER_URL: issuer }, { fetch });
    expect(of(report, 'discovery')).toEqual([
      expect.objectContaining({
        detail: expect.stringContaining(code),
        fix: expect.stringMatching(fix),
      }),
    ]);
    expect(
      details(await run({ KINDE_ISSUER_URL: issuer, ...WITHOUT }, { fetch }), 'callback-url'),
    ).toContain('fix the discovery');
  });

  test('a document that changes from one request to the next gets no secret', async () => {
    emulator.faults.once(DISCOVERY, async (_request, next) =>
      Response.json({
        ...((await (await next()).json()) as object),
        token_endpoint: 'https://evil.example/token',
      }),
    );
    const report = await run(WITHOUT);
    expect(details(report, 'discovery')).toContain('differs from one request to the next');
    expect(outcomes(report, 'client')).toEqual(['skipped']);
  });

  test('a domain that never answers is given up on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const pending = run({}, { fetch: () => new Promise<Response>(() => {}) });
    // Once for the app, and once for Kinde.
    await vi.advanceTimersByTimeAsync(20_000);
    expect(details(await pending, 'discovery')).toBe(
      'localhost:4455 does not respond: no answer within 10 seconds.',
    );
  });

  test.each([
    ['missing', () => Response.json({ keys: [] })],
    ['of another kind', () => Response.json({ keys: [{ kty: 'EC', crv: 'P-256' }, null] })],
    ['not to be had', () => new Response('', { status: 503 })],
  ])('keys that are %s fail', async (_title, answer) => {
    emulator.faults.always('/.well-known/jwks', answer);
    expect(outcomes(await run(), 'discovery')).toEqual(['ok', 'failed']);
  });

  test('FD-21 Kinde is asked where the app asks it', async () => {
    const origins = new Set<string>();
    const fetch: typeof globalThis.fetch = (address, init) => {
      const { origin, pathname, search } = new URL(String(address));
      origins.add(origin);
      return emulator.fetch(`${emulator.issuer}${pathname}${search}`, init);
    };
    const report = await run({ KINDE_BACKCHANNEL_URL: 'http://kinde:4455', ...WITHOUT }, { fetch });
    // The site of the app is asked as well.
    expect([...origins].sort()).toEqual(['http://kinde:4455', emulator.env['KINDE_SITE_URL']]);
    expect(outcomes(report, 'discovery')).toEqual(['ok', 'ok']);
    expect([outcomes(report, 'client'), outcomes(report, 'callback-url')]).toEqual([
      ['ok'],
      ['ok'],
    ]);
    const away = () => Promise.reject(new TypeError('fetch failed'));
    const failed = await run(
      { KINDE_BACKCHANNEL_URL: 'http://kinde:4455', ...WITHOUT },
      { fetch: away },
    );
    expect(of(failed, 'discovery')[0]).toMatchObject({
      detail: expect.stringContaining('kinde:4455 does not respond'),
      fix: expect.stringContaining('KINDE_BACKCHANNEL_URL'),
    });
  });

  test('EM-04 KINDE_LOCAL is known, and lets a production build use a local Kinde', async () => {
    const report = await run({ NODE_ENV: 'production', KINDE_LOCAL: 'true' });
    expect(details(report, 'environment')).toContain('KINDE_LOCAL');
    expect(outcomes(report, 'environment')).not.toContain('failed');
    expect(outcomes(report, 'discovery')).toEqual(['ok', 'ok']);
  });

  test('a local Kinde is called what it is, and fails in production', async () => {
    expect(details(await run(), 'discovery')).toContain('is a local Kinde');
    emulator = await createEmulator({
      strict: true,
      issuer: 'https://acme.kinde.com',
      siteUrl: 'https://app.example',
    });
    const report = await run({ NODE_ENV: 'production' });
    expect(details(report, 'discovery')).toContain('emulator_in_production');
  });

  test.each([
    ['https://acme.kinde.com', 'acme.kinde.com is a Kinde domain, on https'],
    ['https://auth.acme.example', 'auth.acme.example is a custom domain, on https'],
  ])('%s is told apart', async (issuer, detail) => {
    emulator = await createEmulator({ strict: true, issuer, siteUrl: 'https://app.example' });
    saying({ kindling_emulator: false });
    const report = await run({ NODE_ENV: 'production' });
    expect(details(report, 'discovery')).toContain(detail);
  });
});

describe('clock', () => {
  test.each([
    ['the same', 0, 'ok'],
    ['a little ahead', 45, 'warning'],
    ['a little behind', -45, 'warning'],
    ['far ahead', 120, 'failed'],
    ['far behind', -120, 'failed'],
  ])('%s', async (_title, apart, outcome) => {
    const report = await run({}, { now: () => NOW + apart });
    expect(outcomes(report, 'clock')).toEqual([outcome]);
    if (apart) {
      expect(details(report, 'clock')).toContain(
        `${Math.abs(apart)} seconds ${apart < 0 ? 'behind' : 'ahead'}`,
      );
    }
  });

  test('an answer from a cache on the way is as old as the cache says', async () => {
    emulator.faults.clear();
    emulator.faults.always(DISCOVERY, async (_request, next) =>
      dated(await next(), new Date((NOW - 300) * 1000).toUTCString(), '300'),
    );
    expect(outcomes(await run(), 'clock')).toEqual(['ok']);
  });

  test('without a date there is nothing to compare', async () => {
    emulator.faults.clear();
    expect(outcomes(await run(), 'clock')).toEqual(['skipped']);
  });
});

describe('client', () => {
  const wrong = 'w'.repeat(48);

  test('a wrong secret fails, and addresses cannot be tried then', async () => {
    const report = await run({ KINDE_CLIENT_SECRET: wrong, ...WITHOUT });
    expect(outcomes(report, 'client')).toEqual(['failed']);
    expect(details(report, 'callback-url')).toContain('fix the discovery or client errors');
  });

  test('credentials of another local Kinde, or of a state that was deleted, are told as such', async () => {
    const report = await run({ KINDE_CLIENT_SECRET: wrong });
    expect(of(report, 'client')[0]).toMatchObject({
      detail: expect.stringContaining('a state of it that was deleted'),
      fix: expect.stringContaining('restart your app'),
    });
  });

  test('a client id that Kinde does not know fails', async () => {
    expect(outcomes(await run({ KINDE_CLIENT_ID: 'unknown' }), 'client')).toEqual(['failed']);
  });

  test('a missing secret fails where the application has one, and passes where it has none', async () => {
    const report = await run({ KINDE_CLIENT_SECRET: '' });
    expect(of(report, 'client')[0]).toMatchObject({
      outcome: 'failed',
      fix: expect.stringContaining('KINDE_CLIENT_SECRET'),
    });
    delete application().clientSecret;
    expect(of(await run({ KINDE_CLIENT_SECRET: '' }), 'client')[0]).toMatchObject({
      outcome: 'ok',
      detail: expect.stringContaining('no secret'),
    });
  });

  test.each([
    ['unauthorized_client', 400, 'failed'],
    ['unsupported_grant_type', 400, 'failed'],
    ['slow_down', 429, 'skipped'],
    ['server_error', 500, 'warning'],
  ])('the answer %s with status %i', async (error, status, outcome) => {
    emulator.faults.always('/oauth2/token', () => Response.json({ error }, { status }));
    expect(outcomes(await run(WITHOUT), 'client')).toEqual([outcome]);
  });

  test('a token endpoint that breaks off fails; one that redirects is not followed', async () => {
    emulator.faults.once('/oauth2/token', () => {
      throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
    });
    expect(details(await run(WITHOUT), 'client')).toContain('ECONNRESET');
    const asked: string[] = [];
    emulator.faults.once('/oauth2/token', () =>
      Response.redirect('https://evil.example/token', 307),
    );
    const fetch: typeof globalThis.fetch = (input, init) => {
      const { origin } = new URL(new Request(input, init).url);
      if (origin !== 'http://localhost:3000') {
        asked.push(origin);
      }
      expect(init?.redirect).toBe('manual');
      return emulator.fetch(input, init);
    };
    expect(outcomes(await run(WITHOUT, { fetch }), 'client')).toEqual(['warning']);
    expect([...new Set(asked)]).toEqual([emulator.issuer]);
  });
});

describe('management', () => {
  test('without credentials it is left out, with one of two it fails', async () => {
    expect(outcomes(await run(WITHOUT), 'management')).toEqual(['skipped']);
    const report = await run({ [CLIENT[1]]: '' });
    expect(outcomes(report, 'management')).toEqual(['failed']);
    expect(details(report, 'management')).toContain(CLIENT[1]);
  });

  test('credentials that Kinde does not know fail once', async () => {
    const report = await run({ [CLIENT[1]]: 'w'.repeat(48) }, { tenant: defaultSeed });
    expect(outcomes(report, 'management')).toEqual(['failed']);
    expect(details(report, 'management')).toContain('401, invalid_client');
    expect(outcomes(report, 'drift')).toEqual(['skipped']);
  });

  test('every scope that is missing is named, and the rest is looked at', async () => {
    machine().management = ['read:applications_redirect_uris', 'read:roles'];
    const report = await run({}, { tenant: defaultSeed });
    expect(outcomes(report, 'management')).toEqual([
      'ok',
      'warning',
      'warning',
      'warning',
      'warning',
    ]);
    for (const scope of [
      'application_logout_uris',
      'permissions',
      'role_permissions',
      'environment_feature_flags',
    ]) {
      expect(details(report, 'management')).toContain(`The scope read:${scope} is missing.`);
    }
    expect(details(report, 'callback-url')).toMatch(/is registered\.$/);
    expect(details(report, 'logout-url')).toContain('Kinde redirects there');
    expect(outcomes(report, 'drift')).toEqual(['skipped']);
    expect(report.ok).toBe(true);
  });

  test('a custom domain has no Management API, and gets no credentials', async () => {
    emulator = await createEmulator({
      strict: true,
      issuer: 'https://auth.acme.example',
      siteUrl: 'https://app.example',
    });
    const report = await run();
    expect(of(report, 'management')).toEqual([
      expect.objectContaining({
        outcome: 'failed',
        fix: expect.stringContaining('KINDE_MANAGEMENT_DOMAIN'),
      }),
    ]);
    expect(emulator.requests.filter(({ path }) => path === '/oauth2/token')).toHaveLength(1);
  });

  test('an application of another environment fails', async () => {
    const report = await run({ KINDE_CLIENT_ID: 'unknown' });
    expect(outcomes(report, 'management')).toEqual(['ok', 'failed']);
    expect(details(report, 'management')).toContain('no application with this client ID');
  });

  test('an API that is down fails with its status', async () => {
    emulator.faults.always('/api/v1/permissions', () => Response.json({}, { status: 500 }));
    const report = await run({}, { tenant: defaultSeed });
    expect(outcomes(report, 'management')).toEqual(['ok', 'failed']);
    expect(details(report, 'management')).toContain('GET /api/v1/permissions failed: refused (500');
  });

  test('lists that are empty in the way of the live service are lists', async () => {
    emulator = await createEmulator({
      strict: true,
      seed: { permissions: {}, roles: {}, flags: {} },
      management: { mode: 'observed' },
    });
    const report = await run({}, { tenant: { permissions: {}, roles: {}, flags: {} } });
    expect(details(report, 'drift')).toBe('All 0 permissions, roles and flags are as declared.');
  });
});

describe('callback and logout URLs', () => {
  const register = (...urls: string[]) => Object.assign(application(), { redirectUris: urls });

  test.each([
    ['http://localhost:3000/callback/', 'the slash at its end'],
    ['https://localhost:3000/callback', 'http or https'],
    ['http://127.0.0.1:3000/callback', 'localhost or 127.0.0.1'],
    ['http://localhost:3000/Callback', 'upper and lower case'],
    ['http://localhost:8000/callback', 'its port'],
  ])('with %s registered, it is told that only %s differs', async (registered, difference) => {
    register('https://app.example/callback', registered);
    const report = await run();
    expect(outcomes(report, 'callback-url')).toEqual(['failed']);
    expect(details(report, 'callback-url')).toContain(
      `which has 2; one differs only in ${difference}`,
    );
  });

  test('a local Kinde is told to be started for this site', async () => {
    register();
    expect(of(await run(), 'callback-url')[0]).toMatchObject({
      fix: expect.stringContaining('npx @kindling/emulator --site http://localhost:3000'),
    });
  });

  test('with nothing like it registered, it is told how many there are', async () => {
    register('https://app.example/callback');
    expect(details(await run(), 'callback-url')).toContain('this application, which has 1.');
  });

  test('a star that Kinde allows is understood, one that it does not is not', async () => {
    const preview = {
      KINDE_SITE_URL: 'https://pr-7.preview.example',
      KINDE_REDIRECT_URI: 'https://pr-7.preview.example/callback',
      KINDE_POST_LOGOUT_REDIRECT_URL: 'https://pr-7.preview.example',
    };
    for (const [entry, outcome] of [
      ['https://pr-*.preview.example/callback', 'ok'],
      ['https://*.preview.example/callback', 'ok'],
      ['https://pr-*.preview.example/*', 'failed'],
      ['https://pr-7.*.example/callback', 'failed'],
    ] as const) {
      register(entry);
      expect(outcomes(await run(preview), 'callback-url'), entry).toEqual([outcome]);
      expect(
        outcomes(await run({ ...preview, ...WITHOUT }), 'callback-url'),
        `${entry}, tried`,
      ).toEqual([outcome]);
    }
  });

  test('without credentials Kinde is asked to return there, and shows a page where it would not', async () => {
    const fine = await run(WITHOUT);
    expect([details(fine, 'callback-url'), details(fine, 'logout-url')]).toEqual([
      'http://localhost:3000/callback is registered: Kinde redirects there.',
      'http://localhost:3000 is registered: Kinde redirects there.',
    ]);
    Object.assign(application(), { redirectUris: [], logoutUris: [] });
    const wrong = await run(WITHOUT);
    expect([...outcomes(wrong, 'callback-url'), ...outcomes(wrong, 'logout-url')]).toEqual([
      'failed',
      'failed',
    ]);
  });

  test('an API that the application is not authorized for does not make the address look wrong', async () => {
    const report = await run({ ...WITHOUT, KINDE_AUDIENCE: 'https://unknown.example' });
    expect(outcomes(report, 'callback-url')).toEqual(['ok']);
  });

  test('an answer that tells nothing is left at that', async () => {
    for (const path of ['/oauth2/auth', '/logout']) {
      emulator.faults.always(path, () => new Response('Hello'));
    }
    const report = await run(WITHOUT);
    expect([...outcomes(report, 'callback-url'), ...outcomes(report, 'logout-url')]).toEqual([
      'skipped',
      'skipped',
    ]);
  });

  test('what hides in an address is not shown', async () => {
    const report = await run({
      KINDE_REDIRECT_URI: 'http://localhost:3000/callback?key=hidden-in-the-query',
    });
    expect(JSON.stringify(report)).not.toContain('hidden-in-the-query');
  });
});

describe('drift', () => {
  test('what is missing at Kinde or different there fails, what is not declared is a warning', async () => {
    emulator.state.permissions['export:todos'] = { id: 'p1', name: 'Export', description: '' };
    const report = await run(
      {},
      {
        tenant: {
          permissions: { ...defaultSeed.permissions, 'archive:todos': 'Put away' },
          roles: { ...defaultSeed.roles, viewer: { permissions: [] } },
          flags: { ...defaultSeed.flags, theme: { type: 'b', value: true } },
        },
      },
    );
    expect(of(report, 'drift').map(({ outcome, detail }) => `${outcome}: ${detail}`)).toEqual([
      'failed: The permission archive:todos is declared but does not exist at Kinde.',
      'warning: The permission export:todos exists at Kinde but is not declared.',
      'failed: The role viewer also has read:todos at Kinde.',
      'failed: The flag theme is declared with type b but has type s at Kinde.',
    ]);
  });

  test('without a tenant there is nothing to compare', async () => {
    expect(of(await run(), 'drift')).toEqual([
      {
        check: 'drift',
        outcome: 'skipped',
        detail: expect.any(String),
        fix: expect.stringContaining('--tenant'),
      },
    ]);
  });

  test('what Kinde sends cannot steer a terminal, nor bring a secret back', async () => {
    const secret = emulator.env['KINDE_CLIENT_SECRET']!;
    emulator.state.permissions[`\u001b[2Jkey\u202e ${secret}`] = {
      id: 'p1',
      name: 'Strange',
      description: '',
    };
    const report = await run({}, { tenant: defaultSeed });
    expect(details(report, 'drift')).toBe(
      'The permission  [2Jkey  [redacted] exists at Kinde but is not declared.',
    );
  });
});

test.each([
  ['a tenant without roles', { tenant: { permissions: {}, flags: {} } }],
  [
    'a tenant whose role has no permissions',
    { tenant: { permissions: {}, roles: { admin: {} }, flags: {} } },
  ],
  ['a fetch that is no function', { fetch: 'yes' }],
  ['a clock that is no function', { now: 5 }],
])('%s is wrong usage, which is thrown', async (_title, options) => {
  await expect(diagnose(options as never)).rejects.toThrow(TypeError);
});
