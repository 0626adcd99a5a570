import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keep } from '../../../../test/kit/browser.js';
import { NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';
import { SITE } from '../../../../test/kit/apps.js';
import { later } from '../../../../test/kit/provider.js';
import {
  ADA,
  cookieOf,
  createFragileStore,
  createShop,
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
const kinds = ['cookie', 'coordination', 'store'];

/** Who stays signed in, as docs/how-to/sessions.md says it: from the row to the column. */
const stays: Record<string, Record<string, boolean>> = {
  cookie: { cookie: true, coordination: true, store: true },
  coordination: { cookie: false, coordination: true, store: true },
  store: { cookie: false, coordination: true, store: true },
};
const switches = kinds.flatMap((from) => kinds.map((to) => [from, to, stays[from]![to]!] as const));

describe.each(Object.keys({ express: 1, fastify: 1 }))('switching, on %s', (framework) => {
  const start = (kind: string) => shop.start(framework, keeping[kind]!(fragile.store));

  test.each(switches)(
    'OP-27 from `%s` to `%s`: signed in is %s, and so it is after switching back',
    async (from, to, isIn) => {
      const before = await start(from);
      const after = await start(to);
      const ada = await shop.signIn(before, ADA);
      const original = cookieOf(ada);
      for (let count = 0; count < 3; count++) {
        const answer = await send(after, '/private', {
          headers: { accept: 'application/json', cookie: cookieOf(ada) },
        });
        expect(answer.status === 200).toBe(isIn);
        keep(ada.jar, answer.setCookies);
      }
      // What is of no use here is left alone: who switches back finds everybody as they were.
      if (!isIn) {
        expect(cookieOf(ada)).toBe(original);
      }
      const back = await start(from);
      expect((await visit(back, cookieOf(ada))).isSignedIn).toBe(isIn ? stays[to]![from] : true);
    },
  );

  test.each(switches.filter(([from, to, isIn]) => isIn && from !== 'cookie' && from !== to))(
    'OP-27 from `%s` to `%s`: who was signed out meanwhile stays out',
    async (from, to) => {
      const app = await start(from);
      const one = cookieOf(await shop.signIn(app, ADA));
      const two = cookieOf(await shop.signIn(app, ADA));
      const { sessions } = shop.kinde(keeping[from]!(fragile.store));
      const [newest] = await sessions.list(shop.idOf(ADA));
      await sessions.revoke(shop.idOf(ADA), newest!.id);
      later(6);
      const after = await start(to);
      expect(
        [await visit(after, one), await visit(after, two)].filter(({ isSignedIn }) => isSignedIn),
      ).toHaveLength(1);
      await shop.kinde(keeping[to]!(fragile.store)).sessions.revokeUser(shop.idOf(ADA));
      later(6);
      expect([await visit(after, one), await visit(after, two)]).toMatchObject([
        { isSignedIn: false },
        { isSignedIn: false },
      ]);
    },
  );

  test.each(['coordination', 'store'])(
    'OP-27 a copy of a cookie from before `%s` does not outlive the session that was made of it',
    async (to) => {
      const ada = await shop.signIn(await start('cookie'), ADA);
      const copy = cookieOf(ada);
      const after = await start(to);
      const other = await start(to);
      keep(ada.jar, (await send(after, '/me', { headers: { cookie: copy } })).setCookies);
      expect((await visit(after, cookieOf(ada))).isSignedIn).toBe(true);
      await shop.kinde(keeping[to]!(fragile.store)).sessions.revokeUser(shop.idOf(ADA));
      later(6);
      for (const app of [after, other]) {
        for (const cookie of [copy, cookieOf(ada)]) {
          expect((await visit(app, cookie)).isSignedIn).toBe(false);
        }
      }
    },
  );

  test('OP-27 signing out ends what was taken over, for copies of the earlier cookie, too', async () => {
    const ada = await shop.signIn(await start('cookie'), ADA);
    const copy = cookieOf(ada);
    const after = await start('store');
    const other = await start('store');
    keep(ada.jar, (await send(after, '/me', { headers: { cookie: copy } })).setCookies);
    const headers = { ...SAME_SITE, origin: SITE, cookie: cookieOf(ada) };
    await send(after, '/logout', { method: 'POST', headers });
    for (const app of [after, other]) {
      expect((await visit(app, copy)).isSignedIn).toBe(false);
    }
  });

  test('OP-27 twenty requests at once take a session over once, and all are signed in', async () => {
    const cookie = cookieOf(await shop.signIn(await start('cookie'), ADA));
    const apps = [await start('store'), await start('store')];
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        send(apps[index % 2]!, '/private', { headers: { ...NAVIGATION, cookie } }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await shop.kinde({ store: fragile.store }).sessions.list(shop.idOf(ADA))).toHaveLength(
      1,
    );
  });

  test('OP-27 another store knows nobody: everybody signs in again', async () => {
    const ada = cookieOf(await shop.signIn(await start('coordination'), ADA));
    const other = createFragileStore();
    for (const kind of ['coordination', 'store']) {
      expect(
        await visit(await shop.start(framework, keeping[kind]!(other.store)), ada),
      ).toMatchObject({
        isSignedIn: false,
        reason: 'expired',
      });
    }
  });
});

test.each(rows('store'))(
  'OP-27 a store without groups takes nothing over, on %s',
  async (framework) => {
    const ada = cookieOf(await shop.signIn(await shop.start(framework, {}), ADA));
    const { get, set, delete: remove } = fragile.store;
    const after = await shop.start(framework, { store: { get, set, delete: remove } });
    expect(await visit(after, ada)).toMatchObject({ isSignedIn: false, reason: 'expired' });
  },
);
