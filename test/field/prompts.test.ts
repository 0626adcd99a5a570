import { createEmulator, type Emulator } from '@kindling/emulator';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { rowsOf, sessionOf, SITE, startSite, type Site } from './kit/site.js';
import { createVisitor, tokenCalls, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
/** What OpenID Connect has for a provider that may not ask and would have to. */
const NEEDS_SOMEBODY = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

describe.each(rowsOf())(
  'what may be asked of people, on %s with sessions in the %s',
  (framework, mode) => {
    let emulator: Emulator;
    let site: Site;
    let visitor: Visitor;
    beforeAll(async () => {
      emulator = await createEmulator({ strict: true, siteUrl: SITE });
    });
    beforeEach(async () => {
      const signIn = { maxAge: 300, returnTo: '/t/9?a=1' };
      site = await startSite(framework, emulator, {
        options: { session: sessionOf(mode) },
        places: [
          {
            path: '/silently',
            handle: async ({ sdk, request, redirect }) =>
              redirect(await sdk.login(request, { prompt: 'none', returnTo: '/t/9?a=1' })),
          },
          {
            path: '/again',
            handle: async ({ sdk, request, redirect }) =>
              redirect(await sdk.login(request, { ...signIn, lang: 'de' })),
          },
          {
            path: '/now',
            handle: async ({ sdk, request, redirect }) =>
              redirect(await sdk.login(request, { ...signIn, maxAge: 0 })),
          },
          {
            path: '/always',
            handle: async ({ sdk, request, redirect }) =>
              redirect(await sdk.login(request, { ...signIn, prompt: 'login' })),
          },
        ],
      });
      visitor = createVisitor(site, emulator);
    });
    afterEach(async () => {
      emulator.faults.clear();
      await site.close();
    });

    /** The callback with which Kinde answers a login that was begun at `path` by an error. */
    const failing = async (path: string, error: string) => {
      const { location } = await visitor.open(path);
      const state = new URL(location).searchParams.get('state')!;
      const query = new URLSearchParams({
        error,
        error_description: 'User authentication is required',
        state,
      });
      return visitor.open(`/callback?${query}`);
    };
    const logins = () => visitor.jar.names().filter((name) => /login/.test(name));

    test('FD-19 a silent sign-in that finds nobody at the local Kinde goes back to its target', async () => {
      const { location } = await visitor.open('/login?prompt=none&return_to=/me');
      const answer = await emulator.fetch(location, { redirect: 'manual' });
      const back = await visitor.open(answer.headers.get('location')!);
      expect([back.status, new URL(back.location, SITE).href]).toEqual([
        302,
        `${SITE}/me?login_error=login_required`,
      ]);
      expect((await visitor.open(back.location)).json()).toMatchObject({ isAuthenticated: false });
      expect(visitor.jar.names()).toEqual([]);
    });

    test.each(NEEDS_SOMEBODY)(
      'FD-19 a silent sign-in that ends with %s goes back to its target and says so',
      async (code) => {
        const targets = {
          '/me': `${SITE}/me?login_error=${code}`,
          '/me?a=1&b=%20x': `${SITE}/me?a=1&b=%20x&login_error=${code}`,
          '/me#part': `${SITE}/me?login_error=${code}#part`,
          '/me?a=1#part?x': `${SITE}/me?a=1&login_error=${code}#part?x`,
          '/me?login_error=old&a=1': `${SITE}/me?a=1&login_error=${code}`,
        };
        for (const [target, wanted] of Object.entries(targets)) {
          const back = await failing(
            `/login?prompt=none&return_to=${encodeURIComponent(target)}`,
            code,
          );
          expect(back.status, target).toBe(302);
          const found = new URL(back.location, SITE);
          const hoped = new URL(wanted);
          expect([found.origin + found.pathname, found.hash]).toEqual([
            hoped.origin + hoped.pathname,
            hoped.hash,
          ]);
          expect(Object.fromEntries(found.searchParams)).toEqual(
            Object.fromEntries(hoped.searchParams),
          );
          expect(
            [...found.searchParams.keys()].filter((name) => name === 'login_error'),
          ).toHaveLength(1);
          expect(logins()).toEqual([]);
          expect(back.headers['cache-control']).toMatch(/no-store/);
        }
        const own = await failing('/silently', code);
        expect(new URL(own.location, SITE).href).toBe(`${SITE}/t/9?a=1&login_error=${code}`);
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
      },
    );

    test('FD-19 a guarded target then asks the person, once, and does not go round', async () => {
      const back = await failing('/login?prompt=none&return_to=/private', 'login_required');
      const begun = await visitor.open(back.location);
      expect(begun.status).toBe(302);
      expect(new URL(begun.location).searchParams.get('prompt')).toBeNull();
      const again = await emulator.signIn(begun.location, { email: GRACE });
      expect((await visitor.open(again.pathname + again.search)).location).toMatch(/\/private/);
    });

    test('FD-19 every other error, and every login that was not silent, ends with a page', async () => {
      for (const code of ['access_denied', 'server_error', 'invalid_request']) {
        expect(
          (await failing('/login?prompt=none&return_to=/me', code)).status,
          code,
        ).toBeGreaterThanOrEqual(400);
      }
      for (const code of NEEDS_SOMEBODY) {
        expect((await failing('/login?return_to=/me', code)).status, code).toBeGreaterThanOrEqual(
          400,
        );
      }
      const odd = await failing(
        '/login?prompt=none&return_to=/me',
        'login_required\r\nset-cookie: x=1',
      );
      expect(odd.status).toBeGreaterThanOrEqual(400);
      expect(odd.headers['set-cookie'] ?? []).not.toContain('x=1');
    });

    test('FD-19 a switch of organization still asks the person when it cannot go silently', async () => {
      await visitor.signIn('ada@example.com', '/login', 'org_acme0rockets');
      const path = '/switch-organization?org_code=org_globex0gardens&return_to=/me';
      const { location } = await visitor.open(path, {
        headers: { 'sec-fetch-site': 'same-origin' },
      });
      const state = new URL(location).searchParams.get('state')!;
      const asked = await visitor.open(`/callback?error=login_required&state=${state}`);
      expect(asked.location).toContain('/oauth2/auth');
      const { searchParams } = new URL(asked.location);
      expect([searchParams.get('prompt'), searchParams.get('org_code')]).toEqual([
        null,
        'org_globex0gardens',
      ]);
    });

    /** Kinde's next tokens say that the person proved who they are so many seconds ago. */
    const provedBefore = (seconds: number) =>
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        const tokens = (await (await next()).json()) as { id_token: string };
        const { kid } = decodeProtectedHeader(tokens.id_token);
        const claims = {
          ...decodeJwt(tokens.id_token),
          auth_time: Math.floor(Date.now() / 1000) - seconds,
        };
        return Response.json({
          ...tokens,
          id_token: await emulator.sign(claims, { header: { kid } }),
        });
      });

    /** Signs in where a login leads, at a Kinde that takes no notice of `max_age`. */
    const completes = async (location: string, seconds: number) => {
      const url = new URL(location);
      url.searchParams.delete('max_age');
      const back = await emulator.signIn(url, { email: GRACE });
      provedBefore(seconds);
      return visitor.open(back.pathname + back.search);
    };

    test('FD-26 where Kinde did not ask again, it is asked to, once, and the login goes on to its target', async () => {
      const begun = await visitor.open('/again');
      expect(new URL(begun.location).searchParams.get('max_age')).toBe('300');
      const retry = await completes(begun.location, 4000);
      expect(retry.status).toBe(302);
      const { searchParams } = new URL(retry.location);
      expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '300']);
      expect(searchParams.get('lang')).toBe('de');
      expect(searchParams.get('state')).not.toBe(new URL(begun.location).searchParams.get('state'));
      expect(logins()).toHaveLength(1);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
      const landed = await completes(retry.location, 5);
      expect(new URL(landed.location, SITE).href).toBe(`${SITE}/t/9?a=1`);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
    });

    test('FD-26 the second time is a clear error, and nobody is signed in by it', async () => {
      const begun = await visitor.open('/again');
      const retry = await completes(begun.location, 4000);
      const refused = await completes(retry.location, 4000);
      expect(refused.status).toBeGreaterThanOrEqual(400);
      expect(refused.location).toBe('');
      expect(refused.body).toMatch(/auth_time|maxAge|max_age|too long ago/);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
    });

    test('FD-26 a login that asked by itself is asked once more at most', async () => {
      const always = await visitor.open('/always');
      const first = await completes(always.location, 4000);
      const last = first.location ? await completes(first.location, 4000) : first;
      expect([last.status >= 400, last.location]).toEqual([true, '']);
      expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: false });
    });

    test('FD-26 a sign-in that is fresh goes on at once', async () => {
      const before = tokenCalls(emulator);
      const begun = await visitor.open('/again');
      expect(new URL((await completes(begun.location, 20)).location, SITE).pathname).toBe('/t/9');
      expect(tokenCalls(emulator) - before).toBe(1);
      const now = await visitor.open('/now');
      expect(new URL(now.location).searchParams.get('max_age')).toBe('0');
      expect(new URL((await completes(now.location, 0)).location, SITE).pathname).toBe('/t/9');
    });

    test.each(['consent', 'select_account', 'login', 'create', 'none'])(
      'FD-27 prompt=%s is passed on to Kinde',
      async (prompt) => {
        for (const path of ['/login', '/register']) {
          const begun = await visitor.open(`${path}?prompt=${prompt}`);
          expect(begun.status, path).toBe(302);
          expect(new URL(begun.location).searchParams.get('prompt'), path).toBe(prompt);
        }
        const headers = { get: () => null };
        const { location } = await site.sdk.login(
          { method: 'GET', url: '/', headers },
          { prompt: prompt as 'login' },
        );
        expect(new URL(location).searchParams.get('prompt')).toBe(prompt);
      },
    );

    test('FD-27 a prompt that Kinde does not know is refused, and consent ends signed in', async () => {
      for (const prompt of ['everything', 'Consent', 'login,consent']) {
        expect((await visitor.open(`/login?prompt=${prompt}`)).status, prompt).toBe(400);
      }
      for (const prompt of ['consent', 'select_account']) {
        await visitor.signIn(GRACE, `/login?prompt=${prompt}`);
        expect((await visitor.open('/me')).json()).toMatchObject({ isAuthenticated: true });
      }
    });
  },
);
