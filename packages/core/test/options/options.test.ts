import { describe, expect, test } from 'vitest';
import { resolveConfig } from '../../src/options/config.js';
import {
  createKinde,
  KindeError,
  memoryStore,
  optionsFromEnv,
  type KindeOptions,
} from '../../src/index.js';

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
    const kinde = createKinde({
      ...good,
      fetch: () => Promise.reject(new Error('no network at start-up')),
    });
    expect(Object.isFrozen(kinde)).toBe(true);
    expect(kinde.routes.map(({ path }) => path)).toContain('/callback');
  });

  test('CF-11 every problem is reported at once, by option; of what is missing, with the variable to set', () => {
    const problems = problemsOf({
      issuer: undefined,
      clientId: '',
      siteUrl: 'app.example',
      secret: 'secret',
    });
    expect(problems).toEqual([
      '`issuer` (KINDE_ISSUER_URL) is missing.',
      '`clientId` (KINDE_CLIENT_ID) is missing.',
      expect.stringMatching(/^`siteUrl` must be an absolute URL such as https:\/\/app\.example\.$/),
      expect.stringMatching(/^`secret` must be 32 characters/),
    ]);
  });

  test.each([undefined, '', 'secret', 'a'.repeat(32), 'ab'.repeat(20), [good.secret, 'short'], []])(
    'CF-01 the secret %j is refused',
    (secret) => {
      expect(problemsOf({ secret })).toHaveLength(1);
    },
  );

  test('CF-01 LK-04 no value is repeated in the message', () => {
    const values = {
      secret: 'hunter2hunter2',
      clientSecret: 5,
      issuer: 'https://user:swordfish@acme.kinde.com',
    };
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
    expect(problemsOf({ sesion: {} })).toEqual([
      '`sesion` is not an option; did you mean `session`?',
    ]);
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

  test.each(['a; Secure', 'other.example', '', 'localhost'])(
    'CF-14 the cookie domain %j is refused',
    (domain) => {
      expect(problemsOf({ session: { domain } })).toHaveLength(1);
    },
  );

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

const configOf = (options: object) => resolveConfig({ ...good, ...options } as KindeOptions);

describe('FD-12 an app below a path of its host', () => {
  const site = 'https://app.example/app';

  test.each([site, `${site}/`, 'HTTPS://APP.EXAMPLE:443/app'])(
    'is the site %s, and everything follows',
    (siteUrl) => {
      expect(configOf({ siteUrl })).toMatchObject({
        siteUrl: 'https://app.example',
        basePath: '/app',
        redirectUri: `${site}/callback`,
        postLogoutRedirectUri: site,
        paths: {
          login: '/app/login',
          callback: '/app/callback',
          logout: '/app/logout',
          user: '/app/user',
        },
        returnRules: { home: `${site}/`, origins: ['https://app.example'], fallback: `${site}/` },
        session: { path: '/app', cookie: expect.stringMatching(/^__Secure-kinde-[0-9a-z]{6}$/) },
      });
      expect(configOf({ siteUrl }).returnRules.avoid).toEqual(
        [
          'login',
          'register',
          'logout',
          'callback',
          'create-organization',
          'switch-organization',
        ].map((name) => `/app/${name}`),
      );
    },
  );

  test('without a path, nothing is different from before', () => {
    expect(configOf({ siteUrl: 'https://app.example/' })).toMatchObject({
      siteUrl: 'https://app.example',
      basePath: '',
      redirectUri: 'https://app.example/callback',
      postLogoutRedirectUri: 'https://app.example',
      paths: { login: '/login', callback: '/callback' },
      returnRules: { home: 'https://app.example/', fallback: 'https://app.example/' },
      // A mark of six characters: users of an earlier version stay signed in.
      session: { path: '/', cookie: '__Host-kinde-vkxhts' },
    });
  });

  test('has a cookie name of its own beside other apps of the host, whatever the client', () => {
    const names = ['https://app.example', site, `${site}/two`, 'https://app.example/other'].map(
      (siteUrl) => configOf({ siteUrl }).session.cookie,
    );
    expect(new Set(names).size).toBe(4);
  });

  test('has all routes below it: renamed ones, webhooks and back-channel logout, too; those left out stay out', () => {
    const webhooks = { path: '/hooks', handle: () => Promise.reject(new Error('not called')) };
    const paths = { login: '/in', callback: '/back', backchannelLogout: '/bye', user: false };
    const config = configOf({ siteUrl: site, webhooks, paths, session: { store: memoryStore() } });
    expect(config.redirectUri).toBe(`${site}/back`);
    expect(config.paths).toMatchObject({
      login: '/app/in',
      callback: '/app/back',
      webhooks: '/app/hooks',
      backchannelLogout: '/app/bye',
      user: undefined,
    });
    expect(configOf({ siteUrl: site, paths: { callback: false } })).toMatchObject({
      redirectUri: `${site}/callback`,
      paths: { callback: undefined, webhooks: undefined },
    });
  });

  test.each([
    ['/', 'https://app.example/'],
    ['/other', 'https://app.example/other'],
    ['todos', `${site}/todos`],
    ['todos?page=ü', `${site}/todos?page=%C3%BC`],
    ['https://app.example/x', 'https://app.example/x'],
  ])('lands on %j as a browser on its home page would', (postLoginRedirect, fallback) => {
    expect(configOf({ siteUrl: site, postLoginRedirect }).returnRules.fallback).toBe(fallback);
  });

  test.each([
    ['a callback URL outside', { redirectUri: 'https://app.example/callback' }, 'redirectUri'],
    [
      'a callback URL beside it',
      { redirectUri: 'https://app.example/application/callback' },
      'redirectUri',
    ],
    ['a callback URL that is the site', { redirectUri: `${site}/` }, 'redirectUri'],
    ['a path that repeats it', { paths: { login: '/app/login' } }, 'paths.login'],
    ['a path that is it', { paths: { user: '/app' } }, 'paths.user'],
    [
      'webhooks that repeat it',
      { webhooks: { path: '/app/hooks', handle: () => Promise.reject(new Error('not called')) } },
      'webhooks.path',
    ],
    [
      'two callbacks',
      { redirectUri: `${site}/one`, paths: { callback: '/two' } },
      'paths.callback',
    ],
  ])('%s is a contradiction, told at start-up', (_title, options, option) => {
    expect(problemsOf({ siteUrl: site, ...options })).toEqual([
      expect.stringMatching(new RegExp(`^\`${option}\` .*(siteUrl|redirectUri)`)),
    ]);
  });

  test.each([
    'https://app.example//app',
    'https://app.example/app//',
    'https://app.example/app/../x',
    'https://app.example/./app',
    'https://app.example/%2e%2e/app',
    'https://app.example/app?x',
    'https://app.example/app#',
    'https://app.example/äpp',
    'https://app.example/app;x',
    'https://app.example/:app',
    'https:///app',
    'https:\\\\app.example\\app',
  ])('CF-08 the site %s is refused', (siteUrl) => {
    expect(problemsOf({ siteUrl })).toEqual([
      expect.stringContaining('`siteUrl` must be an origin, or an origin and'),
    ]);
  });
});

describe('FD-14 URLs of the app that are somewhere else', () => {
  test.each([
    ['https://other.example/callback', 'host'],
    ['https://app.example:8443/callback', 'port'],
    ['https://app.example.evil.example/callback', 'host'],
    ['http://localhost:3000/callback', 'scheme'],
  ])('the callback URL %s has another %s than the site', (redirectUri, part) => {
    expect(problemsOf({ redirectUri })).toEqual([
      expect.stringContaining(`has another ${part} than \`siteUrl\``),
    ]);
  });

  test('127.0.0.1 is another host than localhost, as it is for the browser', () => {
    const local = { siteUrl: 'http://localhost:3000', production: false };
    expect(problemsOf({ ...local, redirectUri: 'http://127.0.0.1:3000/callback' })).toHaveLength(1);
    expect(problemsOf({ ...local, redirectUri: 'http://localhost:3000/callback' })).toEqual([]);
  });

  test.each(['redirectUri', 'postLoginRedirect', 'postLogoutRedirectUri'])(
    '%s over plain http is refused',
    (option) => {
      for (const production of [true, false]) {
        expect(problemsOf({ production, [option]: 'http://app.example/x' })).toEqual([
          `\`${option}\` must use https; http is for localhost only.`,
        ]);
      }
    },
  );

  test.each([
    ['redirectUri', '/callback'],
    ['redirectUri', 'https://app.example'],
    ['redirectUri', 'https://app.example/callback#x'],
    ['redirectUri', 'https://app.example/:any'],
    ['redirectUri', 'https://u:p@app.example/callback'],
    ['redirectUri', `https://app.example/${'x'.repeat(1024)}`],
    ['postLogoutRedirectUri', '/bye'],
    ['postLogoutRedirectUri', 'blob:https://app.example/x'],
    ['postLoginRedirect', 'https://'],
    ['postLoginRedirect', '//evil.example'],
    ['postLoginRedirect', '/\\evil.example'],
    ['postLoginRedirect', 'javascript:alert(1)'],
    ['postLoginRedirect', 5],
    ['postLoginRedirect', `/${'ü'.repeat(200)}`],
  ])('%s %j is refused', (option, value) => {
    expect(problemsOf({ [option]: value })).toEqual([expect.stringContaining(`\`${option}\` `)]);
  });

  test('after signing in and out, users may land on a return origin; the callback may not be there', () => {
    const elsewhere = 'https://docs.example/x';
    const returnOrigins = ['https://docs.example/'];
    for (const option of ['postLoginRedirect', 'postLogoutRedirectUri']) {
      expect(problemsOf({ [option]: elsewhere })).toEqual([
        expect.stringContaining('not in `returnOrigins`'),
      ]);
      expect(problemsOf({ [option]: elsewhere, returnOrigins })).toEqual([]);
      expect(problemsOf({ [option]: elsewhere, trustedOrigins: returnOrigins })).toHaveLength(1);
    }
    expect(problemsOf({ redirectUri: elsewhere, returnOrigins })).toHaveLength(1);
    expect(configOf({ returnOrigins }).returnRules.origins).toEqual([
      'https://app.example',
      'https://docs.example',
    ]);
  });

  test('a site on localhost may say that it is in production', () => {
    expect(problemsOf({ siteUrl: 'http://localhost:3000', production: true })).toEqual([]);
  });

  test('FD-23 a site in the local network is refused, with the way to open it from other devices', () => {
    expect(problemsOf({ siteUrl: 'http://192.168.1.20:3000', production: false })).toEqual([
      expect.stringMatching(/^`siteUrl` must use https.*other devices.*tunnel/),
    ]);
  });
});

describe('trusted origins', () => {
  test('FD-11 are none by default, and exact ones where they are given', () => {
    expect(configOf({ returnOrigins: ['https://spa.example'] }).trustedOrigins).toEqual([]);
    const trustedOrigins = ['https://SPA.example:443/', 'http://localhost:5173'];
    const config = configOf({ trustedOrigins });
    expect(config.trustedOrigins).toEqual(['https://spa.example', 'http://localhost:5173']);
    expect(config.returnRules.origins).toEqual(['https://app.example']);
    expect(Object.isFrozen(config.trustedOrigins)).toBe(true);
  });

  test.each([
    '*',
    'null',
    '',
    'https://*.example',
    'https://spa.example/x',
    'http://spa.example',
    'spa.example',
    5,
  ])('FD-16 %j is none', (origin) => {
    for (const option of ['trustedOrigins', 'returnOrigins']) {
      expect(problemsOf({ [option]: [origin] })).toEqual([
        expect.stringContaining(`\`${option}\` `),
      ]);
    }
  });

  test('a text instead of a list is refused', () => {
    for (const option of ['trustedOrigins', 'returnOrigins']) {
      expect(problemsOf({ [option]: 'https://spa.example' })).toEqual([
        `\`${option}\` must be a list of origins.`,
      ]);
    }
  });
});

describe('cookies', () => {
  test('FD-02 the bytes of one response are 3,800, or a whole number from 1,500 to 12,000', () => {
    expect(configOf({}).session.cookieBytes).toBe(3800);
    for (const cookieBytes of [1500, 12000]) {
      expect(configOf({ session: { cookieBytes } }).session.cookieBytes).toBe(cookieBytes);
    }
    for (const cookieBytes of [1499, 12001, 2000.5, NaN, '3800', null]) {
      expect(problemsOf({ session: { cookieBytes } })).toEqual([
        '`session.cookieBytes` must be a whole number of bytes from 1500 to 12000.',
      ]);
    }
  });

  test('FD-23 for iframes of other sites there are none: the error says why, and what decides the rest', () => {
    expect(problemsOf({ session: { sameSite: 'none' } })).toEqual([
      expect.stringMatching(/^`session\.sameSite` is not an option: .*SameSite=Lax.*iframe/),
    ]);
    expect(problemsOf({ session: { path: '/app' } })).toEqual([
      '`session.path` is not an option: it is the path of `siteUrl`.',
    ]);
  });

  const local = { siteUrl: 'http://localhost:3000', production: false };
  const sessionOf = (options: object) => configOf({ ...local, ...options }).session;
  const namesOf = ({ cookie, loginCookie }: { cookie: string; loginCookie: string }) => [
    ...[
      cookie,
      `${cookie}.0`,
      `${cookie}.11`,
      `${loginCookie}-mabcdefghijklmno`,
      `${loginCookie}-mabcdefghijklmno.0`,
    ],
  ];

  test('FD-04 on localhost, names tell earlier starts of this app from other apps, and both from this start', () => {
    const mine = sessionOf({});
    const { own, others } = mine.leftovers!;
    const kinds = (names: readonly string[]) =>
      names.map((name) => [own.test(name), others.test(name)]);
    const all = (kind: readonly boolean[]) => Array.from({ length: 5 }, () => kind);
    expect(mine.cookie).toMatch(/^kinde-[0-9a-z]{8}$/);
    expect(kinds(namesOf(mine))).toEqual(all([false, false]));
    expect(kinds(namesOf(sessionOf({ clientId: 'another' })))).toEqual(all([true, false]));
    for (const siteUrl of [
      'http://localhost:3001',
      'http://localhost:3000/app',
      'http://127.0.0.1:3000',
    ]) {
      for (const clientId of ['client', 'another']) {
        expect(kinds(namesOf(sessionOf({ siteUrl, clientId }))), siteUrl).toEqual(
          all([false, true]),
        );
      }
    }
    const before = { cookie: 'kinde-vkxhts', loginCookie: 'kinde-vkxhts-login' };
    expect(kinds(namesOf(before))).toEqual(all([false, true]));
  });

  test('FD-04 cookies that are not of ours are no leftovers', () => {
    const { own, others } = sessionOf({}).leftovers!;
    for (const name of [
      'kinde',
      'kinde-',
      'kinde-app',
      'kinde-session',
      'xkinde-abcdefgh',
      'kinde-ABCDEFGH',
      'sid',
    ]) {
      expect([name, own.test(name), others.test(name)]).toEqual([name, false, false]);
    }
  });

  test('FD-04 on https, and under a name of the app, there are no leftovers', () => {
    expect(configOf({}).session.leftovers).toBeUndefined();
    expect(sessionOf({ session: { cookie: 'todos' } })).toMatchObject({
      cookie: 'todos',
      leftovers: undefined,
    });
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
    [
      'siteUrl',
      { KINDE_REDIRECT_URI: 'https://x.example/api/auth/kinde_callback' },
      'https://x.example',
    ],
    [
      'postLogoutRedirectUri',
      { LOGOUT_REDIRECT_URL: 'https://x.example/bye' },
      'https://x.example/bye',
    ],
    [
      'postLogoutRedirectUri',
      { KINDE_LOGOUT_REDIRECT_URI: 'https://x.example/bye' },
      'https://x.example/bye',
    ],
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
    expect(() => optionsFromEnv({ ...env, SESSION_TYPE: 'memroy' })).toThrow(
      /SESSION_TYPE.*did you mean memory/s,
    );
    expect(() => optionsFromEnv({ ...env, GRANT_TYPE: 'PASSWORD' })).toThrow(/GRANT_TYPE/);
    expect(() =>
      optionsFromEnv({ ...env, GRANT_TYPE: 'AUTHORIZATION_CODE_WITH_PKCE' }),
    ).not.toThrow();
  });

  test('CF-10 it is read when asked and never again', () => {
    const changing: Record<string, string> = { ...env };
    const options = optionsFromEnv(changing);
    changing['KINDE_ISSUER_URL'] = 'https://evil.example';
    expect(options.issuer).toBe('https://acme.kinde.com');
  });

  const problemsIn = (more: Record<string, string>, options: Partial<KindeOptions> = {}) => {
    try {
      createKinde(optionsFromEnv({ ...env, ...more }, options));
      return [];
    } catch (error) {
      return (error as KindeError).problems;
    }
  };

  test.each([
    ['KINDE_CALLBACK_URL', 'https://other.example/cb', 'redirectUri'],
    ['KINDE_REDIRECT_URL', 'https://other.example/cb', 'redirectUri'],
    ['LOGOUT_REDIRECT_URL', 'https://other.example/bye', 'postLogoutRedirectUri'],
    ['KINDE_POST_LOGIN_REDIRECT_URL', 'https://other.example/', 'postLoginRedirect'],
    ['KINDE_COOKIE_DOMAIN', 'other.example', 'session.domain'],
  ])('FD-14 what is wrong with %s is told by its name', (variable, value, option) => {
    expect(problemsIn({ [variable]: value })).toEqual([
      expect.stringMatching(
        new RegExp(`^\`${option}\` \\(${variable}\\) .*\`siteUrl\` \\(KINDE_SITE_URL\\)`),
      ),
    ]);
  });

  test.each([
    ['KINDE_ISSUER_URL', 'KINDE_HOST', 'http://acme.kinde.com'],
    ['KINDE_ISSUER_URL', 'KINDE_DOMAIN', 'acme.kinde.com/path'],
    ['KINDE_SESSION_SECRET', 'SECRET_KEY', 'short'],
    ['KINDE_SITE_URL', 'SITE_URL', 'localhost:3000'],
    ['KINDE_SITE_URL', 'SITE_HOST', '192.168.1.20'],
  ])('in place of %s, %s is the one that is named', (first, alias, value) => {
    expect(problemsIn({ [first]: '', [alias]: value })).toEqual([
      expect.stringContaining(`(${alias}) `),
    ]);
  });

  test('of a site that was read from the redirect URI, the redirect URI is named', () => {
    const more = {
      KINDE_SITE_URL: '',
      KINDE_CALLBACK_URL: 'https://x.example/cb',
      LOGOUT_REDIRECT_URL: 'https://y.example',
    };
    expect(problemsIn(more)).toEqual([expect.stringContaining('`siteUrl` (KINDE_CALLBACK_URL)')]);
  });

  test('of an option that the code sets, no variable is named', () => {
    const more = {
      KINDE_REDIRECT_URI: 'https://app.example/cb',
      KINDE_COOKIE_DOMAIN: 'app.example',
    };
    const options = {
      redirectUri: 'https://other.example/cb',
      session: { domain: 'other.example' },
    };
    expect(problemsIn(more, options)).toEqual([
      expect.stringMatching(/^`redirectUri` has another host/),
      expect.stringMatching(/^`session\.domain` must be/),
    ]);
  });

  test('the names of the variables are no option, and no part of a copy', () => {
    const options = optionsFromEnv(env);
    expect([...Object.keys(options), ...Object.getOwnPropertySymbols({ ...options })]).toEqual([
      ...['issuer', 'clientId', 'clientSecret', 'siteUrl', 'secret'],
    ]);
    expect(JSON.stringify(options)).not.toContain('KINDE_');
    expect(() => createKinde({ ...options, redirectUri: 'https://other.example/cb' })).toThrow(
      '`redirectUri` has',
    );
  });

  test('FD-12 the site may have a path; from a redirect URI its origin is taken, and no path is guessed', () => {
    const siteOf = (more: Record<string, string>) => {
      const { siteUrl, basePath } = resolveConfig(
        optionsFromEnv({ ...env, KINDE_SITE_URL: '', ...more }),
      );
      return [siteUrl, basePath];
    };
    expect(siteOf({ KINDE_SITE_URL: 'https://x.example/app/' })).toEqual([
      'https://x.example',
      '/app',
    ]);
    expect(siteOf({ SITE_URL: 'https://x.example/app' })).toEqual(['https://x.example', '/app']);
    expect(siteOf({ KINDE_REDIRECT_URI: 'https://x.example/app/callback' })).toEqual([
      'https://x.example',
      '',
    ]);
  });

  test('the callback route follows the redirect URI', () => {
    const kinde = createKinde(
      optionsFromEnv({ ...env, KINDE_REDIRECT_URI: 'https://app.example/api/auth/kinde_callback' }),
    );
    expect(kinde.routes.map(({ path }) => path)).toContain('/api/auth/kinde_callback');
  });
});
