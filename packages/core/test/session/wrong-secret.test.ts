import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSeal } from '../../src/crypto/seal.js';
import { frameworks, SECRET } from '../../../../test/kit/apps.js';
import { keep } from '../../../../test/kit/browser.js';
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

const OTHER = 'another-secret-of-thirty-two-characters-0';
const NEXT = 'the-next-secret-of-thirty-two-characters';

let shop: Shop;
let fragile: ReturnType<typeof createFragileStore>;
let warned: { code: string; message: string }[];
beforeEach(async () => {
  shop = await createShop();
  fragile = createFragileStore();
  warned = [];
  vi.spyOn(globalThis.process, 'emitWarning').mockImplementation(((
    message: string,
    { code }: { code: string },
  ) => {
    warned.push({ code, message });
  }) as never);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await shop.close();
});

describe.each(rows('cookie', 'coordination', 'store'))(
  'a process with another secret, on %s with `%s`',
  (framework, kind) => {
    const start = (secret: string | string[] = SECRET) =>
      shop.start(framework, keeping[kind]!(fragile.store), { secret });

    test('OP-11 leaves 20 of 20 sessions alone, and says so once', async () => {
      const right = await start();
      const wrong = await start(OTHER);
      for (let count = 0; count < 20; count++) {
        const ada = await shop.signIn(right, ADA);
        expect(await visit(wrong, cookieOf(ada))).toMatchObject({ isSignedIn: false, cookies: [] });
        expect(await visit(right, cookieOf(ada))).toMatchObject({ isSignedIn: true });
      }
      expect(warned.map(({ code }) => code)).toEqual(['session_foreign']);
      expect(warned[0]!.message).toContain('docs/how-to/rolling-upgrades.md');
      expect(JSON.stringify(warned)).not.toContain(OTHER);
    });

    test('OP-11 leaves a cookie of a version that is not known alone, too', async () => {
      const app = await start();
      const ada = await shop.signIn(app, ADA);
      const [name, value] = [...ada.jar][0]!;
      const bytes = Buffer.from(value, 'base64url');
      bytes[0] = 2;
      const cookie = `${name}=${bytes.toString('base64url')}`;
      expect(await visit(app, cookie)).toMatchObject({ isSignedIn: false, cookies: [] });
      expect(warned.map(({ code }) => code)).toEqual(['session_foreign']);
      // What is damaged is nobody's, and goes.
      bytes[0] = 1;
      bytes[bytes.length - 1]! ^= 1;
      const gone = await visit(app, `${name}=${bytes.toString('base64url')}`);
      expect([gone.isSignedIn, gone.cookies.length > 0]).toEqual([false, true]);
    });

    test('OP-11 in the three steps of the page on rolling upgrades nobody is signed out, and what was revoked stays so', async () => {
      const steps = [[SECRET], [SECRET, NEXT], [NEXT, SECRET], [NEXT]];
      const old = await start(steps[0]);
      const ada = await shop.signIn(old, ADA);
      const grace = await shop.signIn(old, GRACE);
      for (let step = 1; step < steps.length; step++) {
        // Half of the processes have done the step.
        const apps = [await start(steps[step - 1]), await start(steps[step])];
        const young = await shop.signIn(apps[1]!, GRACE);
        for (const app of apps) {
          for (const browser of [ada, young]) {
            expect(await visit(app, cookieOf(browser))).toMatchObject({
              isSignedIn: true,
              status: 200,
            });
          }
        }
        // Browsers come by while a step is in force, and take along what that writes.
        for (const browser of [ada, grace]) {
          keep(
            browser.jar,
            (await send(apps[1]!, '/me', { headers: { cookie: cookieOf(browser) } })).setCookies,
          );
        }
      }
      if (kind === 'cookie') {
        return;
      }
      await shop
        .kinde(keeping[kind]!(fragile.store), { secret: NEXT })
        .sessions.revokeUser(shop.idOf(ADA));
      later(6);
      const last = await start(NEXT);
      expect([await visit(last, cookieOf(ada)), await visit(last, cookieOf(grace))]).toMatchObject([
        { isSignedIn: false },
        { isSignedIn: true },
      ]);
    });
  },
);

test.each(Object.keys(frameworks))(
  'OP-11 a record that a process cannot read is answered 503, on %s',
  async (framework) => {
    const right = await shop.start(framework, { store: fragile.store }, { secret: SECRET });
    const both = await shop.start(framework, { store: fragile.store }, { secret: [NEXT, SECRET] });
    const behind = await shop.start(framework, { store: fragile.store }, { secret: SECRET });
    const ada = await shop.signIn(right, ADA);
    const before = cookieOf(ada);
    later(86_401);
    // Renewed by a process that is ahead: the record is under its secret, the browser still has the cookie of the other.
    expect((await visit(both, before)).isSignedIn).toBe(true);
    expect(await visit(behind, before)).toMatchObject({
      isSignedIn: false,
      reason: 'unavailable',
      status: 503,
      cookies: [],
    });
  },
);

test('OP-28 no two texts share a key, so that 2^32 texts under one are no limit', async () => {
  const seal = createSeal([SECRET], 'app');
  const texts = await Promise.all(
    Array.from({ length: 2000 }, () => seal.seal({ id: 'same' }, 'session', 60)),
  );
  // Bytes 5 to 20 are the salt of which key and nonce of a text are made (decision 13).
  const salts = texts.map((text) => Buffer.from(text, 'base64url').subarray(5, 21).toString('hex'));
  expect(new Set(salts).size).toBe(texts.length);
  // A text under another salt is under another key, and opens no more.
  const bytes = Buffer.from(texts[0]!, 'base64url');
  bytes[7]! ^= 1;
  expect(await seal.open(bytes.toString('base64url'), 'session')).toBeUndefined();
  for (const text of texts.slice(0, 20)) {
    expect((await seal.open(text, 'session'))?.payload['id']).toBe('same');
  }
});
