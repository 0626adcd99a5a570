import { inspect } from 'node:util';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  rowsOf,
  sessionOf,
  startSite,
  SITE,
  type Mode,
  type Framework,
  type Site,
} from './kit/site.js';
import {
  cookieBytes,
  createVisitor,
  DUE,
  elsewhere,
  grant,
  headBytes,
  later,
  noise,
  tokenCalls,
} from './kit/visitor.js';

const PEOPLE = ['ada@example.com', 'grace@example.com', 'alan@example.com'];
const GRACE = 'grace@example.com';
const COOKIE_MODES = ['cookie', 'coordination'] as const;

/** What an ordinary product calls its permissions. */
const ordinary = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const verb = ['create', 'read', 'update', 'delete', 'export'][index % 5]!;
    const noun = ['invoices', 'projects', 'timesheets', 'customers', 'reports'][
      Math.floor(index / 5) % 5
    ]!;
    return `${verb}:${noun}${index < 25 ? '' : `_${Math.floor(index / 25)}`}`;
  });

/** A tenant where Grace is in so many organizations, with so many permissions and flags. */
async function tenantOf(
  permissions: readonly string[],
  organizations: number,
  flags: number,
): Promise<Emulator> {
  const codes = Array.from(
    { length: organizations },
    (_, index) => `org_${(index + 1).toString(36).repeat(13)}`,
  );
  const emulator = await createEmulator({
    strict: true,
    siteUrl: SITE,
    seed: {
      permissions: Object.fromEntries(permissions.map((key) => [key, key])),
      roles: {},
      flags: Object.fromEntries(
        Array.from({ length: flags }, (_, index) => [
          `feature_${index}`,
          { type: 's' as const, value: 'enabled' },
        ]),
      ),
      organizations: Object.fromEntries(
        codes.map((code, index) => [code, { name: `Organization ${index}` }]),
      ),
      people: [
        {
          email: GRACE,
          givenName: 'Grace',
          familyName: 'Hopper',
          organizations: Object.fromEntries(
            codes.map((code) => [code, { permissions: [...permissions] }]),
          ),
        },
      ],
    },
  });
  return emulator;
}

