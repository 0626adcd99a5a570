import {
  createKinde,
  isProduction,
  type KindeError,
  memoryStore,
  optionsFromEnv,
  type KindeOptions,
} from '@kindling/core';
import { diagnose } from '@kindling/doctor';
import { createEmulator } from '@kindling/emulator';
import { createManagement } from '@kindling/management';
import { createWebhooks } from '@kindling/webhooks';
import fc from 'fast-check';
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { isProduction as alsoProduction, isPublic } from '@kindling/internal';
import { frameworks, optionsFor, SECRET, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, keep } from '../../../../test/kit/browser.js';
import { NAVIGATION, send } from '../../../../test/kit/http.js';

const PRODUCTION = [
  ...[
    'production',
    'Production',
    'PRODUCTION',
    ' production ',
    'production\n',
    '\tProduction\r\n',
    'prod',
    'PROD',
  ],
  ...[
    'live',
    'staging',
    'produktion',
    '"production"',
    "'development'",
    'production-eu',
    '0',
    'true',
    '\u00a0production',
  ],
];
const DEVELOPMENT = [
  ...[
    undefined,
    '',
    '  ',
    'development',
    'Development',
    ' DEV ',
    'dev',
    'local',
    'test',
    'Testing',
    'ci',
    'e2e',
  ],
];
const good: KindeOptions = {
  issuer: 'https://acme.kinde.com',
  clientId: 'client',
  clientSecret: 'hush-hush-hush',
  siteUrl: 'https://app.example',
  secret: '0123456789abcdefghijklmnopqrstuvwxyz',
};
const problemsOf = (options: Partial<KindeOptions>): readonly string[] => {
  try {
    createKinde({ ...good, ...options });
    return [];
  } catch (error) {
    expect((error as KindeError).code).toBe('config_invalid');
    return (error as KindeError).problems;
  }
};
const setNodeEnv = (value: string | undefined) => vi.stubEnv('NODE_ENV', value);
afterEach(() => void vi.unstubAllEnvs());

describe('OP-24 production is recognised', () => {
  test.each(PRODUCTION)(
    'OP-24 NODE_ENV=%j is production, for apps, the doctor and the local Kinde',
    async (value) => {
      expect(isProduction({ NODE_ENV: value })).toBe(true);
      setNodeEnv(value);
      expect(problemsOf({ issuer: 'http://localhost:4455' })).toEqual([
        '`issuer` must use https in production.',
      ]);
      await expect(createEmulator({ strict: true })).rejects.toThrow('refuses to run');
      const report = await diagnose({
        env: { NODE_ENV: value },
        fetch: () => Promise.reject(new Error('no network')),
      });
      expect(JSON.stringify(report)).toMatch(/, in production\./);
    },
  );

  test.each(DEVELOPMENT)('OP-24 NODE_ENV=%j is development', async (value) => {
    expect(isProduction({ NODE_ENV: value })).toBe(false);
    setNodeEnv(value);
    expect(problemsOf({ issuer: 'http://localhost:4455' })).toEqual([]);
    await (await createEmulator({ strict: true })).close();
  });

  test('OP-24 only the names of development are not production, whatever somebody writes', () => {
    const names = ['', 'development', 'dev', 'local', 'test', 'testing', 'ci', 'e2e'];
    fc.assert(
      fc.property(fc.string(), (value) => {
        expect(isProduction({ NODE_ENV: value })).toBe(!names.includes(value.trim().toLowerCase()));
      }),
    );
  });

  test('OP-24 the environment that is handed over counts, as in a Worker, and is not overruled by the process', () => {
    setNodeEnv(undefined);
    const env = {
      KINDE_ISSUER_URL: 'https://localhost:4455',
      KINDE_CLIENT_ID: 'client',
      KINDE_SITE_URL: SITE,
    };
    const start =
      (more: object, options = {}) =>
      () =>
        createKinde(
          optionsFromEnv({ ...env, KINDE_SESSION_SECRET: good.secret as string, ...more }, options),
        );
    expect(start({ NODE_ENV: ' Production' })).toThrow('must be a public host name');
    expect(start({ NODE_ENV: 'production' }, { production: undefined })).toThrow(
      'must be a public host name',
    );
    expect(start({ NODE_ENV: 'production' }, { production: false })).not.toThrow();
    expect(start({ NODE_ENV: 'development' })).not.toThrow();
    setNodeEnv('production');
    expect(start({ NODE_ENV: 'development' })).toThrow('must be a public host name');
    expect(start({})).toThrow('must be a public host name');
  });
});

