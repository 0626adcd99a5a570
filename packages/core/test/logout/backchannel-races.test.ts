import type { Server } from 'node:http';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';
import { later } from '../../../../test/kit/provider.js';
import {
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

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

describe.each(rows('coordination', 'store'))(
  'back-channel logout on %s with sessions in `%s`',
  (framework, kind) => {
    let shop: Shop;
    let fragile: ReturnType<typeof createFragileStore>;
    let apps: [Server, Server];
    let release: () => void;
    let held: Promise<void>;
    let begin: () => void;
    let begun: Promise<void>;
    beforeEach(async () => {
      shop = await createShop();
      fragile = createFragileStore();
      held = new Promise((resolve) => (release = resolve));
      begun = new Promise((resolve) => (begin = resolve));
      const start = (onSignIn?: () => Promise<void>) =>
        shop.start(framework, keeping[kind]!(fragile.store), {
          paths: { backchannelLogout: '/bye' },
          ...(onSignIn && { onSignIn }),
        });
      apps = [await start(), await start(() => (begin(), held))];
    });
    afterEach(async () => {
      vi.useRealTimers();
      await shop.close();
    });

    const now = () => Math.floor(Date.now() / 1000);
    const order = async (change: Record<string, unknown>) => {
      const { emulator } = shop;
      const base = {
        iss: emulator.issuer,
        aud: emulator.env['KINDE_CLIENT_ID']!,
        iat: now(),
        exp: now() + 120,
      };
      const claims = { ...base, jti: crypto.randomUUID(), events: { [EVENT]: {} }, ...change };
      const token = await emulator.sign(claims, { header: { typ: 'logout+jwt' } });
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      };
      return send(apps[0], '/bye', { method: 'POST', headers, body: `logout_token=${token}` });
    };
    /** Signs in with another ID token than the emulator would send. */
    const signInWith = async (email: string, change: Record<string, unknown>) => {
      shop.emulator.faults.once('/oauth2/token', async (_request, next) => {
        const body = (await (await next()).json()) as { id_token: string };
        return Response.json({
          ...body,
          id_token: await shop.emulator.sign({ ...decodeJwt(body.id_token), ...change }),
        });
      });
      return cookieOf(await shop.signIn(apps[0], email));
    };
    const isIn = async (cookie: string) => {
      later(6);
      release();
      const answers = [await visit(apps[0], cookie), await visit(apps[1], cookie)];
      expect(answers[0]!.isSignedIn).toBe(answers[1]!.isSignedIn);
      return answers[0]!.isSignedIn;
    };

    test('OP-15 a person who signs out within clock tolerance of the sign-in is signed out', async () => {
      const ada = cookieOf(await shop.signIn(apps[0], ADA));
      expect((await order({ sub: shop.idOf(ADA), iat: now() - 45 })).status).toBe(200);
      expect(await isIn(ada)).toBe(false);
    });

    test('OP-15 where a session of Kinde’s is named, that one ends whatever the clocks say', async () => {
      const one = await signInWith(ADA, { sid: 'one' });
      const two = await signInWith(ADA, { sid: 'two' });
      expect((await order({ sid: 'one', iat: now() - 300 })).status).toBe(200);
      expect([await isIn(one), await isIn(two)]).toEqual([false, true]);
    });

    test('OP-15 who signed in again after signing out stays signed in, also when the order comes late or a second time', async () => {
      const before = cookieOf(await shop.signIn(apps[0], ADA));
      const signedOutAt = now();
      expect((await order({ sub: shop.idOf(ADA) })).status).toBe(200);
      const at_once = cookieOf(await shop.signIn(apps[0], ADA));
      expect([await isIn(before), await isIn(at_once)]).toEqual([false, true]);
      later(90);
      const again = cookieOf(await shop.signIn(apps[0], ADA));
      expect((await order({ sub: shop.idOf(ADA), iat: signedOutAt })).status).toBe(200);
      expect(await isIn(again)).toBe(true);
    });

    test.each([{ sid: 'here' }, {}])(
      'OP-15 an order %j that arrives while the session is being made ends it',
      async (named) => {
        const browser = createBrowser(apps[1], shop.emulator);
        const path = await browser.callbackFor(ADA);
        shop.emulator.faults.once('/oauth2/token', async (_request, next) => {
          const body = (await (await next()).json()) as { id_token: string };
          const claims = { ...decodeJwt(body.id_token), sid: 'here' };
          return Response.json({ ...body, id_token: await shop.emulator.sign(claims) });
        });
        const finishing = browser.open(path);
        // Its tokens are there, and the app's own part of the sign-in takes its time.
        await begun;
        expect((await order('sid' in named ? named : { sub: shop.idOf(ADA) })).status).toBe(200);
        release();
        expect((await finishing).status).toBe(302);
        expect(await isIn(cookieOf(browser))).toBe(false);
      },
    );

    test.each([true, false])(
      'OP-15 a session of one person with the name of another ends nothing, and is an error (in its group: %s)',
      async (isListed) => {
        const ada = await signInWith(ADA, { sid: 'hers' });
        const grace = await signInWith(GRACE, { sid: 'his' });
        if (!isListed) {
          fragile.faults.around = async (work, method) => (method === 'groupMembers' ? [] : work());
        }
        const answer = await order({ sid: 'hers', sub: shop.idOf(GRACE) });
        if (isListed) {
          expect([answer.status, answer.json().reason]).toEqual([400, 'sub']);
        }
        expect([await isIn(ada), await isIn(grace)]).toEqual([true, true]);
        expect((await order({ sid: 'hers', sub: shop.idOf(ADA) })).status).toBe(200);
        expect([await isIn(ada), await isIn(grace)]).toEqual([false, true]);
      },
    );
  },
);