describe.each(rowsOf())(
  'the size of a session, on %s with sessions in the %s',
  (framework: Framework, mode: Mode) => {
    let emulator: Emulator;
    const sites: Site[] = [];
    const start = async (options = {}, at = emulator) => {
      const site = await startSite(framework, at, {
        options: { session: { ...sessionOf(mode), ...options } },
      });
      sites.push(site);
      return { site, visitor: createVisitor(site, at) };
    };
    beforeAll(async () => {
      emulator = await createEmulator({ strict: true, siteUrl: SITE });
    });
    afterEach(async () => {
      vi.useRealTimers();
      emulator.faults.clear();
      for (const site of sites.splice(0)) {
        await site.close();
      }
    });

    test.each(PEOPLE)(
      'FD-01 %s gets one session cookie of at most 2,000 bytes, in a head of at most 2,600',
      async (email) => {
        const { visitor } = await start();
        const answer = await visitor.signIn(email, '/login?return_to=/me');
        expect(answer.status).toBe(302);
        expect(headBytes(answer)).toBeLessThanOrEqual(2600);
        expect(visitor.jar.names()).toHaveLength(1);
        expect(visitor.jar.size()).toBeLessThanOrEqual(2000);
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true, email });
      },
    );

    test('FD-01 Ada’s head is as small in each of her organizations, after a switch and after a refresh', async () => {
      const { visitor } = await start();
      for (const organization of ['org_acme0rockets', 'org_globex0gardens']) {
        const answer = await visitor.signIn('ada@example.com', '/login', organization);
        expect(headBytes(answer), organization).toBeLessThanOrEqual(2600);
      }
      const switching = await visitor.open('/switch-organization?org_code=org_acme0rockets', {
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      const back = await emulator.signIn(switching.location, { email: 'ada@example.com' });
      const switched = await visitor.open(back.href);
      expect([switched.status, headBytes(switched) <= 2600]).toEqual([302, true]);
      later(DUE);
      const page = await visitor.open('/me');
      expect(page.json()).toMatchObject({
        isAuthenticated: true,
        organization: 'org_acme0rockets',
      });
      expect(headBytes(page)).toBeLessThanOrEqual(2600);
    });

    test('FD-01 with 25 permissions, 4 flags and 3 organizations the callback’s head has at most 4,000 bytes', async () => {
      const tenant = await tenantOf(ordinary(25), 3, 4);
      tenant.state.applications[0]!.tokens = {
        claims: ['roles', 'email', 'org_name', 'organizations'],
      };
      const { visitor } = await start({}, tenant);
      const answer = await visitor.signIn(GRACE);
      expect(answer.status).toBe(302);
      expect(headBytes(answer)).toBeLessThanOrEqual(4000);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    });

    test('FD-01 FD-02 100 permissions, 10 organizations and 10 flags are within the budget of 3,800 bytes', async () => {
      const tenant = await tenantOf(ordinary(100), 10, 10);
      const { visitor } = await start({}, tenant);
      const answer = await visitor.signIn(GRACE);
      expect(answer.status).toBe(302);
      expect(cookieBytes(answer)).toBeLessThanOrEqual(3800);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    });

    test('FD-01 OP-11 while sessions are written in their earlier form, they have the room that they had before', async () => {
      const tenant = await tenantOf(ordinary(100), 3, 4);
      for (const [people, email] of [
        [emulator, 'ada@example.com'],
        [tenant, GRACE],
      ] as const) {
        const { visitor } = await start({ format: 'jwe' }, people);
        expect((await visitor.signIn(email)).status, email).toBe(302);
        const earlier = /^(kinde|__)[^=]*=eyJ/;
        expect(visitor.jar.header(), email).toMatch(earlier);
        later(DUE);
        expect((await visitor.open('/me')).json(), email).toMatchObject({
          isAuthenticated: true,
          email,
        });
        expect(visitor.jar.header(), email).toMatch(earlier);
        vi.useRealTimers();
      }
    });
  },
);

