import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SAME_SITE } from '../kit/http.js';
import {
  rowsOf,
  sessionOf,
  SITE,
  startSite,
  type Call,
  type Framework,
  type Mode,
  type Place,
  type Site,
} from './kit/site.js';
import {
  createVisitor,
  DUE,
  elsewhere,
  grant,
  later,
  noise,
  tokenCalls,
  type Visitor,
} from './kit/visitor.js';

const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';
const FEW = ['read:todos'];
const MANY = noise(150);

let emulator: Emulator;
/** Refresh tokens in the order in which Kinde handed them out. */
const issued: string[] = [];
const sites: Site[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  emulator.faults.always('/oauth2/token', async (_request, next) => {
    const response = await next();
    const { refresh_token } = (await response.clone().json()) as { refresh_token?: string };
    if (refresh_token) {
      issued.push(refresh_token);
    }
    return response;
  });
});
afterEach(async () => {
  vi.useRealTimers();
  grant(emulator, GRACE, FEW);
  for (const site of sites.splice(0)) {
    await site.close();
  }
});

/** Methods of ours as people call them in routes of their own, which stand behind the middleware. */
const own = (path: string, verb: (call: Call) => ReturnType<Call['sdk']['login']>): Place => ({
  path,
  handle: async (call) => call.redirect(await verb(call)),
});
const places: Place[] = [
  own('/sign-out', ({ sdk, request }) => sdk.logout(request)),
  own('/sign-in', ({ sdk, request }) => sdk.login(request)),
  own('/sign-up', ({ sdk, request }) => sdk.register(request)),
  own('/switch', ({ sdk, request }) => sdk.switchOrganization(request, 'org_globex0gardens')),
  own('/fresh-out', async ({ sdk, request, auth }) => {
    await auth.refresh();
    return sdk.logout(request);
  }),
];

async function start(framework: Framework, mode: Mode, cookieBytes = 11_000): Promise<Visitor> {
  const session = { ...sessionOf(mode), cookieBytes };
  const site = await startSite(framework, emulator, { options: { session }, places });
  sites.push(site);
  return createVisitor(site, emulator);
}

const sessionsIn = ({ jar }: Visitor) => jar.names().filter((name) => !/login/.test(name));

/** Nobody is signed in any more: not here, not in another process, and the newest refresh token is worth nothing. */
async function isOver(visitor: Visitor): Promise<void> {
  expect(sessionsIn(visitor)).toEqual([]);
  expect(await elsewhere(sites.at(-1)!, visitor.jar)).toMatchObject({ isAuthenticated: false });
  expect(await isUsable(issued.at(-1)!)).toBe(false);
}

async function isUsable(refreshToken: string): Promise<boolean> {
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    client_id: emulator.env['KINDE_CLIENT_ID']!,
    client_secret: emulator.env['KINDE_CLIENT_SECRET']!,
  });
  return (await emulator.fetch(`${emulator.issuer}/oauth2/token`, { method: 'POST', body })).ok;
}

const changes = [
  ['as large as before', FEW, FEW],
  ['larger', FEW, MANY],
  ['smaller', MANY, FEW],
] as const;
const endings = [
  ['the mounted route', '/logout'],
  ['a route of the app’s own', '/sign-out'],
  ['a route that asks for fresh tokens first', '/fresh-out'],
] as const;

describe.each(rowsOf())(
  'ending a session that is due for a refresh, on %s with sessions in the %s',
  (framework, mode) => {
    const table = endings.flatMap(([by, path]) =>
      changes.map((change) => [by, change[0], path, change] as const),
    );

    test.each(table)(
      'FD-08 by %s, the refreshed one being %s: nothing is left',
      async (_by, _size, path, change) => {
        const [, before, after] = change;
        const visitor = await start(framework, mode);
        grant(emulator, GRACE, before);
        await visitor.signIn(GRACE);
        grant(emulator, GRACE, after);
        later(DUE);
        const calls = tokenCalls(emulator);
        const answer = await visitor.open(path, { headers: SAME_SITE });
        expect(answer.location).toContain(`${emulator.issuer}/logout`);
        if (path === '/logout') {
          expect(tokenCalls(emulator) - calls).toBe(0);
        }
        expect(answer.headers['cache-control']).toMatch(/no-store/);
        await isOver(visitor);
      },
    );
  },
);

