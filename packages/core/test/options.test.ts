import { describe, expect, test } from 'vitest';
import { createKinde, KindeError, optionsFromEnv, type KindeOptions } from '../src/index.js';

const good: KindeOptions = {
  issuer: 'https://acme.kinde.com',
  clientId: 'client',
  clientSecret: 'hush-hush-hush',
  siteUrl: 'https://app.example',
  secret: '0123456789abcdefghijklmnopqrstuvwxyz',
  production: true,
};

const problemsOf = (options: object): readonly string[] => {
  try {
    createKinde({ ...good, ...options } as KindeOptions);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(KindeError);
    expect((error as KindeError).code).toBe('config_invalid');
    return (error as KindeError).problems;
  }
};

describe('options', () => {
  test('good ones make a frozen instance and ask nobody anything', () => {
    const kinde = createKinde({ ...good, fetch: () => Promise.reject(new Error('no network at start-up')) });
    expect(Object.isFrozen(kinde)).toBe(true);
    expect(kinde.routes.map(({ path }) => path)).toContain('/callback');
  });

  test('CF-11 every problem is reported at once, by option and variable', () => {
    const problems = problemsOf({ issuer: undefined, clientId: '', siteUrl: 'app.example', secret: 'secret' });
    expect(problems).toHaveLength(4);
    expect(problems.join(' ')).toMatch(/KINDE_ISSUER_URL.*KINDE_CLIENT_ID.*KINDE_SITE_URL.*KINDE_SESSION_SECRET/);
  });

  test.each([undefined, '', 'secret', 'a'.repeat(32), 'ab'.repeat(20), [good.secret, 'short'], []])(
    'CF-01 the secret %j is refused',
    (secret) => {
      expect(problemsOf({ secret })).toHaveLength(1);
    },
  );

  test('CF-01 LK-04 no value is repeated in the message', () => {
    const values = { secret: 'hunter2hunter2', clientSecret: 5, issuer: 'https://user:swordfish@acme.kinde.com' };
    expect(problemsOf(values).join(' ')).not.toMatch(/hunter2|swordfish/);
  });

  test.each([
    ['CF-02', 'http://acme.kinde.com', false],
    ['CF-03', 'http://127.0.0.1:9001', true],
    ['CF-04', 'https://169.254.169.254', true],
    ['CF-04', 'https://localhost', true],
    ['CF-04', 'https://10.0.0.1', true],
    ['CF-04', 'https://[::1]', true],
    ['CF-04', 'https://[fd00::1]', true],
    ['CF-06', 'https://acme.kinde.com/..', true],
    ['CF-06', 'https://acme.kinde.com/path', true],
    ['CF-06', 'https://acme.kinde.com?x', true],
    ['CF-06', 'https://acme.kinde.com#x', true],
    ['CF-06', 'https://a:b@acme.kinde.com', true],
    ['CF-06', 'https://acme.kinde.com:22', true],
  ])('%s the issuer %s is refused', (_id, issuer, production) => {
    expect(problemsOf({ issuer, production })).toHaveLength(1);
  });

  test('an issuer on this machine is fine in development', () => {
    expect(problemsOf({ issuer: 'http://localhost:4455', production: false })).toEqual([]);
  });

  test.each([
    'http://app.example',
    'https://app.example/../',
    'https://u:p@app.example',
    'https://app.example  ',
    'app.example',
  ])('CF-08 the site %j is refused', (siteUrl) => expect(problemsOf({ siteUrl })).toHaveLength(1));

  test('CF-09 a misspelt option is refused, with what was probably meant', () => {
    expect(problemsOf({ sesion: {} })).toEqual(['`sesion` is not an option; did you mean `session`?']);
    expect(problemsOf({ session: { maxage: 5 } })).toEqual([
      '`session.maxage` is not an option; did you mean `session.maxAge`?',
    ]);
    expect(problemsOf({ paths: { signin: '/x' } })).toEqual([
      '`paths.signin` is not an option; did you mean `paths.login`?',
    ]);
  });

  test.each([
    { maxAge: -1 },
    { maxAge: NaN },
    { maxAge: Infinity },
    { maxAge: 401 * 86400 },
    { idle: 7200, maxAge: 3600 },
  ])('CF-13 %j is refused', (session) => {
    expect(problemsOf({ session }).length).toBeGreaterThan(0);
  });

  test.each(['a b', 'a=b', 'a;b', 'a\r\nb', '', 'ä', '__Host-x'])(
    'CF-14 SC-23 the cookie name %j is refused',
    (cookie) => {
      expect(problemsOf({ session: { cookie } })).toHaveLength(1);
    },
  );

  test.each(['a; Secure', 'other.example', '', 'localhost'])('CF-14 the cookie domain %j is refused', (domain) => {
    expect(problemsOf({ session: { domain } })).toHaveLength(1);
  });

  test.each([86400, 300, -1, NaN])('CF-15 a clock tolerance of %j is refused', (clockTolerance) => {
    expect(problemsOf({ clockTolerance })).toHaveLength(1);
  });

  test('DS-02 no option is taken from Object.prototype', () => {
    const polluted = Object.prototype as unknown as Record<string, unknown>;
    polluted['audience'] = 5;
    polluted['clockTolerance'] = 86400;
    try {
      expect(problemsOf({})).toEqual([]);
    } finally {
      delete polluted['audience'];
      delete polluted['clockTolerance'];
    }
  });
});