describe.each(rowsOf(COOKIE_MODES))(
  'a session beyond its budget, on %s with sessions in the %s',
  (framework, mode) => {
    let emulator: Emulator;
    let site: Site;
    const start = async (session = {}) => {
      site = await startSite(framework, emulator, {
        options: { session: { ...sessionOf(mode), ...session } },
      });
      return createVisitor(site, emulator);
    };
    beforeAll(async () => {
      emulator = await createEmulator({ strict: true, siteUrl: SITE });
    });
    afterEach(async () => {
      vi.useRealTimers();
      await site.close();
      grant(emulator, GRACE, ['read:todos']);
    });

    test('FD-02 is refused at the callback with its biggest claims and the ways out, and nothing is left behind', async () => {
      const visitor = await start();
      grant(emulator, GRACE, noise(300));
      const refused = await visitor.signIn(GRACE);
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.body).toContain('session_too_large');
      expect(refused.body).toContain('permissions');
      expect(refused.body).toMatch(/store/);
      expect(refused.body).toMatch(/cookieBytes/);
      expect(visitor.jar.names()).toEqual([]);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
      await visitor.signOut();
    });

    test('FD-02 with `cookieBytes` raised, it is written in pieces that browsers keep, and works up to sign-out', async () => {
      const visitor = await start({ cookieBytes: 11_000 });
      grant(emulator, GRACE, noise(150));
      const answer = await visitor.signIn(GRACE);
      expect(answer.status).toBe(302);
      expect(visitor.jar.names().length).toBeGreaterThan(1);
      expect(cookieBytes(answer)).toBeGreaterThan(3800);
      expect(cookieBytes(answer)).toBeLessThanOrEqual(11_000);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
      await visitor.signOut();
      expect(visitor.jar.names()).toEqual([]);
    });

    test.each([0, -1, 1.5, Number.NaN, '3800'])(
      'FD-02 `cookieBytes: %s` is refused at start-up',
      async (cookieBytes) => {
        await expect(
          startSite(framework, emulator, {
            options: { session: { cookieBytes: cookieBytes as number } },
          }),
        ).rejects.toThrow(/cookieBytes/);
      },
    );

    test('FD-03 a session that outgrows its budget keeps public pages open, is told once, and ends cleanly', async () => {
      const visitor = await start();
      await visitor.signIn(GRACE);
      grant(emulator, GRACE, noise(300));
      const told: Error[] = [];
      const listen = (warning: Error) => void told.push(warning);
      process.on('warning', listen);
      try {
        for (const seconds of [DUE, 0, 2, 60, 700]) {
          later(seconds);
          for (const path of ['/', '/me', '/private']) {
            const answer = await visitor.open(path);
            expect(answer.status, `${path} ${seconds} s later`).toBeLessThan(400);
          }
        }
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
        expect(visitor.jar.names().filter((name) => !/login/.test(name))).toEqual([]);
        await new Promise((resolve) => setImmediate(resolve));
        expect(
          told.filter((one) => /session_too_large|does not fit|too large/i.test(inspect(one))),
        ).toHaveLength(1);
      } finally {
        process.off('warning', listen);
      }
      const again = await visitor.signIn(GRACE);
      expect(again.body).toContain('session_too_large');
      expect((await visitor.open('/')).status).toBe(200);
    });

    test('FD-03 someone whose session outgrew its budget keeps what they have or is signed out, and Kinde is not asked again and again', async () => {
      const visitor = await start();
      await visitor.signIn(GRACE);
      grant(emulator, GRACE, noise(300));
      later(DUE);
      for (let visit = 0; visit < 3; visit += 1) {
        const answer = await visitor.open('/me');
        expect(answer.status).toBe(200);
        const signedOutCleanly = visitor.jar.names().length === 0;
        expect(answer.json().isAuthenticated || signedOutCleanly).toBe(true);
      }
      const before = tokenCalls(emulator);
      await visitor.open('/me');
      expect(tokenCalls(emulator) - before).toBe(0);
    });

    test.each([
      ['more', ['read:todos'], noise(150)],
      ['fewer', noise(150), ['read:todos']],
    ])(
      'FD-03 a refreshed session of %s pieces leaves none of the old ones',
      async (_change, first, then) => {
        const visitor = await start({ cookieBytes: 11_000 });
        grant(emulator, GRACE, first);
        await visitor.signIn(GRACE);
        const before = visitor.jar.names();
        grant(emulator, GRACE, then);
        later(DUE);
        expect((await visitor.open('/private')).status).toBe(200);
        const after = visitor.jar.names();
        expect(after.length).not.toBe(before.length);
        const isWhole = (names: string[]) =>
          names.length === 1 || names.every((name) => /\.\d+$/.test(name));
        expect([isWhole(before), isWhole(after)]).toEqual([true, true]);
        expect(await elsewhere(site, visitor.jar)).toMatchObject({ isAuthenticated: true });
      },
    );
  },
);

describe.each(rowsOf(['store']))(
  'a large session, on %s with sessions in the %s',
  (framework, mode) => {
    test('FD-02 FD-03 has no budget: signing in, growing and signing out work', async () => {
      const emulator = await createEmulator({ strict: true, siteUrl: SITE });
      const site = await startSite(framework, emulator, { options: { session: sessionOf(mode) } });
      const visitor = createVisitor(site, emulator);
      await visitor.signIn(GRACE);
      grant(emulator, GRACE, noise(300));
      later(DUE);
      expect((await visitor.open('/private')).status).toBe(200);
      expect(visitor.jar.size()).toBeLessThan(1000);
      await visitor.signOut();
      expect(visitor.jar.names()).toEqual([]);
      vi.useRealTimers();
      await site.close();
    });
  },
);
