import type { Server } from 'node:http';
import { createKinde, type Kinde, type Outlet } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBoundedCache, createMemoryBudget } from '../../src/cache/bounded.js';
import { optionsFor, SECRET, SITE, startApp, table } from '../../../../test/kit/apps.js';
import { createBrowser, keep } from '../../../../test/kit/browser.js';
import { SAME_SITE, send } from '../../../../test/kit/http.js';

const ADA = 'ada@example.com';
const AUDIENCE = 'https://api.todos.example';
const OTHER_SECRET = 'fedcba9876543210fedcba9876543210-another-one';
const DAY = 24 * 3600;
const later = (seconds: number) =>
  vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
const headersOf = (jar: ReadonlyMap<string, string>) =>
  [...jar].map(([name, value]) => `${name}=${value}`).join('; ');

afterEach(() => void vi.useRealTimers());

describe('what is remembered of requests', () => {
  let emulator: Emulator;
  let kinde: Kinde;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    emulator.state.applications[0]!.audiences = [AUDIENCE];
    kinde = createKinde(optionsFor(emulator, { audience: AUDIENCE }));
  });
  const requestOf = (url: string, headers: Record<string, string>) => ({
    method: 'GET',
    url,
    headers: new Headers(headers),
  });
  const outlet: Outlet = { canSetCookies: true, setCookies: () => {}, vary: () => {} };
  /** The caller, where `enter` says so at once. */
  const recall = (headers: Record<string, string>, by = kinde) => {
    const entered = by.enter(requestOf('/', headers), outlet);
    if (!(entered instanceof Promise)) {
      return entered.caller;
    }
    entered.catch(() => {});
    return undefined;
  };
  const authenticate = async (headers: Record<string, string>, by = kinde) =>
    (await by.authenticate(requestOf('/', headers))).auth;
  /** The `Cookie` header of somebody who has signed in and been here once. */
  const signIn = async (email = ADA, by = kinde) => {
    const jar = new Map<string, string>();
    const { location, cookies } = await by.login(requestOf('/login', {}));
    keep(jar, cookies);
    const back = await emulator.signIn(location, { email });
    keep(
      jar,
      (await by.callback(requestOf(back.pathname + back.search, { cookie: headersOf(jar) })))
        .cookies,
    );
    const cookie = headersOf(jar);
    expect((await authenticate({ cookie }, by)).isAuthenticated).toBe(true);
    return cookie;
  };
  const bearer = async (claims: object = {}) => {
    const now = Math.floor(Date.now() / 1000);
    const token = {
      iss: emulator.issuer,
      sub: 'kp_a',
      aud: [AUDIENCE],
      iat: now,
      exp: now + 300,
      scp: [],
      ...claims,
    };
    const headers = { authorization: `Bearer ${await emulator.sign(token)}` };
    // The first request fetches the keys; from the second on, it is known which set of them decided.
    for (let times = 0; times < 2; times++) {
      expect((await authenticate(headers)).isAuthenticated).toBe(true);
    }
    return headers;
  };

  test('a person is known at once, and only with exactly the same cookie', async () => {
    const cookie = await signIn();
    expect(recall({ cookie })?.getClaims('id_token')['email']).toBe(ADA);
    expect(recall({ cookie: `theme=dark; ${cookie}; lang=en` })?.isAuthenticated).toBe(true);
    const start = cookie.indexOf('=') + 1;
    for (const at of [
      start,
      start + 40,
      cookie.length >> 1,
      cookie.length - 40,
      cookie.length - 1,
    ]) {
      const changed = cookie.slice(0, at) + (cookie[at] === 'A' ? 'B' : 'A') + cookie.slice(at + 1);
      expect(recall({ cookie: changed })).toBeUndefined();
      expect((await authenticate({ cookie: changed })).isAuthenticated).toBe(false);
    }
    expect(recall({ cookie: cookie.slice(0, -1) })).toBeUndefined();
    expect(recall({ cookie: `x${cookie}` })).toBeUndefined();
    expect(recall({})).toBeUndefined();
  });

  test('sessions whose cookies begin alike are never mixed up', async () => {
    const alan = await signIn('alan@example.com');
    const grace = await signIn('grace@example.com');
    // Name, version and the first bytes of the key id.
    const [start] = /^[^=]+=.{6}/.exec(alan)!;
    expect(grace.startsWith(start)).toBe(true);
    expect(recall({ cookie: alan })?.getClaims('id_token')['email']).toBe('alan@example.com');
    expect(recall({ cookie: grace })?.getClaims('id_token')['email']).toBe('grace@example.com');
    // The head of one and the tail of the other belong to nobody.
    const mixed = alan.slice(0, alan.length >> 1) + grace.slice(grace.length >> 1);
    expect(recall({ cookie: mixed })).toBeUndefined();
    expect((await authenticate({ cookie: mixed })).isAuthenticated).toBe(false);
  });

  test('of two cookies with one name the first counts, remembered or not', async () => {
    const ada = await signIn(ADA);
    const grace = await signIn('grace@example.com');
    const both = { cookie: `${grace}; ${ada}` };
    expect(recall(both)?.getClaims('id_token')['email']).toBe('grace@example.com');
    expect((await authenticate(both)).getClaims('id_token')['email']).toBe('grace@example.com');
  });

  test('nobody is known beyond the end of the token, of the idle time and of the session', async () => {
    for (const [seconds, session] of [
      [DAY + 1, {}],
      [70, { idle: 65 }],
      [70, { maxAge: 65 }],
    ] as const) {
      const by = createKinde(optionsFor(emulator, { session }));
      const cookie = await signIn(ADA, by);
      expect(recall({ cookie }, by)?.isAuthenticated).toBe(true);
      later(seconds);
      expect(recall({ cookie }, by)).toBeUndefined();
      vi.useRealTimers();
    }
  });

  test('a session that was ended is not known any more, by none of its cookies', async () => {
    const cookie = await signIn();
    await kinde.logout(requestOf('/logout', { cookie }));
    expect(recall({ cookie })).toBeUndefined();
    expect((await authenticate({ cookie })).isAuthenticated).toBe(false);
  });

  test('a cookie under a secret that was removed is nobody, one under a retiring secret is sealed anew first', async () => {
    const cookie = await signIn();
    const removed = createKinde(optionsFor(emulator, { secret: OTHER_SECRET }));
    expect(recall({ cookie }, removed)).toBeUndefined();
    expect((await authenticate({ cookie }, removed)).isAuthenticated).toBe(false);
    const retiring = createKinde(optionsFor(emulator, { secret: [OTHER_SECRET, SECRET] }));
    expect((await authenticate({ cookie }, retiring)).isAuthenticated).toBe(true);
    expect(recall({ cookie }, retiring)).toBeUndefined();
    const { cookies } = await retiring.authenticate(requestOf('/', { cookie }));
    expect(cookies).not.toEqual([]);
  });

  test('a bearer token is known until it ends', async () => {
    const headers = await bearer();
    expect(recall(headers)).toMatchObject({ isAuthenticated: true, via: 'bearer' });
    expect(recall({ authorization: `${headers.authorization}A` })).toBeUndefined();
    later(300 + 61);
    expect(recall(headers)).toBeUndefined();
    expect((await authenticate(headers)).isAuthenticated).toBe(false);
  });

  test('a bearer token is verified again as soon as other keys may decide', async () => {
    const headers = await bearer({ exp: Math.floor(Date.now() / 1000) + 7200 });
    expect(recall(headers)?.isAuthenticated).toBe(true);
    await emulator.rotateKeys();
    // A token under the new key makes the keys be fetched, once they are half a minute old.
    later(40);
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: emulator.issuer,
      sub: 'kp_b',
      aud: [AUDIENCE],
      iat: now,
      exp: now + 300,
      scp: [],
    };
    const newer = { authorization: `Bearer ${await emulator.sign(claims)}` };
    expect((await authenticate(newer)).isAuthenticated).toBe(true);
    expect(recall(headers)).toBeUndefined();
    expect((await authenticate(headers)).isAuthenticated).toBe(false);
  });

  test('a bearer token is verified again when the keys are ten minutes old', async () => {
    const headers = await bearer({ exp: Math.floor(Date.now() / 1000) + 7200 });
    later(610);
    await emulator.rotateKeys();
    expect(recall(headers)).toBeUndefined();
    expect((await authenticate(headers)).isAuthenticated).toBe(false);
  });

  test('a session never passes as a bearer token, nor the other way around', async () => {
    const cookie = await signIn();
    const { authorization } = await bearer();
    const session = recall({ cookie })!;
    const token = session.isAuthenticated ? session.accessToken : '';
    expect(recall({ authorization: `Bearer ${token}` })).toBeUndefined();
    expect(
      recall({ cookie: `${cookie.split('=')[0]}=${authorization.slice('Bearer '.length)}` }),
    ).toBeUndefined();
    // Where a bearer token is sent, the cookie does not speak.
    expect(recall({ cookie, authorization: 'Bearer x.y.z' })).toBeUndefined();
    expect((await authenticate({ cookie, authorization: 'Bearer x.y.z' })).isAuthenticated).toBe(
      false,
    );
  });

  test('what one request is given cannot be changed for another, and answers from Kinde are not shared', async () => {
    const cookie = await signIn();
    const one = recall({ cookie })!;
    const change = (target: object, name: string) => Reflect.set(target, name, 'changed');
    const targets = [
      one,
      one.getPermissions(),
      one.getPermissions().permissions,
      one.getClaims(),
      one.getFlag('theme'),
    ];
    for (const target of targets) {
      expect(change(target, Object.keys(target)[0]!)).toBe(false);
    }
    if (!one.isAuthenticated) {
      throw new Error('nobody');
    }
    expect(change(one.user, 'email')).toBe(false);
    const two = recall({ cookie })!;
    expect(two).not.toBe(one);
    if (!two.isAuthenticated) {
      throw new Error('nobody');
    }
    expect(two.user.email).toBe(ADA);
    const asked = () =>
      emulator.requests.filter(({ path }) => path.startsWith('/account_api')).length;
    await Promise.all([one.live(), one.live()]);
    const once = asked();
    expect(once).toBeGreaterThan(0);
    await two.live();
    expect(asked()).toBe(2 * once);
  });
});

