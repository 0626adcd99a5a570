import { createEmulator, defaultSeed, type Seed } from '@kindling/emulator';
import { describe, expect, test } from 'vitest';
import { createKinde, type KindeOptions } from '../../src/index.js';
import { createSeal, createWebSeal } from '../../src/crypto/seal.js';

const SITE = 'https://app.example';
const SECRET = '0123456789abcdefghijklmnopqrstuvwxyz';
const requestOf = (url: string, cookie = '') => ({
  method: 'GET',
  url,
  headers: new Headers({ cookie }),
});

/** The `Set-Cookie` lines of a callback, and the session that is in them. */
async function signIn(email: string, seed: Seed = defaultSeed) {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE, seed });
  const options: KindeOptions = {
    issuer: emulator.issuer,
    clientId: emulator.env['KINDE_CLIENT_ID']!,
    clientSecret: emulator.env['KINDE_CLIENT_SECRET']!,
    siteUrl: SITE,
    secret: SECRET,
    fetch: emulator.fetch,
  };
  const kinde = createKinde(options);
  const { location, cookies } = await kinde.login(requestOf('/login'));
  const [organization] = Object.keys(
    seed.people.find((person) => person.email === email)!.organizations,
  );
  const { pathname, search } = await emulator.signIn(location, {
    email,
    organization: organization!,
  });
  const done = await kinde.callback(requestOf(pathname + search, cookies[0]!.split(';')[0]!));
  const app = `${options.issuer} ${options.clientId}`;
  const [pair] = done.cookies[0]!.split(';') as [string];
  const { payload } = (await createSeal([SECRET], app).open(
    pair.slice(pair.indexOf('=') + 1),
    'session',
  ))!;
  return { lines: done.cookies, pair, payload, name: pair.slice(0, pair.indexOf('=')) };
}

const THINGS =
  'agents,assets,audits,backups,billing,campaigns,catalogs,contracts,customers,devices,exports,goals,invoices,journals,members,orders,payrolls,policies,projects,reports,segments,shipments,teams,tickets,webhooks';

/** Somebody with as many permissions, organizations and flags. */
function seedOf(permissions: number, organizations: number, flags: number): Seed {
  const keys = THINGS.split(',').flatMap((thing) =>
    ['create', 'read', 'update', 'delete'].map((verb) => `${verb}:${thing}`),
  );
  const given = keys.slice(0, permissions);
  const codes = Array.from(
    { length: organizations },
    (_, index) => `org_${(0x9e3779b1n * BigInt(index + 3) ** 3n).toString(16)}`,
  );
  const flag = (index: number) =>
    [{ type: 'b', value: true } as const, { type: 'i', value: 17 * index } as const][index % 2]!;
  return {
    ...defaultSeed,
    permissions: {
      ...defaultSeed.permissions,
      ...Object.fromEntries(given.map((key) => [key, key])),
    },
    flags: Object.fromEntries(
      THINGS.split(',')
        .slice(0, flags)
        .map((thing, index) => [`new_${thing}`, flag(index)]),
    ),
    organizations: Object.fromEntries(
      codes.map((code, index) => [code, { name: `Organization ${index}` }]),
    ),
    people: [
      {
        ...defaultSeed.people[0]!,
        organizations: Object.fromEntries(
          codes.map((code, index) => [code, index === 0 ? { permissions: given } : {}]),
        ),
      },
    ],
  };
}

describe('the session in a cookie', () => {
  test.each(defaultSeed.people.map(({ email }) => email))(
    'FD-01 of %s takes at most 2,000 bytes with its name, in one cookie',
    async (email) => {
      const { lines, pair, payload, name } = await signIn(email);
      expect(
        lines.filter((line) => line.startsWith(name) && !line.includes('-login-')),
      ).toHaveLength(1);
      expect(pair.length).toBeLessThanOrEqual(1700);
      expect(lines.join('\r\n').length).toBeLessThanOrEqual(2000);
      // Elsewhere than in Node, a little more.
      const elsewhere = await createWebSeal([SECRET], 'app').seal(payload, 'session', 3600);
      expect(name.length + 1 + elsewhere.length).toBeLessThanOrEqual(2000);
    },
  );

  test.each([
    [25, 3, 4, 2200],
    [100, 10, 10, 3000],
  ])(
    'FD-02 of somebody with %i permissions, %i organizations and %i flags fits one cookie, and takes at most %i bytes of the response',
    async (permissions, organizations, flags, bytes) => {
      const { lines, payload, name } = await signIn(
        'ada@example.com',
        seedOf(permissions, organizations, flags),
      );
      expect(
        lines.filter((line) => line.startsWith(name) && !line.includes('-login-')),
      ).toHaveLength(1);
      expect(lines.map((line) => `set-cookie: ${line}\r\n`).join('').length).toBeLessThanOrEqual(
        bytes,
      );
      const elsewhere = await createWebSeal([SECRET], 'app').seal(payload, 'session', 3600);
      expect(name.length + 1 + elsewhere.length).toBeLessThanOrEqual(3400);
    },
  );
});
