import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import { createKinde, memoryStore, type SessionStore } from '@kindling/core';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { decodeJwt, exportSPKI, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser, type Browser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const PATH = '/backchannel-logout';
const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';

describe.each(Object.keys(frameworks))('back-channel logout, on %s', (framework) => {
  let emulator: Emulator;
  let store: Required<SessionStore>;
  let app: Server;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
  });
  beforeEach(async () => {
    store = memoryStore();
    app = await frameworks[framework]!(
      optionsFor(emulator, { paths: { backchannelLogout: PATH }, session: { store } }),
    );
  });
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
    app.closeAllConnections();
    app.close();
  });
  afterAll(() => emulator.close());

  const now = () => Math.floor(Date.now() / 1000);
  const idOf = (email: string) =>
    emulator.state.people.find((person) => person.email === email)!.id;
  const order = (change: Record<string, unknown> = {}) => ({
    iss: emulator.issuer,
    aud: emulator.env['KINDE_CLIENT_ID']!,
    iat: now(),
    exp: now() + 120,
    jti: crypto.randomUUID(),
    sub: idOf(ADA),
    events: { [EVENT]: {} },
    ...change,
  });
  const tokenWith = (change?: Record<string, unknown>, options?: Parameters<Emulator['sign']>[1]) =>
    emulator.sign(order(change), { header: { typ: 'logout+jwt' }, ...options });
  const post = (body: string, type = 'application/x-www-form-urlencoded') =>
    send(app, PATH, {
      method: 'POST',
      body,
      headers: { 'content-type': type, accept: 'application/json' },
    });
  const order200 = async (token: string) => {
    const answer = await post(new URLSearchParams({ logout_token: token }).toString());
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'private, no-store']);
  };
  const refused = async (token: string) => {
    const person = await signedIn(ADA);
    const answer = await post(new URLSearchParams({ logout_token: token }).toString());
    expect([answer.status, answer.json().code]).toEqual([400, 'logout_token_invalid']);
    expect(await isSignedIn(person)).toBe(true);
    return answer.json().reason as string;
  };
  const signedIn = async (email: string): Promise<Browser> => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(email);
    return browser;
  };
  const isSignedIn = async (browser: Browser) =>
    (await browser.open('/me')).json().isAuthenticated as boolean;

  test('BL-02 a person’s sessions end, and nobody else’s', async () => {
    const one = await signedIn(ADA);
    const two = await signedIn(ADA);
    const other = await signedIn(GRACE);
    await order200(await tokenWith({ unknown: 'claim' }));
    expect([await isSignedIn(one), await isSignedIn(two), await isSignedIn(other)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('BL-01 with a session named, only that one ends', async () => {
    const signedInWith = async (sid: string) => {
      emulator.faults.once('/oauth2/token', async (_request, next) => {
        const body = (await (await next()).json()) as { id_token: string };
        const claims = decodeJwt(body.id_token);
        return Response.json({ ...body, id_token: await emulator.sign({ ...claims, sid }) });
      });
      return signedIn(ADA);
    };
    const first = await signedInWith('first');
    const second = await signedInWith('second');
    await order200(await tokenWith({ sid: 'first' }));
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, true]);
  });

  test('BL-03 other algorithms and keys are refused', async () => {
    const kid = emulator.state.key.jwk.kid!;
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const pem = await exportSPKI((await importJWK(emulator.state.key.jwk, 'RS256')) as CryptoKey);
    const head = `${encode({ alg: 'HS256', kid })}.${encode(order())}`;
    const elliptic = (await generateKeyPair('ES256')).privateKey;
    for (const token of [
      `${encode({ alg: 'none' })}.${encode(order())}.`,
      `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`,
      await new SignJWT(order()).setProtectedHeader({ alg: 'ES256', kid }).sign(elliptic),
      await tokenWith({}, { key: 'unpublished' }),
    ]) {
      expect(['alg', 'signature', 'malformed']).toContain(await refused(token));
    }
  });

  test.each([
    ['BL-04', { events: undefined }, 'events'],
    ['BL-04', { events: {} }, 'events'],
    ['BL-04', { events: { other: {} } }, 'events'],
    ['BL-04', { events: EVENT }, 'events'],
    ['BL-04', { events: { [EVENT]: 'yes' } }, 'events'],
    ['BL-05', { nonce: 'n' }, 'nonce'],
    ['BL-05', { nonce: null }, 'nonce'],
    ['BL-06', { iss: 'https://other.kinde.com' }, 'iss'],
    ['BL-06', { aud: 'other' }, 'aud'],
    ['BL-06', { aud: ['other', 'CID'] }, 'aud'],
    ['BL-06', { aud: [] }, 'aud'],
    ['BL-07', { sub: undefined }, 'sub'],
    ['BL-07', { sub: '', sid: '' }, 'sub'],
    ['BL-07', { sub: undefined, sid: {} }, 'sub'],
    ['BL-08', { iat: undefined }, 'iat'],
    ['BL-09', { jti: undefined }, 'jti'],
  ] as [string, Record<string, unknown>, string][])(
    '%s an order with %j is refused',
    async (_id, change, reason) => {
      const { aud } = change;
      const filled =
        Array.isArray(aud) &&
        aud.map((one) => String(one).replace('CID', emulator.env['KINDE_CLIENT_ID']!));
      expect(await refused(await tokenWith({ ...change, ...(filled && { aud: filled }) }))).toBe(
        reason,
      );
    },
  );

  test('BL-08 one from tomorrow, from an hour ago, or past its end is refused, and locks nobody out', async () => {
    for (const change of [
      { iat: now() + 86_400, exp: now() + 90_000 },
      { iat: now() - 3600 },
      { iat: now() - 200, exp: now() - 100 },
    ]) {
      await refused(await tokenWith(change));
    }
    expect(await isSignedIn(await signedIn(ADA))).toBe(true);
  });

  test('BL-09 the same order twice is refused the second time', async () => {
    const token = await tokenWith();
    await order200(token);
    expect(
      (await post(new URLSearchParams({ logout_token: token }).toString())).json().reason,
    ).toBe('jti');
  });

  test('BL-10 BL-11 other tokens of the same keys are no orders', async () => {
    const { events: _none, jti: _jti, ...claims } = order();
    for (const change of [
      { nonce: 'n', at_hash: 'h' },
      { scp: ['openid'], aud: ['https://api.example'] },
      { event_id: 'e', type: 'user.deleted', data: {} },
    ]) {
      await refused(await emulator.sign({ ...claims, ...change }));
    }
  });

  test('BL-12 anything but one token in a small form is refused', async () => {
    const token = await tokenWith();
    expect((await send(app, PATH)).status).toBe(405);
    expect((await post(JSON.stringify({ logout_token: token }), 'application/json')).status).toBe(
      400,
    );
    expect((await post(`logout_token=${token}&logout_token=${token}`)).json().code).toBe(
      'param_duplicate',
    );
    expect((await post('other=1')).json().code).toBe('param_invalid');
    // Too much is refused while it is still being sent, so the sender may see its connection close instead of the answer.
    const large = await post(`logout_token=${'x'.repeat(2 ** 20)}`).catch(
      (error: NodeJS.ErrnoException) => error,
    );
    expect(large instanceof Error ? large.code : large.status).toSatisfy(
      (outcome) => outcome === 413 || outcome === 'EPIPE' || outcome === 'ECONNRESET',
    );
    await order200(token);
  });

  test('BL-13 while the store is away, the order is not confirmed and may come again', async () => {
    const { groupMembers } = store;
    const token = await tokenWith();
    store.groupMembers = () => Promise.reject(new Error('down'));
    expect(
      (await post(new URLSearchParams({ logout_token: token }).toString())).json(),
    ).toMatchObject({
      status: 400,
      reason: 'store',
    });
    store.groupMembers = groupMembers;
    await order200(token);
  });

  test('BL-14 who signs in again afterwards stays signed in', async () => {
    const before = await signedIn(ADA);
    await order200(await tokenWith());
    vi.useFakeTimers({ now: Date.now() + 2000, toFake: ['Date'] });
    const after = await signedIn(ADA);
    expect([await isSignedIn(before), await isSignedIn(after)]).toEqual([false, true]);
  });

  test('BL-15 bad orders ask for keys no more often than bad tokens do, and touch no session', async () => {
    await order200(await tokenWith());
    const before = emulator.requests.filter(({ path }) => path.includes('jwks')).length;
    let asked = 0;
    const get = store.get.bind(store);
    store.get = (id) => (asked++, get(id));
    const { privateKey } = await generateKeyPair('RS256');
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        post(
          new URLSearchParams({
            logout_token: await new SignJWT(order())
              .setProtectedHeader({ alg: 'RS256', kid: `k${index}` })
              .sign(privateKey),
          }).toString(),
        ),
      ),
    );
    // Their key may be published a moment later, so they are to be sent again.
    expect(
      new Set(answers.map(({ status, headers }) => `${status} ${headers['retry-after']}`)),
    ).toEqual(new Set(['503 10']));
    expect(
      emulator.requests.filter(({ path }) => path.includes('jwks')).length - before,
    ).toBeLessThanOrEqual(1);
    expect(asked).toBe(0);
  });

  test('without the option there is no such address', async () => {
    const plain = await frameworks[framework]!(optionsFor(emulator, { session: { store } }));
    expect((await send(plain, PATH, { method: 'POST' })).status).toBe(404);
    plain.close();
  });
});

test('BL-16 without a store it is refused at set-up', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  expect(() => createKinde(optionsFor(emulator, { paths: { backchannelLogout: PATH } }))).toThrow(
    /needs a session store/,
  );
});