describe('the bounds of a memory', () => {
  const text = (index: number) =>
    `${'same beginning '.repeat(20)}${String(index).padStart(40, '0')}`;
  const terms = { until: Infinity, bytes: 1000 };

  test('a flood displaces what is not asked for, and what is in use stays', () => {
    const memory = createBoundedCache<number>(createMemoryBudget(100_000));
    for (let index = 0; index < 10_000; index++) {
      memory.set(text(index), index, terms);
      expect(memory.get(text(0))).toBe(0);
    }
    const known = Array.from({ length: 10_000 }, (_, index) => memory.get(text(index))).filter(
      (one) => one !== undefined,
    );
    expect(known.length).toBeLessThanOrEqual(100);
    expect(known.length).toBeGreaterThan(10);
  });

  test('by bytes: large entries leave room for fewer, and one that is too large is not kept', () => {
    const memory = createBoundedCache<number>(createMemoryBudget(20_000));
    for (let index = 0; index < 500; index++) {
      memory.set(text(index), index, terms);
    }
    const known = Array.from({ length: 500 }, (_, index) => index).filter(
      (index) => memory.get(text(index)) === index,
    );
    expect(known.length).toBeLessThanOrEqual(20);
    expect(known).toContain(499);
    memory.set(text(1000), 1000, { until: Infinity, bytes: 10_000 });
    expect(memory.get(text(1000))).toBeUndefined();
  });

  test('by time, and by name: the same end with another beginning is another text', () => {
    const memory = createBoundedCache<string>();
    memory.set(text(1), 'one', { until: Math.floor(Date.now() / 1000) + 60, bytes: 100 });
    expect(memory.get(text(1))).toBe('one');
    expect(memory.get(`x${text(1).slice(1)}`)).toBeUndefined();
    memory.delete(`x${text(1).slice(1)}`);
    expect(memory.get(text(1))).toBe('one');
    later(60);
    expect(memory.get(text(1))).toBeUndefined();
  });
});

