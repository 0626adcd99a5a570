import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { later } from '../../../../test/kit/provider.js';
import {
  ACME,
  ADA,
  cookieOf,
  createFragileStore,
  createShop,
  GRACE,
  keeping,
  rows,
  visit,
  type Shop,
} from '../../../../test/kit/shop.js';

let shop: Shop;
let fragile: ReturnType<typeof createFragileStore>;
beforeEach(async () => {
  shop = await createShop();
  fragile = createFragileStore();
});
afterEach(async () => {
  vi.useRealTimers();
  await shop.close();
});
const start = (framework: string, kind: string) =>
  shop.start(framework, keeping[kind]!(fragile.store));
const kinde = (kind: string) => shop.kinde(keeping[kind]!(fragile.store));

describe.each(rows('coordination', 'store'))(
  'revocation on %s with sessions in `%s`',
  (framework, kind) => {
    test('OP-13 a process that starts while the store is away lets nobody in, and everybody but the revoked when it is back', async () => {
      const app = await start(framework, kind);
      const ada = cookieOf(await shop.signIn(app, ADA));
      const grace = cookieOf(await shop.signIn(app, GRACE));
      await kinde(kind).sessions.revokeUser(shop.idOf(ADA));
      fragile.down();
      const young = await start(framework, kind);
      for (const cookie of [ada, grace]) {
        expect(await visit(young, cookie)).toEqual({
          isSignedIn: false,
          reason: 'unavailable',
          status: 503,
          cookies: [],
        });
      }
      fragile.up();
      expect(await visit(young, ada)).toMatchObject({ isSignedIn: false, status: 401 });
      expect(await visit(young, grace)).toMatchObject({ isSignedIn: true, status: 200 });
    });

    test('OP-13 nobody signs in while what was said cannot be read, and no code is spent', async () => {
      const app = await start(framework, kind);
      const browser = await shop.signIn(app, ADA);
      const callback = await browser.callbackFor(ADA);
      fragile.down();
      const before = shop.emulator.requests.filter(({ path }) => path === '/oauth2/token').length;
      expect((await browser.open(callback)).status).toBe(503);
      expect(shop.emulator.requests.filter(({ path }) => path === '/oauth2/token')).toHaveLength(
        before,
      );
    });

    test('OP-13 a store that was emptied brings nobody back, and signs everybody out', async () => {
      const app = await start(framework, kind);
      const ada = cookieOf(await shop.signIn(app, ADA));
      const grace = cookieOf(await shop.signIn(app, GRACE));
      await kinde(kind).sessions.revokeUser(shop.idOf(ADA));
      fragile.flush();
      const young = await start(framework, kind);
      expect(await visit(young, ada)).toMatchObject({
        isSignedIn: false,
        reason: 'expired',
        status: 401,
      });
      expect(await visit(young, grace)).toMatchObject({
        isSignedIn: false,
        reason: 'expired',
        status: 401,
      });
      // So it is in a process that had been there before, and who signs in again is in everywhere.
      later(6);
      expect(await visit(app, grace)).toMatchObject({ isSignedIn: false });
      const again = cookieOf(await shop.signIn(app, GRACE));
      expect([await visit(app, again), await visit(young, again)]).toMatchObject([
        { status: 200 },
        { status: 200 },
      ]);
    });

    test('OP-13 a store that went back to an earlier state, as by a fail-over, brings nobody back', async () => {
      const app = await start(framework, kind);
      const ada = cookieOf(await shop.signIn(app, ADA));
      const saved = new Map<unknown, string | undefined>();
      fragile.faults.around = async (work, method, id) => {
        const answer = await work();
        if (method === 'get') {
          saved.set(id, answer as string);
        }
        return answer;
      };
      later(6);
      await visit(app, ada);
      fragile.up();
      await kinde(kind).sessions.revokeUser(shop.idOf(ADA));
      const late = cookieOf(await shop.signIn(app, GRACE));
      for (const [id, value] of saved) {
        await fragile.inner().set(id as string, value!, 3600);
      }
      later(6);
      for (const process of [app, await start(framework, kind)]) {
        expect([await visit(process, late), await visit(process, ada)]).toMatchObject([
          { isSignedIn: false },
          { isSignedIn: false },
        ]);
      }
    });

    test('OP-13 what is known goes on without the store for five minutes, and no longer', async () => {
      const app = await start(framework, 'coordination');
      const ada = cookieOf(await shop.signIn(app, ADA));
      fragile.down();
      later(290);
      expect(await visit(app, ada)).toMatchObject({ isSignedIn: true, status: 200 });
      later(20);
      expect(await visit(app, ada)).toMatchObject({
        isSignedIn: false,
        reason: 'unavailable',
        status: 503,
        cookies: [],
      });
      fragile.up();
      expect(await visit(app, ada)).toMatchObject({ isSignedIn: true, status: 200 });
    });

    test.each(['user', 'organization'])(
      'OP-14 all sessions of a %s end though the store has lost their groups',
      async (whose) => {
        const app = await start(framework, kind);
        const other = await start(framework, kind);
        const ada = cookieOf(await shop.signIn(app, ADA, ACME));
        expect(await visit(other, ada)).toMatchObject({ isSignedIn: true });
        fragile.faults.around = async (work, method) => (method === 'groupMembers' ? [] : work());
        const { sessions } = kinde(kind);
        await (whose === 'user'
          ? sessions.revokeUser(shop.idOf(ADA))
          : sessions.revokeOrganization(ACME));
        later(6);
        for (const process of [app, other]) {
          expect(await visit(process, ada)).toMatchObject({ isSignedIn: false });
        }
        const again = cookieOf(await shop.signIn(app, ADA, ACME));
        expect(await visit(other, again)).toMatchObject({ isSignedIn: true });
      },
    );

    test('OP-14 where it could not be said, that is an error, and the session is over when it is said again', async () => {
      const app = await start(framework, kind);
      const ada = cookieOf(await shop.signIn(app, ADA));
      const { sessions } = kinde(kind);
      for (const failing of ['groupMembers', 'compareAndSet']) {
        fragile.faults.around = (work, method) =>
          method === failing ? Promise.reject(new Error('down')) : work();
        await expect(sessions.revokeUser(shop.idOf(ADA))).rejects.toMatchObject({
          code: 'store_unavailable',
        });
      }
      fragile.up();
      await sessions.revokeUser(shop.idOf(ADA));
      later(6);
      expect(await visit(app, ada)).toMatchObject({ isSignedIn: false });
    });

    test('OP-16 the refresh tokens of revoked sessions are revoked at Kinde where they are at hand', async () => {
      const app = await start(framework, kind);
      const { sessions } = kinde(kind);
      const living = () =>
        [...shop.emulator.state.grants.values()].filter(({ ended }) => !ended).length;
      const cookies = [];
      for (let count = 0; count < 3; count++) {
        cookies.push(cookieOf(await shop.signIn(app, ADA, ACME)));
      }
      expect(living()).toBe(3);
      const [first] = await sessions.list(shop.idOf(ADA));
      await sessions.revoke(shop.idOf(ADA), first!.id);
      if (kind === 'store') {
        expect(living()).toBe(2);
      }
      await sessions.revokeUser(shop.idOf(ADA));
      if (kind === 'store') {
        expect(living()).toBe(0);
      }
      later(6);
      // Tokens that are in cookies are at hand when those come.
      for (const cookie of cookies) {
        await visit(app, cookie);
      }
      await vi.waitFor(() => expect(living()).toBe(0));
    });

    test('OP-13 one session that is ended is over, too, for processes that keep it in another way', async () => {
      const app = await start(framework, kind);
      const ada = cookieOf(await shop.signIn(app, ADA));
      const beside = await start(framework, kind === 'store' ? 'coordination' : 'store');
      const { sessions } = kinde('store');
      await visit(beside, ada);
      const [only] = await sessions.list(shop.idOf(ADA));
      expect(await sessions.revoke(shop.idOf(ADA), only!.id)).toBe(true);
      later(6);
      for (const one of [app, beside]) {
        expect(await visit(one, ada)).toMatchObject({ isSignedIn: false });
      }
    });

    test('OP-16 Kinde’s failing, or standing still, makes no error and takes seconds at most', async () => {
      const app = await start(framework, kind);
      const { sessions } = kinde(kind);
      for (const answer of [
        () => Promise.reject(new TypeError('fetch failed')),
        () => new Promise<never>(() => {}),
      ]) {
        const ada = cookieOf(await shop.signIn(app, ADA));
        shop.emulator.faults.always('/oauth2/revoke', answer);
        const begin = performance.now();
        await sessions.revokeUser(shop.idOf(ADA));
        expect(performance.now() - begin).toBeLessThan(4500);
        shop.emulator.faults.clear();
        later(6);
        expect(await visit(app, ada)).toMatchObject({ isSignedIn: false });
      }
    }, 20_000);
  },
);