describe('the environment', () => {
  const env = {
    KINDE_ISSUER_URL: 'https://acme.kinde.com/',
    KINDE_CLIENT_ID: 'client',
    KINDE_CLIENT_SECRET: 'hush',
    KINDE_SITE_URL: 'https://app.example',
    KINDE_SESSION_SECRET: good.secret as string,
  };

  test('gives every required option', () => {
    expect(optionsFromEnv(env)).toMatchObject({
      issuer: 'https://acme.kinde.com',
      clientId: 'client',
      clientSecret: 'hush',
      siteUrl: 'https://app.example',
    });
    expect(() => createKinde(optionsFromEnv(env))).not.toThrow();
  });

  test.each([
    ['issuer', { KINDE_HOST: 'https://a.kinde.com' }, 'https://a.kinde.com'],
    ['issuer', { KINDE_DOMAIN: 'a.kinde.com' }, 'https://a.kinde.com'],
    ['redirectUri', { KINDE_REDIRECT_URL: 'https://x.example/cb' }, 'https://x.example/cb'],
    ['redirectUri', { KINDE_CALLBACK_URL: 'https://x.example/cb' }, 'https://x.example/cb'],
    ['siteUrl', { SITE_URL: 'https://x.example' }, 'https://x.example'],
    ['siteUrl', { SITE_HOST: 'localhost', SITE_PORT: '3000' }, 'http://localhost:3000'],
    ['siteUrl', { SITE_PORT: '8000' }, 'http://127.0.0.1:8000'],
    ['siteUrl', { KINDE_REDIRECT_URI: 'https://x.example/api/auth/kinde_callback' }, 'https://x.example'],
    ['postLogoutRedirectUri', { LOGOUT_REDIRECT_URL: 'https://x.example/bye' }, 'https://x.example/bye'],
    ['postLogoutRedirectUri', { KINDE_LOGOUT_REDIRECT_URI: 'https://x.example/bye' }, 'https://x.example/bye'],
    ['secret', { SECRET_KEY: 's' }, 's'],
    ['secret', { SESSION_SECRET: 's' }, 's'],
    ['audience', { KINDE_AUDIENCE: 'https://a, https://b' }, ['https://a', 'https://b']],
    ['scope', { KINDE_SCOPES: 'openid,email' }, 'openid email'],
    ['session', { SESSION_PERMANENT: 'False' }, { persistent: false }],
    ['session', { SESSION_TYPE: 'memory' }, { store: expect.anything() }],
    ['session', { KINDE_COOKIE_DOMAIN: 'x.example' }, { domain: 'x.example' }],
  ])('%s is read from %j', (option, more, value) => {
    expect(optionsFromEnv(more)).toMatchObject({ [option]: value });
  });

  test('options win over it', () => {
    expect(optionsFromEnv(env, { clientId: 'other', session: { idle: 60 } })).toMatchObject({
      clientId: 'other',
      session: { idle: 60 },
    });
  });

  test('unknown words are refused with a guess', () => {
    expect(() => optionsFromEnv({ ...env, SESSION_TYPE: 'memroy' })).toThrow(/SESSION_TYPE.*did you mean memory/s);
    expect(() => optionsFromEnv({ ...env, GRANT_TYPE: 'PASSWORD' })).toThrow(/GRANT_TYPE/);
    expect(() => optionsFromEnv({ ...env, GRANT_TYPE: 'AUTHORIZATION_CODE_WITH_PKCE' })).not.toThrow();
  });

  test('CF-10 it is read when asked and never again', () => {
    const changing: Record<string, string> = { ...env };
    const options = optionsFromEnv(changing);
    changing['KINDE_ISSUER_URL'] = 'https://evil.example';
    expect(options.issuer).toBe('https://acme.kinde.com');
  });

  test('the callback route follows the redirect URI', () => {
    const kinde = createKinde(
      optionsFromEnv({ ...env, KINDE_REDIRECT_URI: 'https://app.example/api/auth/kinde_callback' }),
    );
    expect(kinde.routes.map(({ path }) => path)).toContain('/api/auth/kinde_callback');
  });
});