describe.each(table)('remembered sessions, on %s in the %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  beforeEach(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    app = await startApp(row, emulator);
  });
  afterEach(() => {
    app.closeAllConnections();
    app.close();
  });

  test('signing out counts from the next request on, though the session was known', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const cookie = headersOf(browser.jar);
    const me = async () => (await send(app, '/me', { headers: { cookie } })).json();
    for (let times = 0; times < 3; times++) {
      expect((await me()).email).toBe(ADA);
    }
    await browser.open('/logout', { headers: SAME_SITE });
    expect((await me()).isAuthenticated).toBe(false);
  });

  test('a flood of forged cookies is refused one by one and makes nobody else wait', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const cookie = headersOf(browser.jar);
    const forged = Array.from(
      { length: 300 },
      (_, index) => `${cookie.slice(0, -6)}${String(index).padStart(6, 'x')}`,
    );
    for (const one of forged) {
      const answer = await send(app, '/me', { headers: { cookie: one } });
      expect(answer.json().isAuthenticated).toBe(false);
    }
    expect((await send(app, '/me', { headers: { cookie } })).json().email).toBe(ADA);
  });

  test('people who ask in turns always get their own answers', async () => {
    const cookies = new Map<string, string>();
    for (const email of [ADA, 'grace@example.com']) {
      const browser = createBrowser(app, emulator);
      await browser.signIn(email);
      cookies.set(email, headersOf(browser.jar));
    }
    const asked = Array.from({ length: 40 }, () => [...cookies]).flat();
    const answers = await Promise.all(
      asked.map(async ([email, cookie]) => [
        email,
        (await send(app, '/me', { headers: { cookie } })).json().email,
      ]),
    );
    for (const [email, answered] of answers) {
      expect(answered).toBe(email);
    }
  });
});