describe('OP-24 in production the issuer is a public host name', () => {
  test.each([
    ...[
      'acme.kinde.com.',
      'localhost.',
      'a.localhost',
      'kinde',
      'kinde.',
      'kinde.local',
      'kinde.local.',
      'KINDE.Internal',
    ],
    ...[
      'kinde.test',
      'metadata.google.internal',
      'kinde.lan',
      'kinde.home.arpa',
      'kinde.corp',
      'kinde.invalid',
    ],
    ...[
      '127.0.0.1',
      '127.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '0x7f000001',
      '127.0.0.1.',
      '１２７.0.0.1',
      '0.0.0.0',
      '0',
    ],
    ...[
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '169.254.169.254',
      '169.254.1',
      '8.8.8.8',
      '224.0.0.1',
    ],
    ...[
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:10.0.0.1]',
      '[::ffff:a9fe:a9fe]',
      '[::127.0.0.1]',
      '[fe80::1]',
      '[fd00::1]',
    ],
    ...[
      '[fec0::1]',
      '[ff02::1]',
      '[64:ff9b::7f00:1]',
      '[2002:7f00:1::]',
      '[2001:db8::1]',
      '[2606:4700::1]',
    ],
  ])('OP-24 CF-04 https://%s is refused, unless that is meant', (host) => {
    const issuer = `https://${host}`;
    expect(problemsOf({ issuer, production: true })).toEqual([
      expect.stringContaining('must be a public host name'),
    ]);
    expect(problemsOf({ issuer, production: true, allowPrivateIssuer: true })).toEqual([]);
    expect(problemsOf({ issuer, production: false })).toEqual([]);
    const others = (more: object) => [
      ...[() => createWebhooks({ issuer: new URL(issuer).origin, ...more })],
      ...[() => createManagement({ issuer, clientId: 'm2m', clientSecret: 'hush-hush', ...more })],
    ];
    setNodeEnv(' Production');
    for (const start of others({})) {
      expect(start).toThrow('public host name');
    }
    for (const start of others({ allowPrivateIssuer: true })) {
      expect(start).not.toThrow();
    }
    setNodeEnv('development');
    for (const start of others({})) {
      expect(start).not.toThrow();
    }
  });

  test('OP-24 webhooks and the Management API ask the same questions as core', () => {
    for (const name of ['management', 'webhooks']) {
      expect(readFileSync(`packages/${name}/src/options.ts`, 'utf8')).toMatch(
        /import \{[^}]*\bisProduction\b[^}]*\bisPublic\b[^}]*\} from '@kindling\/internal';/,
      );
    }
    for (const value of [...PRODUCTION, ...DEVELOPMENT]) {
      expect(alsoProduction({ NODE_ENV: value }), value).toBe(isProduction({ NODE_ENV: value }));
    }
    for (const host of [
      'acme.kinde.com',
      'auth.acme.example',
      'id.9.acme.io',
      'kinde.internal',
      '10.0.0.1',
      'kinde',
    ]) {
      expect(isPublic(host), host).toBe(
        problemsOf({ issuer: `https://${host}`, production: true }).length === 0,
      );
    }
    setNodeEnv('production');
    for (const start of [
      () => createWebhooks({ issuer: 'http://localhost:4455' }),
      () =>
        createManagement({
          issuer: 'http://localhost:4455',
          clientId: 'm2m',
          clientSecret: 'hush-hush',
        }),
    ]) {
      expect(start).toThrow('public host name');
    }
  });

  test.each([
    'acme.kinde.com',
    'acme.us.kinde.com',
    'auth.acme.example',
    'login.acme.co.uk',
    'id.9.acme.io',
    'xn--bcher-kva.ch',
  ])('OP-24 https://%s is fine', (host) => {
    expect(problemsOf({ issuer: `https://${host}`, production: true })).toEqual([]);
    expect(problemsOf({ issuer: `https://${host}:8443/`, production: true })).toEqual([]);
  });

  test('OP-24 every address is refused, however it is written', () => {
    const byte = fc.integer({ min: 0, max: 255 });
    const forms = (address: number[]) => {
      const [a, b, c, d] = address as [number, number, number, number];
      const whole = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
      const hex = (n: number) => n.toString(16);
      return [
        ...[
          `${a}.${b}.${c}.${d}`,
          `${a}.${b}.${c}.${d}.`,
          String(whole),
          `0x${hex(whole)}`,
          `0${whole.toString(8)}`,
        ],
        ...[
          `0x${hex(a)}.${b}.0${c.toString(8)}.${d}`,
          `${a}.${b}.${(c << 8) | d}`,
          `[::ffff:${a}.${b}.${c}.${d}]`,
        ],
      ];
    };
    fc.assert(
      fc.property(fc.array(byte, { minLength: 4, maxLength: 4 }), (address) => {
        for (const host of forms(address)) {
          expect(problemsOf({ issuer: `https://${host}`, production: true }), host).toHaveLength(1);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('CF-07 only the name is looked at: where DNS leads is the platform’s, and the page on configuration says so', () => {
    const fetch = vi.fn<typeof globalThis.fetch>();
    const lookups = vi.spyOn(dns, 'lookup');
    for (const issuer of ['https://127-0-0-1.nip.io', 'https://localtest.me']) {
      createKinde({ ...good, issuer, production: true, fetch });
      expect(problemsOf({ issuer: `${issuer}/..`, production: true })).toHaveLength(1);
      expect(problemsOf({ issuer: `${issuer}:22`, production: true })).toHaveLength(1);
    }
    expect([fetch, lookups].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    const page = readFileSync('docs/reference/configuration.md', 'utf8').replace(/\s+/g, ' ');
    expect(page).toContain('Only the name is checked, not what it resolves to');
  });
});

describe.each(Object.keys(frameworks))('OP-24 on %s', (framework) => {
  test('OP-24 visitors of a site with NODE_ENV=" Production " learn what to do, not which check failed', async () => {
    const emulator = await createEmulator({
      strict: true,
      siteUrl: SITE,
      issuer: 'https://acme.kinde.com',
    });
    setNodeEnv(' Production ');
    const server = await frameworks[framework]!(optionsFor(emulator));
    try {
      const json = { headers: { accept: 'application/json' } };
      const hidden = await send(server, '/callback?code=x&state=y', json);
      expect([hidden.status, hidden.json()]).toEqual([
        400,
        expect.not.objectContaining({ reason: expect.anything() }),
      ]);
      expect(hidden.json()).not.toHaveProperty('fix');
      const refused = await send(server, '/login', { headers: NAVIGATION });
      expect([refused.status, /<dd>([^<]*)/.exec(refused.body)?.[1]]).toEqual([
        500,
        'emulator_in_production',
      ]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe.each(
  Object.keys(frameworks).flatMap((one) =>
    ['cookie', 'coordination', 'store'].map((keeps) => [one, keeps] as const),
  ),
)('SC-11 on %s, sessions: %s', (framework, keeps) => {
  const NEXT = 'the-next-secret-of-thirty-two-characters-321';
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  test('SC-11 OP-11 a text under a key that this process does not know is nobody and left alone, a broken one goes', async () => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    const session = keeps === 'cookie' ? {} : { [keeps]: memoryStore() };
    const start = async (secret: string | string[]) => {
      const server = await frameworks[framework]!(optionsFor(emulator, { session, secret }));
      servers.push(server);
      return server;
    };
    const before = await start(SECRET);
    const between = await start([NEXT, SECRET]);
    const after = await start(NEXT);
    const browser = createBrowser(before, emulator);
    await browser.signIn('ada@example.com');
    const ask = async (server: Server, jar: Map<string, string>) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await send(server, '/me', { headers: { ...NAVIGATION, cookie } });
      const left = new Map(jar);
      keep(left, answer.setCookies);
      return { email: answer.json().email as string | null, left };
    };
    const old = new Map(browser.jar);
    const foreign = await ask(after, old);
    expect([foreign.email, foreign.left]).toEqual([null, old]);
    expect((await ask(before, foreign.left)).email).toBe('ada@example.com');

    const moved = await ask(between, old);
    expect([moved.email, [...moved.left.values()]]).not.toEqual([
      'ada@example.com',
      [...old.values()],
    ]);
    expect([moved.email, (await ask(after, moved.left)).email]).toEqual([
      'ada@example.com',
      'ada@example.com',
    ]);
    // Roll-back: what the next secret has encrypted waits for it.
    const rolledBack = await ask(before, moved.left);
    expect([rolledBack.email, rolledBack.left]).toEqual([null, moved.left]);

    const broken = new Map([...old].map(([name, value]) => [name, spoilt(value)]));
    expect(await ask(before, broken)).toEqual({ email: null, left: new Map() });
    await emulator.close();
  });
});

/** The same text with another character in its middle: the key is known, and the tag does not fit. */
function spoilt(text: string): string {
  const at = Math.floor(text.length / 2);
  return text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
}
