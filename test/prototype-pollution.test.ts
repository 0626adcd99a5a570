import {
  createAccess,
  createKinde,
  memoryStore,
  optionsFromEnv,
  type KindeOptions,
} from '@kindling/core';
import { diagnose } from '@kindling/doctor';
import { createEmulator, type Emulator } from '@kindling/emulator';
import {
  createManagement,
  managementOptionsFromEnv,
  type ManagementOptions,
} from '@kindling/management';
import { postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { createWebhooks } from '@kindling/webhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveConfig } from '../packages/core/src/options/config.js';
import { frameworks, optionsFor, SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { SAME_SITE } from './kit/http.js';
import { clean, HOSTILE, polluted } from './kit/pollution.js';

const good: KindeOptions = {
  issuer: 'https://acme.kinde.com',
  clientId: 'client',
  siteUrl: 'https://app.example',
  secret: '0123456789abcdefghijklmnopqrstuvwxyz',
};
const OPTIONS = [
  ...'clientSecret redirectUri postLoginRedirect postLogoutRedirectUri audience scope paths session returnOrigins'.split(
    ' ',
  ),
  ...'trustedOrigins clientAuthentication clockTolerance timeout production allowPrivateIssuer renderProblem'.split(
    ' ',
  ),
  ...'onSignIn webhooks fetch store coordination fallback format cookie cookieBytes domain maxAge idle persistent'.split(
    ' ',
  ),
  ...'login register callback logout createOrganization switchOrganization user portal backchannelLogout'.split(
    ' ',
  ),
];
const ENV = {
  KINDE_ISSUER_URL: good.issuer,
  KINDE_CLIENT_ID: good.clientId,
  KINDE_SITE_URL: good.siteUrl,
  KINDE_SESSION_SECRET: good.secret as string,
};
const VARIABLES = [
  ...'KINDE_CLIENT_SECRET KINDE_REDIRECT_URI KINDE_CALLBACK_URL KINDE_POST_LOGIN_REDIRECT_URL KINDE_AUDIENCE'.split(
    ' ',
  ),
  ...'KINDE_POST_LOGOUT_REDIRECT_URL KINDE_SCOPE SESSION_TYPE SESSION_PERMANENT KINDE_COOKIE_DOMAIN NODE_ENV'.split(
    ' ',
  ),
  ...'GRANT_TYPE SESSION_FILE_DIR NODE_TLS_REJECT_UNAUTHORIZED'.split(' '),
];
/** A config, comparable. */
const seen = (config: object) =>
  JSON.stringify(config, (_name, value: unknown) =>
    typeof value === 'function' ? String(value) : value,
  );

describe('OP-25 options', () => {
  test.each(OPTIONS)('OP-25 Object.prototype.%s does not configure an app', async (name) => {
    const before = seen(resolveConfig(good));
    for (const value of HOSTILE) {
      expect(await polluted([name], value, () => seen(resolveConfig(good))), String(value)).toBe(
        before,
      );
    }
  });

  test('OP-25 nor do all of them together, where parts are given', async () => {
    const given = { ...good, session: { maxAge: 3600 }, paths: { login: '/in' } };
    const before = seen(resolveConfig(given));
    const routes = createKinde(given).routes.map(({ path }) => path);
    for (const value of HOSTILE) {
      const [config, mounted] = await polluted(OPTIONS, value, () => [
        seen(resolveConfig(given)),
        createKinde(given).routes.map(({ path }) => path),
      ]);
      expect([config, mounted], String(value)).toEqual([before, routes]);
    }
  });

  test.each([...OPTIONS, ...VARIABLES])(
    'OP-25 Object.prototype.%s is no variable and no option',
    async (name) => {
      const read = () => seen(resolveConfig(optionsFromEnv(ENV)));
      const before = read();
      for (const value of [...HOSTILE, 'production', 'redis', '0']) {
        expect(await polluted([name], value, read)).toBe(before);
      }
    },
  );

  test('OP-25 what is missing stays missing, and is reported as ever', async () => {
    const problems = () => {
      try {
        createKinde({} as KindeOptions);
      } catch (error) {
        return (error as { problems: readonly string[] }).problems;
      }
      return [];
    };
    const before = problems();
    expect(before.length).toBeGreaterThan(3);
    for (const [name, value] of Object.entries(good)) {
      expect(await polluted([name], value, problems)).toEqual(before);
    }
  });

  test('OP-25 stores, webhooks, the Management API and the doctor read their own options', async () => {
    const keys: string[] = [];
    const client = {
      get: async (key: string) => (keys.push(key), null),
      pSetEx: async () => {},
      del: async () => {},
    };
    const redis = { ...client, eval: async () => 1, evalSha: async () => 1 };
    await polluted(['prefix'], 'evil:', () => redisStore(redis).get('id'));
    expect(keys).toEqual(['kinde:{id}']);

    const texts: string[] = [];
    const pool = { query: async (text: string) => (texts.push(text), { rows: [] }) };
    await polluted(['table'], 'evil', () => postgresStore(pool).get('id'));
    expect(texts.join()).not.toContain('evil');

    const names =
      'on otherwise path maxAge acceptRetries timeout seen app followSessions onProblem issuer fetch'.split(
        ' ',
      );
    for (const name of names) {
      for (const value of HOSTILE) {
        expect(await polluted([name], value, () => createWebhooks({}).path), name).toBe(
          '/webhooks/kinde',
        );
      }
    }

    const management: ManagementOptions = {
      issuer: good.issuer,
      clientId: 'm2m',
      clientSecret: 'hush-hush',
    };
    const told: unknown[] = [];
    const evil = {
      onEvent: (event: unknown) => told.push(event),
      tokenStore: { get: () => told.push(1), set: () => {} },
    };
    const calls: { url: string; authorization: string | null }[] = [];
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      calls.push({ url: request.url, authorization: request.headers.get('authorization') });
      return request.url.endsWith('/token')
        ? Response.json({ access_token: 'token', expires_in: 3600, token_type: 'bearer' })
        : Response.json({ code: 'OK', message: '', roles: [], next_token: null });
    };
    for (const [name, value] of Object.entries({
      ...evil,
      audience: 'https://evil.example',
      scope: 'evil',
      maxAttempts: 50,
    })) {
      await polluted([name, 'page_size', 'role_id'], value, async () => {
        await createManagement({ ...management, fetch }).roles.list();
      });
    }
    expect(told).toEqual([]);
    expect(
      calls.map(({ url }) => new URL(url)).map(({ origin, search }) => [origin, search]),
    ).toEqual(calls.map(() => ['https://acme.kinde.com', '']));
    await polluted(['KINDE_MANAGEMENT_CLIENT_ID', 'clientId'], 'evil', () =>
      expect(() => managementOptionsFromEnv({})).toThrow('KINDE_MANAGEMENT_CLIENT_ID'),
    );

    const answer = { fetch: () => Promise.reject(new Error('no network')), env: {} };
    const look = async () => JSON.stringify((await diagnose(answer)).findings);
    const before = await look();
    for (const name of ['tenant', 'now', ...VARIABLES]) {
      expect(await polluted([name], 'evil', look), name).toBe(before);
    }
  });
});

describe('OP-25 claims and requirements', () => {
  const claims = {
    sub: 'kp_1',
    org_code: 'org_1',
    permissions: ['read'],
    roles: [{}],
    feature_flags: { half: {} },
  };
  const id = { sub: 'kp_1', organizations: [{}], user_properties: { city: {} } };
  const answers = () => {
    const access = createAccess(claims, id);
    return JSON.stringify([
      ...[
        access.getPermissions(),
        access.getRoles(),
        access.getFlags(),
        access.getFlag('half', 'none'),
      ],
      ...[
        access.getOrganization(),
        access.getUserOrganizations(),
        access.getProperties(),
        access.getClaim('email'),
      ],
      ...[
        access.has({}),
        access.has({ permissions: 'read' }),
        access.has({ permissions: 'write' }),
      ],
    ]);
  };
  test.each(
    't v key id name code org_name org_codes email scp roles permissions organization flags scopes half'.split(
      ' ',
    ),
  )('OP-25 Object.prototype.%s is no claim, and nothing that is required', async (name) => {
    const before = answers();
    for (const value of [...HOSTILE, 's', 'org_evil', ['write']]) {
      expect(await polluted([name], value, answers)).toBe(before);
    }
  });
});

describe('OP-25 webhooks', () => {
  test('OP-25 an event says what it says: nobody is suspended, and nothing is an event, by Object.prototype', async () => {
    const emulator = await createEmulator({ strict: true });
    const effects: string[] = [];
    const sessions = {
      revokeUser: async () => void effects.push('revoked'),
      revokeOrganization: async () => void effects.push('ended'),
      refreshUser: async () => void effects.push('refreshed'),
      refreshAll: async () => void effects.push('all'),
    };
    const webhooks = createWebhooks({ onProblem: () => {} });
    const deliver = async (claims: object) => {
      const body = await emulator.sign(claims as Record<string, unknown>);
      const headers = new Headers({ 'content-type': 'application/jwt', 'webhook-id': 'w' });
      const fetch: typeof globalThis.fetch = (input, init) =>
        clean(() => emulator.fetch(input, init));
      const host = { issuer: emulator.issuer, fetch, store: undefined, sessions };
      return polluted(
        ['is_suspended', 'type', 'event_id', 'user', 'id', 'organizations'],
        true,
        () =>
          polluted(
            ['timestamp', 'email'],
            new Date().toISOString(),
            async () => (await webhooks.handle({ method: 'POST', headers, body }, host)).status,
          ),
      );
    };
    const event = {
      type: 'user.updated',
      event_id: 'e1',
      timestamp: new Date().toISOString(),
      source: 'admin',
    };
    expect(
      await deliver({ ...event, data: { user: { id: 'kp_1', email: 'a@example.com' } } }),
    ).toBe(200);
    expect(effects).toEqual(['refreshed']);
    const { timestamp: _, ...timeless } = event;
    expect(
      await deliver({ ...timeless, data: { user: { id: 'kp_1', email: 'a@example.com' } } }),
    ).toBe(400);
    expect(await deliver({ ...event, event_id: 'e2', data: { user: {} } })).toBe(400);
    await emulator.close();
  });
});

/** Names that core's own functions read of options, rules, requests and pending logins, and other libraries do not. */
const OWN = [
  ...'returnTo orgCode prompt loginHint lang connectionId isCreateOrg orgName hasSuccessPage reauthState'.split(
    ' ',
  ),
  ...'planInterest pricingTableKey pagesMode invitationCode isInvitation attribution audience refresh'.split(
    ' ',
  ),
  ...'live crossOrigin permissions roles flags organization scopes page isSwitch isSilent isReauth isRetry'.split(
    ' ',
  ),
  ...'isFallback renewFrom refreshToken bodyUsed prior sid'.split(' '),
  ...'store coordination production backchannelLogout returnOrigins trustedOrigins onSignIn renderProblem'.split(
    ' ',
  ),
];

describe.each(
  Object.keys(frameworks).flatMap((one) =>
    ['cookie', 'coordination', 'store'].map((keep) => [one, keep] as const),
  ),
)('OP-25 on %s, sessions: %s', (framework, keep) => {
  let emulator: Emulator;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  afterAll(() => emulator.close());

  /** A visit, as it looks from outside. */
  const visit = async (): Promise<unknown> => {
    const session = keep === 'cookie' ? {} : { [keep]: memoryStore() };
    const fetch: typeof globalThis.fetch = (input, init) =>
      clean(() => emulator.fetch(input, init));
    const server = await frameworks[framework]!(optionsFor(emulator, { session, fetch }));
    try {
      const browser = createBrowser(server, emulator);
      const nobody = await browser.open('/private', {
        headers: { accept: 'application/json', 'sec-fetch-mode': 'cors' },
      });
      const { location } = await browser.open('/login?return_to=/me');
      const asked = [...new URL(location).searchParams.keys()].sort();
      const back = await clean(() => emulator.signIn(location, { email: 'ada@example.com' }));
      const signedIn = await browser.open(back.pathname + back.search);
      const pages = [];
      for (const path of [
        '/me',
        '/private',
        '/todos/new',
        '/admin',
        '/scoped',
        '/user',
        '/fresh',
        '/live',
      ]) {
        pages.push([
          path,
          (await browser.open(path)).status,
          path === '/fresh' ? '' : (await browser.open(path)).body,
        ]);
      }
      const foreign = await browser.open('/private', {
        method: 'POST',
        headers: { 'sec-fetch-site': 'cross-site' },
      });
      const out = await browser.open('/logout', { headers: SAME_SITE });
      const after = await browser.open('/me');
      const ends = [
        foreign.status,
        out.status,
        new URL(out.location).searchParams.get('redirect'),
        after.body,
      ];
      return [nobody.status, nobody.body, asked, signedIn.location, ...pages, ...ends];
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  test('OP-25 names on Object.prototype change nothing that anybody sees', async () => {
    const before = JSON.stringify(await visit());
    expect(before).toContain('ada@example.com');
    for (const value of [true, false, 'evil', ['evil']]) {
      const during = await polluted(OWN, value, visit);
      expect(JSON.stringify(during), String(value)).toBe(before);
    }
  });
});
