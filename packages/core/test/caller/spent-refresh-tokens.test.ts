import type { SessionStore } from '@kindling/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBrowser } from '../../../../test/kit/browser.js';
import {
  ADA,
  DAY,
  openPlace,
  rows,
  takeClock,
  TOKEN_LIFE,
  type Clock,
  type Place,
} from '../../../../test/kit/renewals.js';

const TOKEN = '/oauth2/token';
const MINUTE = 60;
/** Seconds until a replica takes over. */
const FAIL_OVER = 5;

const down = () => Promise.reject(new Error('down'));

/** What was written since then is lost, as by a fail-over to a replica that lagged behind. */
function watchWrites(store: Required<SessionStore>): () => Promise<void> {
  const before = new Map<string, string | undefined>();
  const { set, compareAndSet, get, delete: remove } = store;
  const note = async (id: string) => void (before.has(id) || before.set(id, await get(id)));
  store.set = async (id, value, maxAge) => (await note(id), set(id, value, maxAge));
  store.compareAndSet = async (id, from, change) => (
    await note(id),
    compareAndSet(id, from, change)
  );
  store.delete = async (id) => (await note(id), remove(id));
  return async () => {
    for (const [id, value] of before) {
      await (value === undefined ? remove(id) : set(id, value, DAY));
    }
    before.clear();
  };
}

