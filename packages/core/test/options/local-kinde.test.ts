import type { Server } from 'node:http';
import { createKinde, optionsFromEnv, type KindeError, type KindeOptions } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };
const good: KindeOptions = {
  issuer: 'http://localhost:4455',
  clientId: 'client',
  clientSecret: 'hush-hush-hush',
  siteUrl: 'http://localhost:3000',
  secret: '0123456789abcdefghijklmnopqrstuvwxyz',
  logger,
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
afterEach(() => {
  vi.unstubAllEnvs();
  vi.clearAllMocks();
});

describe('EM-04 KINDE_LOCAL', () => {
  const production = { production: true };

  test.each([
    ['http://localhost:4455', 'http://localhost:3000'],
    ['http://127.0.0.1:4455', 'http://127.0.0.1:3000/app'],
    ['https://localhost:4455', 'http://[::1]:3000'],
  ])('EM-04 accepts %s for %s in production, with a warning', (issuer, siteUrl) => {
    vi.stubEnv('KINDE_LOCAL', ' True ');
    for (const starts of [1, 2]) {
      expect(problemsOf({ ...production, issuer, siteUrl })).toEqual([]);
      expect(logger.warn).toHaveBeenCalledTimes(starts);
    }
    expect(logger.warn.mock.calls[0]![0]).toMatchObject({ code: 'emulator_in_production' });
  });

  test.each([
    ['`issuer`', 'https://kinde.internal', 'https://app.example', 'must be a public host name'],
    ['`issuer`', 'http://10.0.0.1:4455', 'http://localhost:3000', 'must use https in production.'],
    ['`siteUrl`', 'http://localhost:4455', 'https://app.example', 'must use https in production.'],
    [
      '`issuer`',
      'http://localhost.evil.example',
      'http://localhost:3000',
      'http is for localhost only',
    ],
  ])(
    'EM-04 does not help where %s is not on this machine, and says so',
    (option, issuer, siteUrl, problem) => {
      vi.stubEnv('KINDE_LOCAL', 'true');
      const [found = '', ...others] = problemsOf({ ...production, issuer, siteUrl });
      expect(found).toContain(problem);
      if (!problem.includes('localhost')) {
        expect(found).toContain(`KINDE_LOCAL=true has no effect: ${option} is not on localhost`);
      }
      expect([others, logger.warn.mock.calls]).toEqual([[], []]);
    },
  );

  test.each(['false', '1', 'yes', ''])('EM-04 with the value %j is not set', (value) => {
    vi.stubEnv('KINDE_LOCAL', value);
    expect(problemsOf(production)).toEqual(['`issuer` must use https in production.']);
  });

  test('EM-04 is no option, and changes nothing in development or for a Kinde domain', () => {
    vi.stubEnv('KINDE_LOCAL', 'true');
    expect(problemsOf({ local: true } as object)).toEqual([
      expect.stringContaining('is not an option'),
    ]);
    expect(problemsOf({})).toEqual([]);
    const domain = { issuer: 'https://acme.kinde.com', siteUrl: 'https://app.example' };
    expect(problemsOf({ ...production, ...domain })).toEqual([]);
    expect(logger.warn).not.toHaveBeenCalled();
  });

  test('EM-04 is read from the environment that the options are read from', () => {
    const env = { NODE_ENV: 'production', KINDE_LOCAL: 'true' };
    expect(() => createKinde(optionsFromEnv(env, good))).not.toThrow();
    vi.stubEnv('KINDE_LOCAL', 'true');
    expect(() => createKinde(optionsFromEnv({ NODE_ENV: 'production' }, good))).toThrow('https');
  });
});

describe.each(Object.keys(frameworks))('EM-04 a local Kinde in production, on %s', (framework) => {
  const servers: Server[] = [];
  const start = async (options: KindeOptions) => {
    const server = await frameworks[framework]!({ ...options, production: true, logger });
    servers.push(server);
    return server;
  };
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  test('EM-04 a production build signs in at a local Kinde with KINDE_LOCAL=true', async () => {
    vi.stubEnv('KINDE_LOCAL', 'true');
    const { issuer, siteUrl } = good;
    const emulator = await createEmulator({ issuer, siteUrl });
    // A key of its own, as it has on a port: the one that everybody has is refused here, too.
    await emulator.rotateKeys();
    const app = await start(optionsFor(emulator, { siteUrl }));
    const browser = createBrowser(app, emulator);
    // The test's own port is not that of `siteUrl`, to which a sign-in is moved otherwise.
    await browser.signIn('ada@example.com', '/login?moved=1');
    expect((await browser.open('/me')).json().email).toBe('ada@example.com');
    // What went wrong is still for the developer only.
    const refused = await send(app, '/callback?state=x', { headers: { accept: 'text/html' } });
    expect([refused.status, refused.body.includes('local Kinde')]).toEqual([400, false]);
  });

  test('EM-04 a local Kinde under a public name is refused, and the log says why', async () => {
    vi.stubEnv('KINDE_LOCAL', 'true');
    const siteUrl = 'http://localhost:3000';
    const emulator = await createEmulator({ issuer: 'https://tunnel.example', siteUrl });
    const app = await start(optionsFor(emulator, { siteUrl }));
    const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
    expect([answer.status, answer.json().code]).toEqual([500, 'emulator_in_production']);
    expect(JSON.stringify(logger.error.mock.calls)).toContain(
      'KINDE_LOCAL=true has no effect: `issuer` is not on localhost',
    );
  });
});

describe('FD-21 addresses of one network', () => {
  const PRIVATE = [
    'http://kinde:4455',
    'http://host.docker.internal:4455',
    'http://192.168.1.20:4455',
    'http://[fd00::1]:4455',
  ];

  test.each(PRIVATE)('FD-21 %s is an issuer in development only where it is allowed', (issuer) => {
    expect(problemsOf({ issuer })).toEqual([
      '`issuer` must use https; http is for localhost only. In development, set `allowPrivateIssuer` to accept a name of your own network, such as that of a container.',
    ]);
    expect(problemsOf({ issuer, allowPrivateIssuer: true })).toEqual([]);
    expect(problemsOf({ issuer, allowPrivateIssuer: true, production: true })).toEqual([
      '`issuer` must use https in production.',
    ]);
  });

  test.each(['http://acme.kinde.com', 'http://kinde.example:4455'])(
    'FD-21 %s is never without https',
    (issuer) => {
      const anyway = { allowPrivateIssuer: true };
      const refused = 'must use https; http is for localhost only.';
      expect(problemsOf({ ...anyway, issuer })).toEqual([`\`issuer\` ${refused}`]);
      expect(problemsOf({ ...anyway, backchannelUrl: issuer })).toEqual([
        `\`backchannelUrl\` ${refused}`,
      ]);
    },
  );

  test.each(PRIVATE)('FD-21 the server reaches its issuer at %s in development', (address) => {
    expect(problemsOf({ backchannelUrl: address })).toEqual([]);
    const live = { issuer: 'https://acme.kinde.com', production: true, allowPrivateIssuer: true };
    expect(problemsOf({ ...live, backchannelUrl: address })).toEqual([
      '`backchannelUrl` must use https in production.',
    ]);
  });

  test('FD-21 in production another address needs https, and leave for a private name', () => {
    const live = { issuer: 'https://acme.kinde.com', production: true };
    const backchannelUrl = 'https://kinde.internal';
    expect(problemsOf({ ...live, backchannelUrl })).toEqual([
      expect.stringContaining('`backchannelUrl` must be a public host name in production'),
    ]);
    expect(problemsOf({ ...live, backchannelUrl, allowPrivateIssuer: true })).toEqual([]);
    expect(problemsOf({ ...live, backchannelUrl: 'https://egress.example' })).toEqual([]);
  });

  test.each([
    ['kinde:4455', 'must begin with https:// or'],
    ['http://kinde:4455/path', 'must be an origin only'],
    ['http://user:word@kinde:4455', 'must not contain a user name or password.'],
    ['http://kinde:22', 'must not use port 22 or 25'],
    [5, 'must be an absolute URL'],
  ])('FD-21 %j is no address to reach an issuer at', (backchannelUrl, problem) => {
    expect(problemsOf({ backchannelUrl } as object)).toEqual([
      expect.stringContaining(`\`backchannelUrl\` ${problem}`),
    ]);
  });
});
