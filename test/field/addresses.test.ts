import { createKinde, KindeError, optionsFromEnv, type KindeOptions } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { optionsFor, SECRET, SITE } from '../kit/apps.js';
import { SAME_SITE } from '../kit/http.js';
import { FRAMEWORKS, startSite, type Site } from './kit/site.js';
import { createVisitor } from './kit/visitor.js';

const OTHER = 'https://other.example';
let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});

/** The message that a start ends with; nothing where it succeeds. */
function refusal(start: () => unknown): string {
  try {
    start();
    return '';
  } catch (error) {
    if (!(error instanceof KindeError) || error.code !== 'config_invalid') {
      throw error;
    }
    return error.message;
  }
}

const env = {
  KINDE_ISSUER_URL: 'https://todos.kinde.com',
  KINDE_CLIENT_ID: 'client',
  KINDE_CLIENT_SECRET: 'secret of the client',
  KINDE_SITE_URL: SITE,
  KINDE_SESSION_SECRET: SECRET,
};
const fromEnv = (more: Record<string, string>, options: Partial<KindeOptions> = {}) =>
  refusal(() => createKinde(optionsFromEnv({ ...env, ...more }, options)));

const VARIABLES = [
  'KINDE_REDIRECT_URI',
  'KINDE_REDIRECT_URL',
  'KINDE_CALLBACK_URL',
  'KINDE_POST_LOGIN_REDIRECT_URL',
  'KINDE_POST_LOGOUT_REDIRECT_URL',
  'KINDE_LOGOUT_REDIRECT_URI',
  'LOGOUT_REDIRECT_URL',
];
const OPTIONS = ['redirectUri', 'postLoginRedirect', 'postLogoutRedirectUri'] as const;

describe('addresses in the configuration', () => {
  test('FD-14 are right when they are on the site', () => {
    expect(fromEnv({})).toBe('');
    for (const name of VARIABLES) {
      expect(fromEnv({ [name]: `${SITE}/callback` }), name).toBe('');
    }
  });

  test.each(VARIABLES)('FD-14 %s on another origin is a start-up error that names it', (name) => {
    for (const value of [
      `${OTHER}/callback`,
      `${SITE}:8443/callback`,
      'https://www.app.example/callback',
      'https://app.example.evil.example/',
    ]) {
      expect(fromEnv({ [name]: value }), value).toContain(name);
    }
  });

  test.each(VARIABLES)(
    'FD-14 %s with http in production is a start-up error that names it',
    (name) => {
      expect(fromEnv({ [name]: 'http://app.example/callback' }, { production: true })).toContain(
        name,
      );
    },
  );

  test.each(OPTIONS)('FD-14 the option `%s` on another origin is named as the option', (name) => {
    const message = refusal(() =>
      createKinde(optionsFor(emulator, { [name]: `${OTHER}/callback` })),
    );
    expect(message).toContain(name);
    for (const variable of VARIABLES) {
      expect(message).not.toContain(variable);
    }
  });

  test('FD-14 http for the site itself is a start-up error in production', () => {
    expect(fromEnv({ KINDE_SITE_URL: 'http://app.example' }, { production: true })).toContain(
      'KINDE_SITE_URL',
    );
  });

  test('FD-14 an option that wins over a variable is the one that counts', () => {
    expect(
      fromEnv({ KINDE_REDIRECT_URI: `${OTHER}/callback` }, { redirectUri: `${SITE}/callback` }),
    ).toBe('');
    expect(
      fromEnv({ KINDE_REDIRECT_URI: `${SITE}/callback` }, { redirectUri: `${OTHER}/callback` }),
    ).toContain('redirectUri');
  });

  test('FD-14 a place that `returnOrigins` lists is one to return to after signing in and out', () => {
    const options = { returnOrigins: [OTHER] };
    expect(
      fromEnv(
        {
          KINDE_POST_LOGOUT_REDIRECT_URL: `${OTHER}/bye`,
          KINDE_POST_LOGIN_REDIRECT_URL: `${OTHER}/hello`,
        },
        options,
      ),
    ).toBe('');
    expect(fromEnv({ KINDE_CALLBACK_URL: `${OTHER}/callback` }, options)).toContain(
      'KINDE_CALLBACK_URL',
    );
  });
});

describe.each(FRAMEWORKS)('targets that are no pages, on %s', (framework) => {
  let site: Site;
  beforeAll(async () => {
    site = await startSite(framework, emulator);
  });
  afterAll(() => site.close());

  const targets = [
    `blob:${SITE}/0b7c1c9e-2f4e-4a35-9d5b-0f5f3f2a7a11`,
    `BLOB:${SITE}/x`,
    `filesystem:${SITE}/temporary/x`,
    'ftp://app.example/x',
    'ws://app.example/x',
    'wss://app.example/x',
    'view-source:https://app.example/x',
    'javascript:alert(1)//https://app.example',
    'data:text/html,x',
    'file:///etc/passwd',
    'about:blank',
    'app.example:443/x',
  ];

  test.each(targets)(
    'FD-30 %s is ignored after signing in and after signing out',
    async (target) => {
      const visitor = createVisitor(site, emulator);
      const query = `return_to=${encodeURIComponent(target)}`;
      const landed = await visitor.signIn('grace@example.com', `/login?${query}`);
      expect(new URL(landed.location, SITE).href).toMatch(/^https:\/\/app\.example\//);
      expect(landed.location.toLowerCase()).not.toMatch(
        /blob:|filesystem:|^(ftp|wss?|view-source|javascript|data|file|about):/,
      );
      const out = await visitor.open(`/logout?${query}`, { headers: SAME_SITE });
      expect(new URL(new URL(out.location).searchParams.get('redirect') ?? SITE).protocol).toBe(
        'https:',
      );
      expect(decodeURIComponent(out.location).toLowerCase()).not.toContain(target.toLowerCase());
    },
  );

  test.each(targets.slice(0, 6))('FD-30 %s is no place to configure either', (target) => {
    for (const name of ['postLoginRedirect', 'postLogoutRedirectUri', 'redirectUri'] as const) {
      expect(
        refusal(() => createKinde(optionsFor(emulator, { [name]: target }))),
        name,
      ).toContain(name);
    }
  });
});