describe.each(rowsOf())(
  'sessions and the methods of ours, on %s with sessions in the %s',
  (framework, mode) => {
    test.each([
      '/login',
      '/register',
      '/create-organization',
      '/switch-organization?org_code=org_acme0rockets',
      '/callback?error=access_denied&state=none',
      '/logout',
    ])('FD-08 the mounted %s refreshes nothing first', async (path) => {
      const visitor = await start(framework, mode);
      await visitor.signIn(GRACE);
      later(DUE);
      const before = tokenCalls(emulator);
      await visitor.open(path, { headers: SAME_SITE });
      expect(tokenCalls(emulator)).toBe(before);
    });

    test.each(['/login', '/sign-in', '/sign-up', '/switch'])(
      'FD-08 signing in again over a session that is due, begun at %s, leaves the new session and nothing else',
      async (path) => {
        const visitor = await start(framework, mode);
        grant(emulator, ADA, MANY);
        await visitor.signIn(ADA, '/login', 'org_acme0rockets');
        grant(emulator, ADA, FEW);
        later(DUE);
        const begun = await visitor.open(path);
        const back = await emulator.signIn(begun.location, {
          email: ADA,
          ...(path !== '/switch' && { organization: 'org_globex0gardens' }),
        });
        const before = tokenCalls(emulator);
        expect((await visitor.open(back.pathname + back.search)).status).toBe(302);
        expect(tokenCalls(emulator) - before).toBe(1);
        expect(sessionsIn(visitor)).toHaveLength(1);
        later(900);
        const auth = await elsewhere(sites.at(-1)!, visitor.jar);
        expect(auth.getOrganization()).toMatchObject({ orgCode: 'org_globex0gardens' });
      },
    );

    test('FD-08 pieces that an older version or another setting left are taken away by sign-out and by signing in', async () => {
      const visitor = await start(framework, mode);
      await visitor.signIn(GRACE);
      const [name] = sessionsIn(visitor);
      for (const path of ['/logout', '/sign-out']) {
        for (const index of [0, 1, 2, 3]) {
          visitor.jar.put(`${name}.${index}`, 'x'.repeat(300));
        }
        await visitor.open(path, { headers: SAME_SITE });
        expect(sessionsIn(visitor), path).toEqual([]);
        for (const index of [0, 1, 2, 3]) {
          visitor.jar.put(`${name}.${index}`, 'x'.repeat(300));
        }
        await visitor.signIn(GRACE);
        expect(sessionsIn(visitor), path).toEqual([name]);
      }
    });

    test('FD-08 sign-out waits for nobody’s refresh, and that refresh brings nothing back', async () => {
      const visitor = await start(framework, mode);
      await visitor.signIn(GRACE);
      later(DUE);
      let answer = () => {};
      const held = new Promise<void>((resolve) => (answer = resolve));
      let isAsked = false;
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        isAsked = true;
        await held;
        return next();
      });
      const old = visitor.jar.header();
      const page = visitor.open('/private', { headers: { cookie: old } });
      await vi.waitFor(() => expect(isAsked).toBe(true));
      const out = await visitor.open('/logout', { headers: SAME_SITE });
      expect(out.location).toContain(`${emulator.issuer}/logout`);
      answer();
      await page;
      expect(sessionsIn(visitor)).toEqual([]);
      expect(await elsewhere(sites.at(-1)!, visitor.jar)).toMatchObject({ isAuthenticated: false });
      expect((await visitor.open('/me', { headers: { cookie: old } })).json()).toMatchObject({
        isAuthenticated: false,
      });
    });

    test('FD-08 a sign-in that ends a session which is due leaves that session’s refresh token worthless', async () => {
      const visitor = await start(framework, mode);
      await visitor.signIn(GRACE);
      later(DUE);
      const callback = await visitor.callbackFor(ADA, '/sign-in', 'org_acme0rockets');
      const replaced = issued.at(-1)!;
      await visitor.open(callback);
      expect((await visitor.open('/me')).json()).toMatchObject({ email: ADA });
      expect(sessionsIn(visitor)).toHaveLength(1);
      expect(await isUsable(replaced)).toBe(false);
    });
  },
);