describe.each(rows)(
  'refresh tokens that may have been spent, on %s with sessions in "%s"',
  (...row) => {
    const [, mode] = row;
    let clock: Clock;
    let place: Place;
    const open = async (tokenLife = TOKEN_LIFE) => {
      clock = takeClock();
      place = await openPlace(row, clock, { timeout: 1 });
      const [app] = place.emulator.state.applications;
      app!.tokens = { ...app!.tokens, accessTokenLifetime: tokenLife };
    };
    beforeEach(() => open());
    afterEach(() => place.close());
    const testShared = mode === 'cookie' ? () => {} : test;
    const visit = async (path = '/private') => {
      const before = place.calls();
      const answer = await place.browser.open(path);
      return [answer.status, place.calls() - before];
    };
    const isSignedIn = async () => (await place.browser.open('/me')).json().email === ADA;
    /** Kinde trades the token, and what it answers never comes here. */
    const loseAnswer = (how: () => Promise<Response> | Response) =>
      place.emulator.faults.once(TOKEN, async (_request, next) => (await next(), how()));

    test('OP-12 an answer that is lost with its connection is asked for once more, at once', async () => {
      clock.pass(TOKEN_LIFE + 1);
      place.emulator.state.overlap = 10;
      loseAnswer(() =>
        Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } })),
      );
      expect(await visit()).toEqual([200, 2]);
      expect([await visit(), place.emulator.state.reuse]).toEqual([[200, 0], 1]);
    });

    test.each([
      ['a time-out', 1, () => new Promise<Response>(() => {})],
      ['an error of a gateway', 1, () => new Response('', { status: 502 })],
      ['two broken connections', 2, () => Promise.reject(new TypeError('fetch failed'))],
    ])(
      'OP-08 OP-12 after %s nobody spends it again while the access token lives, and one try is made after that',
      async (_name, tries, how) => {
        place.emulator.state.overlap = DAY;
        for (let times = 0; times < tries; times++) {
          loseAnswer(how);
        }
        expect(await visit('/fresh')).toEqual([200, tries]);
        const second = mode === 'cookie' ? place.app : await place.start();
        for (const minutes of [0, 1, 60]) {
          clock.pass(minutes * MINUTE);
          expect(await visit('/fresh')).toEqual([200, 0]);
          expect((await place.ask(second, '/fresh')).json().email).toBe(ADA);
        }
        expect(place.calls()).toBe(1 + tries);
        clock.pass(TOKEN_LIFE);
        expect(await visit()).toEqual([200, 1]);
        expect(await isSignedIn()).toBe(true);
      },
    );

    test.each([
      ['a rate limit', () => new Response('', { status: 429, headers: { 'retry-after': '1' } })],
      [
        'a refused connection',
        () => Promise.reject(new TypeError('no', { cause: { code: 'ECONNREFUSED' } })),
      ],
    ])('OP-08 after %s it is as good as new', async (_name, trouble) => {
      place.emulator.faults.once(TOKEN, trouble);
      expect(await visit('/fresh')).toEqual([200, 1]);
      clock.pass(31);
      expect(await visit('/fresh')).toEqual([200, 1]);
      expect(place.emulator.state.reuse).toBe(0);
    });

    test('OP-09 a provider that does not rotate refresh tokens is asked again when the tokens it gave have ended', async () => {
      await place.close();
      await open(MINUTE);
      place.emulator.state.overlap = DAY;
      place.emulator.faults.always(TOKEN, async (_request, next) => {
        const { refresh_token: _dropped, ...body } = (await (await next()).json()) as Record<
          string,
          unknown
        >;
        return Response.json(body);
      });
      clock.pass(TOKEN_LIFE + 1);
      const old = place.cookie();
      const second = mode === 'cookie' ? place.app : await place.start();
      for (let times = 0; times < 3; times++) {
        expect(await visit()).toEqual([200, 1]);
        expect(await visit()).toEqual([200, 0]);
        // Its `Set-Cookie` was lost: the same tokens are remembered, not asked for again.
        const before = place.calls();
        expect((await place.ask(second, '/private', old)).status).toBe(200);
        expect(place.calls() - before).toBe(0);
        clock.pass(MINUTE + 1);
      }
    });

    test('OP-09 after a lost Set-Cookie the newest refresh token is used, and no ended token is served', async () => {
      await place.close();
      await open(MINUTE);
      clock.pass(TOKEN_LIFE + 1);
      const old = place.cookie();
      const second = mode === 'cookie' ? place.app : await place.start();
      for (let times = 0; times < 4; times++) {
        const before = place.calls();
        const answer = await place.ask(times % 2 ? second : place.app, '/private', old);
        expect([answer.status, place.calls() - before]).toEqual([200, 1]);
        clock.pass(MINUTE + 1);
      }
      expect(place.emulator.state.reuse).toBe(0);
    });

    testShared(
      'a renewal that comes back after signing out, while the store is away, is nobody’s, and is ended',
      async () => {
        clock.pass(TOKEN_LIFE + 1);
        const old = place.cookie();
        let arrived = false;
        let release = () => {};
        const held = new Promise<void>((resolve) => (release = resolve));
        place.emulator.faults.once(TOKEN, async (_request, next) => {
          const response = await next();
          arrived = true;
          await held;
          return response;
        });
        const late = place.ask(place.app, '/me', old);
        await vi.waitFor(() => expect(arrived).toBe(true));
        await place.browser.open('/logout', { headers: { 'sec-fetch-site': 'same-origin' } });
        const revoked = () =>
          place.emulator.requests.filter(({ path }) => path.includes('revoke')).length;
        const before = revoked();
        Object.assign(place.store, { get: down, set: down, compareAndSet: down });
        release();
        expect((await late).json()).toMatchObject({ isAuthenticated: false });
        await vi.waitFor(() => expect(revoked()).toBe(before + 1));
      },
    );

    testShared(
      'OP-08 signing in over a session that the store cannot forget now does not cost both',
      async () => {
        let isBroken = true;
        const ended: string[] = [];
        const store: typeof place.store = {
          ...place.store,
          async set(id, value, maxAge) {
            if (value === 'ended' && isBroken) {
              return down();
            }
            if (value === 'ended') {
              ended.push(id);
            }
            return place.store.set(id, value, maxAge);
          },
        };
        const browser = createBrowser(
          await place.start({ session: { [mode]: store } }),
          place.emulator,
        );
        await browser.signIn(ADA);
        const before = new Map(browser.jar);
        expect((await browser.signIn('grace@example.com')).status).toBe(302);
        expect((await browser.open('/me')).json().email).toBe('grace@example.com');
        isBroken = false;
        // What could not be removed then is removed as soon as it can be.
        await vi.waitFor(() => expect(ended).toHaveLength(1), { timeout: 10_000 });
        before.forEach((value, name) => browser.jar.set(name, value));
        expect((await browser.open('/me')).json()).toMatchObject({
          isAuthenticated: false,
          reason: 'replaced',
        });
      },
    );

    testShared('OP-23 what a fail-over lost is found again where it is still known', async () => {
      const lose = watchWrites(place.store);
      const second = await place.start();
      clock.pass(TOKEN_LIFE + 1);
      const old = place.cookie();
      expect(await visit()).toEqual([200, 1]);
      await lose();
      clock.pass(FAIL_OVER);
      expect((await place.ask(place.app, '/private', old)).status).toBe(200);
      // In a store it is written again; in a cookie, the browser has it.
      expect((await place.ask(second)).status).toBe(200);
      expect([place.calls(), place.emulator.state.reuse]).toEqual([2, 0]);
    });

    testShared(
      'OP-23 whoever comes late with a refused token deletes nothing that is newer',
      async () => {
        const lose = watchWrites(place.store);
        const second = await place.start();
        clock.pass(TOKEN_LIFE + 1);
        const old = place.cookie();
        expect(await visit()).toEqual([200, 1]);
        await lose();
        clock.pass(FAIL_OVER);
        // The late one asks Kinde with the old token, and meanwhile the first one finds what it knows.
        let arrived = false;
        let release = () => {};
        const held = new Promise<void>((resolve) => (release = resolve));
        place.emulator.faults.once(TOKEN, async () => {
          arrived = true;
          await held;
          return Response.json({ error: 'invalid_grant' }, { status: 400 });
        });
        const late = place.ask(second, '/me', old);
        await vi.waitFor(() => expect(arrived).toBe(true));
        expect(
          (await place.ask(place.app, '/me', mode === 'store' ? old : place.cookie())).json().email,
        ).toBe(ADA);
        if (mode === 'coordination') {
          await place.browser.open('/fresh');
        }
        release();
        const { setCookies } = await late;
        expect(setCookies.filter((line) => /max-age=0/i.test(line))).toEqual([]);
        expect(await isSignedIn()).toBe(true);
        expect((await place.ask(second, '/me')).json().email).toBe(ADA);
      },
    );

    testShared(
      'OP-23 a refused session that nobody renewed is over in the store, too',
      async () => {
        clock.pass(TOKEN_LIFE + 1);
        place.emulator.faults.once(TOKEN, () =>
          Response.json({ error: 'invalid_grant' }, { status: 400 }),
        );
        const old = place.cookie();
        expect((await place.browser.open('/me')).json()).toMatchObject({
          reason: 'refresh_refused',
        });
        expect(place.browser.jar.size).toBe(0);
        const second = await place.start();
        expect((await place.ask(second, '/me', old)).json().isAuthenticated).toBe(false);
      },
    );
  },
);
