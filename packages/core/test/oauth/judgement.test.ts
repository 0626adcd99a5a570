import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ADA,
  openPlace,
  rows,
  takeClock,
  TOKEN_LIFE,
  type Clock,
  type Place,
} from '../../../../test/kit/renewals.js';

const JWKS = '/.well-known/jwks';
const MINUTE = 60;
/** Longer than an answer that could not be judged is left alone. */
const A_WHILE = 10;

describe.each(rows)('answers that cannot be judged now, on %s with sessions in "%s"', (...row) => {
  let clock: Clock;
  let place: Place;
  beforeEach(async () => {
    clock = takeClock();
    place = await openPlace(row, clock);
  });
  afterEach(() => place.close());
  /** From now on Kinde signs with a key that its key endpoint does not have yet. */
  const rotateSilently = async () => {
    const { emulator } = place;
    const before = await (await emulator.fetch(`${emulator.issuer}${JWKS}`)).text();
    await emulator.rotateKeys();
    emulator.faults.always(
      JWKS,
      () => new Response(before, { headers: { 'content-type': 'application/json' } }),
    );
  };
  const visit = async (path = '/private') => {
    const before = place.calls();
    const answer = await place.browser.open(path);
    return [answer.status, place.calls() - before];
  };

  test('OP-04 keep the living token, then 503, and count as soon as their key is known: nothing is spent twice', async () => {
    clock.pass(TOKEN_LIFE - 20);
    await rotateSilently();
    expect(await visit()).toEqual([200, 1]);
    expect(await visit()).toEqual([200, 0]);
    clock.pass(30);
    expect(await visit()).toEqual([503, 0]);
    const answer = await place.browser.open('/private');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, expect.any(String)]);
    expect((await place.browser.open('/me')).json()).toMatchObject({
      isAuthenticated: false,
      reason: 'unavailable',
    });
    expect(place.browser.jar.size).toBeGreaterThan(0);
    place.emulator.faults.clear();
    clock.pass(MINUTE);
    expect(await visit()).toEqual([200, 0]);
    expect((await place.browser.open('/me')).json().email).toBe(ADA);
    // The session goes on with the tokens of that answer, and so it is renewed the next time.
    clock.pass(TOKEN_LIFE);
    expect(await visit()).toEqual([200, 1]);
    expect(place.emulator.state.reuse).toBe(0);
  });

  test('OP-04 are judged by a process that has just started, from what the browser or the store has', async () => {
    clock.pass(TOKEN_LIFE + 1);
    await rotateSilently();
    expect(await visit()).toEqual([503, 1]);
    const second = await place.start();
    place.emulator.faults.clear();
    clock.pass(A_WHILE);
    const answer = await place.ask(second);
    expect([answer.status, place.calls(), place.emulator.state.reuse]).toEqual([200, 2, 0]);
  });

  /** Processes without a store share what the browser brings. */
  const testShared = row[1] === 'cookie' ? () => {} : test;

  testShared(
    'OP-04 are agreed on: another process with the cookie from before does not ask again',
    async () => {
      const old = place.cookie();
      clock.pass(TOKEN_LIFE + 1);
      await rotateSilently();
      expect(await visit()).toEqual([503, 1]);
      const second = await place.start();
      expect((await place.ask(second, '/private', old)).status).toBe(503);
      place.emulator.faults.clear();
      clock.pass(MINUTE);
      expect((await place.ask(second, '/private', old)).status).toBe(200);
      expect([place.calls(), place.emulator.state.reuse]).toEqual([2, 0]);
    },
  );

  const testCookie = row[1] === 'cookie' ? test : () => {};

  testCookie(
    'OP-04 that do not fit into the cookie are remembered by the process alone, and it says so',
    async () => {
      const warnings: string[] = [];
      const note = ({ message }: Error) => warnings.push(message);
      process.on('warning', note);
      const small = await place.start({
        session: { cookieBytes: Math.max(1500, place.cookie().length + 300) },
      });
      clock.pass(TOKEN_LIFE + 1);
      await rotateSilently();
      const first = await place.ask(small);
      expect([first.status, first.setCookies, place.calls()]).toEqual([503, [], 2]);
      place.emulator.faults.clear();
      clock.pass(MINUTE);
      expect([(await place.ask(small)).status, place.calls(), place.emulator.state.reuse]).toEqual([
        200, 2, 0,
      ]);
      expect(warnings.join()).toContain('do not fit into the session cookie');
      process.off('warning', note);
    },
  );

  test('OP-04 are not judged at every request while their key cannot be had', async () => {
    clock.pass(TOKEN_LIFE + 1);
    await rotateSilently();
    await visit();
    const before = place.emulator.requests.length;
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => place.browser.open('/private')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
    expect(place.emulator.requests.length - before).toBeLessThanOrEqual(1);
  });

  test('OP-04 whose key is gone for good give way to what comes after them', async () => {
    clock.pass(TOKEN_LIFE + 1);
    await rotateSilently();
    expect(await visit()).toEqual([503, 1]);
    await place.emulator.rotateKeys();
    place.emulator.faults.clear();
    clock.pass(MINUTE);
    expect(await visit()).toEqual([503, 0]);
    clock.pass(TOKEN_LIFE);
    expect(await visit()).toEqual([200, 1]);
    expect((await place.browser.open('/me')).json().email).toBe(ADA);
    expect(place.emulator.state.reuse).toBe(0);
  });

  test('OP-04 end the session where they turn out to be forged, and leave no refresh token that works', async () => {
    clock.pass(TOKEN_LIFE + 1);
    let fresh = '';
    place.emulator.faults.once('/oauth2/token', async (_request, next) => {
      const body = (await (await next()).json()) as Record<string, string>;
      fresh = body['refresh_token']!;
      const claims = { ...decodeJwt(body['id_token']!), sub: 'kp_somebody' };
      await rotateSilently();
      return Response.json({ ...body, id_token: await place.emulator.sign(claims) });
    });
    expect(await visit()).toEqual([503, 1]);
    place.emulator.faults.clear();
    clock.pass(MINUTE);
    expect((await place.browser.open('/me')).json()).toMatchObject({
      isAuthenticated: false,
      reason: 'refresh_refused',
    });
    expect(place.browser.jar.size).toBe(0);
    const { grants, refreshTokens } = place.emulator.state;
    expect(grants.get(refreshTokens.get(fresh)!.grantId)!.ended).toBe(true);
  });

  test('OP-04 signing out ends the refresh token that came with them', async () => {
    clock.pass(TOKEN_LIFE - 20);
    await rotateSilently();
    expect(await visit()).toEqual([200, 1]);
    await place.browser.open('/logout', { headers: { 'sec-fetch-site': 'same-origin' } });
    expect([...place.emulator.state.grants.values()].every(({ ended }) => ended)).toBe(true);
    expect((await place.browser.open('/me')).json().isAuthenticated).toBe(false);
  });

  test('OP-03 no refresh token is spent while a process that has just started has no keys', async () => {
    clock.pass(TOKEN_LIFE + 1);
    place.emulator.faults.always(JWKS, () => new Response('', { status: 503 }));
    const second = await place.start();
    const before = place.calls();
    expect((await place.ask(second)).status).toBe(503);
    expect(place.calls()).toBe(before);
    place.emulator.faults.clear();
    clock.pass(MINUTE);
    expect((await place.ask(second)).status).toBe(200);
    expect(place.emulator.state.reuse).toBe(0);
  });
});
