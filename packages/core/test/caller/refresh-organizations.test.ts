import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
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
const ACME = /^org_acme/;
const GLOBEX = 'org_globex0gardens';

describe.each(rows)('a renewal for another organization, on %s with sessions in "%s"', (...row) => {
  let clock: Clock;
  let place: Place;
  beforeEach(async () => {
    clock = takeClock();
    place = await openPlace(row, clock);
  });
  afterEach(() => place.close());
  const me = async () => (await place.browser.open('/me')).json();
  /** The next answer has other claims in its access token. */
  const renewAs = (change: (claims: Record<string, unknown>) => Record<string, unknown>) =>
    place.emulator.faults.once(TOKEN, async (_request, next) => {
      const body = (await (await next()).json()) as Record<string, string>;
      const access = await place.emulator.sign(change(decodeJwt(body['access_token']!)));
      return Response.json({ ...body, access_token: access, id_token: undefined });
    });

  test('OP-17 is not taken: the old tokens count until their end, then signing in is due and says why', async () => {
    const before = await me();
    expect(before.organization).toMatch(ACME);
    clock.pass(TOKEN_LIFE - 25);
    renewAs((claims) => ({ ...claims, org_code: GLOBEX, permissions: ['own:everything'] }));
    expect(await me()).toEqual(before);
    const calls = place.calls();
    // Nothing more is asked for, by this process or another one.
    expect((await place.browser.open('/fresh')).json()).toEqual(before);
    const second = await place.start();
    expect((await place.ask(second, '/me')).json()).toEqual(before);
    expect(place.calls()).toBe(calls);
    // The tokens that came are of no use to anybody.
    expect([...place.emulator.state.grants.values()].every(({ ended }) => ended)).toBe(true);
    clock.pass(30);
    expect(await me()).toMatchObject({
      isAuthenticated: false,
      reason: 'organization_changed',
      organization: null,
    });
    expect(place.browser.jar.size).toBe(0);
    expect((await place.browser.signIn(ADA)).status).toBe(302);
    expect((await me()).isAuthenticated).toBe(true);
  });

  test('OP-17 is not taken where the old tokens have ended: the session ends at once', async () => {
    clock.pass(TOKEN_LIFE + 1);
    renewAs((claims) => ({ ...claims, org_code: GLOBEX }));
    expect(await me()).toMatchObject({ isAuthenticated: false, reason: 'organization_changed' });
    expect(place.browser.jar.size).toBe(0);
  });

  test('OP-17 an answer that names no organization is taken, and the session’s is kept in mind', async () => {
    clock.pass(TOKEN_LIFE + 1);
    renewAs(({ org_code: _left, ...claims }) => claims);
    expect(await me()).toMatchObject({ isAuthenticated: true, organization: null });
    clock.pass(DAY / 2);
    renewAs((claims) => ({ ...claims, org_code: GLOBEX }));
    expect(await me()).toMatchObject({ isAuthenticated: false, reason: 'organization_changed' });
  });

  test('OP-17 the same organization, or none before and after, is no change', async () => {
    clock.pass(TOKEN_LIFE + 1);
    expect((await me()).organization).toMatch(ACME);
    for (let times = 0; times < 2; times++) {
      clock.pass(DAY / 2);
      renewAs(({ org_code: _left, ...claims }) => claims);
      expect(await me()).toMatchObject({ isAuthenticated: true, organization: null });
    }
    clock.pass(DAY / 2);
    expect((await me()).organization).toMatch(ACME);
  });
});
