import { chdir, cwd } from 'node:process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKinde, optionsFromEnv, type KindeError } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const GOOD = {
  KINDE_ISSUER_URL: 'https://acme.kinde.com',
  KINDE_CLIENT_ID: 'client',
  KINDE_CLIENT_SECRET: 'hush-hush-hush',
  KINDE_SITE_URL: 'http://localhost:4413',
  KINDE_SESSION_SECRET: '0123456789abcdefghijklmnopqrstuvwxyz',
};

const here = cwd();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kindling-newcomer-'));
  chdir(folder);
});
afterEach(() => {
  chdir(here);
  rmSync(folder, { recursive: true });
});

/** The message at start-up with this environment and these options. */
function messageOf(env: Record<string, string | undefined>, options: object = {}): string {
  try {
    createKinde(optionsFromEnv(env, options));
  } catch (error) {
    expect((error as KindeError).code).toBe('config_invalid');
    return (error as KindeError).message;
  }
  return 'started';
}

describe('an app without configuration', () => {
  test('is told every variable, the client secret among them, and of a local Kinde', () => {
    const message = messageOf({});
    for (const name of Object.keys(GOOD)) {
      expect(message).toContain(`(${name}) is missing`);
    }
    expect(message).toContain('npx @kindling/emulator --env .env');
    expect(message).toContain('--env-file=.env');
    expect(messageOf({ NODE_ENV: 'production' })).not.toContain('kinde-emulator');
  });

  test.each(['KINDE_ISSUER_URL=https://acme.kinde.com', 'A=1\nexport KINDE_HOST = acme.kinde.com'])(
    'is told that its .env was not loaded: %j',
    (text) => {
      writeFileSync('.env', text);
      const message = messageOf({});
      expect(message).toMatch(/\.env .*sets KINDE_(ISSUER_URL|HOST).*not loaded/);
      expect(message).toContain('node --env-file=.env');
      expect(message).not.toContain('acme.kinde.com');
    },
  );

  test('is not sent to a .env that has nothing of Kinde', () => {
    writeFileSync(
      '.env',
      'DATABASE_URL=postgres://localhost\n# KINDE_CLIENT_ID=x\nKINDE_CLIENT_ID=\n',
    );
    expect(messageOf({})).not.toContain('not loaded');
  });

  test('a client secret may be missing beside other settings: an application may have none', () => {
    expect(messageOf({ ...GOOD, KINDE_CLIENT_SECRET: undefined })).toBe('started');
  });
});

describe('an address that is wrong', () => {
  test.each([
    ['with a slash at its end is accepted', 'https://acme.kinde.com/', /^started$/],
    ['with a path', 'https://acme.kinde.com/login', /without path.*such as|such as.*without path/],
    ['with a path, the example', 'https://acme.kinde.com/login', /https:\/\/acme\.kinde\.com/],
    ['without scheme is accepted', 'acme.kinde.com', /^started$/],
    ['of the admin', 'https://app.kinde.com', /https:\/\/<your name>\.kinde\.com.*admin/],
  ])('%s', (_title, KINDE_ISSUER_URL, words) => {
    expect(messageOf({ ...GOOD, KINDE_ISSUER_URL })).toMatch(words);
  });

  test.each(['localhost:4413', '127.0.0.1:3000', 'localhost:4413/app'])(
    'a site without scheme, %s, is told the scheme',
    (site) => {
      const [address] = site.split('/');
      const message = messageOf({ ...GOOD, KINDE_SITE_URL: site });
      expect(message).toContain('(KINDE_SITE_URL)');
      expect(message).toContain(`Write the scheme: http://${address}`);
    },
  );

  test.each([
    ['KINDE_HOST', 'KINDE_ISSUER_URL', 'https://acme.kinde.com/x'],
    ['SECRET_KEY', 'KINDE_SESSION_SECRET', 'short'],
    ['SITE_URL', 'KINDE_SITE_URL', 'localhost:3000'],
  ])('%s is named as it was set', (variable, usual, value) => {
    const message = messageOf({ ...GOOD, [usual]: undefined, [variable]: value });
    expect(message).toContain(`(${variable})`);
    expect(message).not.toContain(usual);
  });

  test.each([
    ['https://app.example', 'http://other.example/callback', /must use https/],
    [
      'https://app.example',
      'https://other.example/callback',
      /another host than `siteUrl` \(KINDE_SITE_URL\)/,
    ],
    ['https://localhost:3000', 'http://localhost:3000/callback', /another scheme than `siteUrl`/],
  ])('with the site %s, the callback URL %s is refused', (site, redirect, words) => {
    const message = messageOf({ ...GOOD, KINDE_SITE_URL: site, KINDE_REDIRECT_URL: redirect });
    expect(message).toContain('(KINDE_REDIRECT_URL)');
    expect(message).toMatch(words);
  });
});

describe('a session store that is wrong', () => {
  test.each([
    ['redis', () => createClient(), 'redisStore(client)'],
    ['postgres', () => new Pool(), 'postgresStore(pool)'],
  ])('a client of %s in its place is told what makes it one', (name, create, call) => {
    const message = messageOf({ ...GOOD, SESSION_TYPE: name }, { session: { store: create() } });
    expect(message).toContain('session.store');
    expect(message).toContain(call);
    expect(message).toContain(`@kindling/${name}`);
  });

  test.each([
    ['redis', 'redisStore(client)'],
    ['postgres', 'postgresStore(pool)'],
  ])('SESSION_TYPE=%s alone is told what to pass', (SESSION_TYPE, call) => {
    const message = messageOf({ ...GOOD, SESSION_TYPE });
    expect(message).toContain(`session: { store: ${call} }`);
    expect(message).toContain(`@kindling/${SESSION_TYPE}`);
  });
});

test('where the app has no secret and Kinde wants one, the page names its variable', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: 'http://localhost:4413' });
  const kinde = createKinde(
    optionsFromEnv({ ...emulator.env, KINDE_CLIENT_SECRET: '' }, { fetch: emulator.fetch }),
  );
  const { location, cookies } = await kinde.login(new Request('http://localhost:4413/login'));
  const back = await emulator.signIn(location, { email: 'ada@example.com' });
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ');
  const callback = kinde.callback(new Request(back, { headers: { cookie } }));
  await expect(callback).rejects.toMatchObject({
    code: 'client_rejected',
    fix: expect.stringContaining('KINDE_CLIENT_SECRET'),
  });
});
