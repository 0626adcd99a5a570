import { readdirSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { memoryStore } from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { postgresStore } from '@kindling/postgres';
import { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SITE } from './kit/apps.js';
import { createBrowser, type Browser } from './kit/browser.js';
import { later } from './kit/provider.js';
import { databaseUrl, hasPostgres } from './kit/services.js';
import { ADA, createShop, type Shop } from './kit/shop.js';

const page = readFileSync('docs/how-to/troubleshoot.md', 'utf8');
const JSON_ONLY = { headers: { accept: 'application/json' } };
/** Seconds after which an access token has expired, and a session that lives for three days has not. */
const A_DAY = 86_500;

let shops: Shop[];
beforeEach(async () => {
  shops = [await createShop()];
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await Promise.all(shops.map((shop) => shop.close()));
});

/** The same browser at another process or app. */
function at(server: Server, shop: Shop, { jar }: Browser): Browser {
  const browser = createBrowser(server, shop.emulator);
  jar.forEach((value, name) => browser.jar.set(name, value));
  return browser;
}

/** Where `protect()` sends a page load to, or nothing. */
const sentTo = async (browser: Browser) => (await browser.open('/private')).location;
const isSignedIn = async (browser: Browser) => (await browser.open('/me')).json().isAuthenticated;

describe.each(['express', 'fastify'])('the causes on the page are causes, on %s', (framework) => {
  const rows = [
    ['another secret', {}, { secret: 'another secret of thirty-two characters' }],
    ['a memory store of its own', { store: memoryStore() }, {}],
  ] as const;

  test.each(rows)(
    'redirect loop: a process with %s sends a signed-in user to Kinde again',
    async (_cause, session, more) => {
      const [shop] = shops as [Shop];
      const first = await shop.start(framework, 'store' in session ? { store: memoryStore() } : {});
      const second = await shop.start(framework, session, more);
      const ada = await shop.signIn(first, ADA);
      expect(await sentTo(ada)).toBe('');
      expect(await sentTo(at(second, shop, ada))).toContain(`${shop.emulator.issuer}/oauth2/auth`);
    },
  );

  test.each([
    ['openid profile email offline', true],
    ['openid profile email', false],
  ])(
    'with the scope "%s", a user is signed in after the access token expired: %s',
    async (scope, expected) => {
      const [shop] = shops as [Shop];
      const ada = await shop.signIn(await shop.start(framework, {}, { scope }), ADA);
      later(A_DAY);
      expect(await isSignedIn(ada)).toBe(expected);
    },
  );

  test.each([
    ['the same `session.cookie`', false, { cookie: 'session' }],
    ['default names', true, {}],
  ])(
    'after signing in to a second app on the host, with %s, the first still knows the user: %s',
    async (_names, expected, session) => {
      shops.push(await createShop());
      const [one, two] = shops as [Shop, Shop];
      const first = await one.start(framework, session);
      // Its application is another one.
      two.emulator.state.applications[0]!.clientId = 'second';
      const second = await two.start(framework, session, { clientId: 'second' });
      const ada = at(second, two, await one.signIn(first, ADA));
      await ada.signIn(ADA);
      expect(await isSignedIn(ada)).toBe(true);
      expect(await isSignedIn(at(first, one, ada))).toBe(expected);
    },
  );

  test('a script gets 401 where a page is redirected', async () => {
    const [shop] = shops as [Shop];
    const nobody = createBrowser(await shop.start(framework, {}), shop.emulator);
    expect(await sentTo(nobody)).toContain(shop.emulator.issuer);
    expect((await nobody.open('/private', JSON_ONLY)).status).toBe(401);
  });
});

test.runIf(hasPostgres)('the cause of store_unavailable says which table is missing', async () => {
  const [shop] = shops as [Shop];
  const pool = new Pool({ connectionString: databaseUrl });
  const store = postgresStore(pool, { table: `kindling_missing_${process.pid}` });
  const listed = shop.kinde({ store }).sessions.list('kp_1');
  await expect(listed).rejects.toMatchObject({
    code: 'store_unavailable',
    cause: {
      message: expect.stringMatching(/table .*kindling_missing_\d+ .*@kindling\/postgres/),
    },
  });
  await pool.end();
});

test('a local Kinde knows the application that it registered, after a restart as well, and no other', async () => {
  const [former, next] = [
    await createEmulator({ siteUrl: SITE }),
    await createEmulator({ siteUrl: SITE }),
  ];
  const pageFor = async (clientId: string) => {
    const url = new URL('/oauth2/auth', next.issuer);
    url.search = new URLSearchParams({
      client_id: clientId,
      redirect_uri: `${SITE}/callback`,
      response_type: 'code',
      scope: 'openid',
      state: 'some-state-of-a-login',
    }).toString();
    return (await next.fetch(url)).text();
  };
  expect(await pageFor('of-another-local-kinde')).toContain('Unknown application');
  expect(await pageFor(former.env['KINDE_CLIENT_ID']!)).not.toContain('Unknown application');
});

test('every error code leads to its page from here or from the list of codes', () => {
  const list = readFileSync('docs/errors/README.md', 'utf8');
  const source = readFileSync('packages/core/src/errors.ts', 'utf8');
  const codes = [...source.matchAll(/^ {2}(\w+): \d{3},$/gm)].map(([, code]) => code!);
  expect(codes.length).toBeGreaterThan(35);
  expect(
    codes.filter(
      (code) => !page.includes(`](../errors/${code}.md)`) && !list.includes(`](${code}.md)`),
    ),
  ).toEqual([]);
});

test('codes, reasons and variables on the page are known to the packages or to the pages it links', () => {
  const sources = readdirSync('packages')
    .flatMap((name) =>
      readdirSync(`packages/${name}/src`, { recursive: true }).map(
        (file) => `packages/${name}/src/${String(file)}`,
      ),
    )
    .filter((file) => file.endsWith('.ts'));
  const known = [...sources, 'docs/how-to/proxies.md', 'docs/how-to/redis.md']
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const names = [...page.matchAll(/`([a-z]+(?:_[a-z]+)+|[A-Z]+(?:_[A-Z]+)+)`/g)].map(
    ([, name]) => name!,
  );
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !known.includes(name))).toEqual([]);
});
