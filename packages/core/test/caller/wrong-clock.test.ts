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

const MINUTE = 60;
const HOUR = 3600;
/** The machine's clock is wrong by so many seconds. */
const errors = [
  ['90 s behind', -90],
  ['1 h behind', -HOUR],
  ['1 h ahead', HOUR],
  ['half a day ahead', DAY / 2],
] as const;

describe.each(rows)(
  'a clock that is wrong for one request, on %s with sessions in "%s"',
  (...row) => {
    let clock: Clock;
    let place: Place;
    beforeEach(() => {
      clock = takeClock();
    });
    afterEach(() => place.close());
    const isSignedIn = async () => {
      const answer = await place.browser.open('/me');
      return answer.status === 200 && answer.json().email === ADA;
    };
    /** One request under the wrong clock, which is answered somehow, then the clock is right. */
    const oneWrong = async (off: number) => {
      clock.isOff(off);
      const answer = await place.browser.open('/private');
      expect([200, 302, 503]).toContain(answer.status);
      clock.isOff(0);
      clock.pass(1);
    };

    test.each(errors)(
      'OP-05 %s: a session that is used goes on, whatever its token does',
      async (_name, off) => {
        for (const age of [MINUTE, TOKEN_LIFE - 20, TOKEN_LIFE + 30, TOKEN_LIFE + 2 * HOUR]) {
          place = await openPlace(row, clock);
          clock.pass(age);
          await oneWrong(off);
          // What was asked under the wrong clock may have to be judged again.
          clock.pass(10);
          expect(await isSignedIn(), `${age} s after signing in`).toBe(true);
          for (let hours = 0; hours < 3; hours++) {
            clock.pass(TOKEN_LIFE);
            expect(await isSignedIn(), `${hours} renewals later`).toBe(true);
          }
          expect(place.emulator.state.reuse).toBe(0);
          if (age < TOKEN_LIFE + 2 * HOUR) {
            await place.close().then(() => (clock = takeClock()));
          }
        }
      },
    );

    test.each(errors)(
      'OP-05 %s: idle time that is written then signs nobody out later',
      async (_name, off) => {
        place = await openPlace(row, clock, { session: { idle: 30 * MINUTE } });
        clock.pass(20 * MINUTE);
        await oneWrong(off);
        for (let times = 0; times < 6; times++) {
          expect(await isSignedIn(), `${times * 20} minutes later`).toBe(true);
          clock.pass(20 * MINUTE);
        }
      },
    );

    test.each(errors)(
      'OP-05 %s: a session without a refresh token lives as long as its token',
      async (_name, off) => {
        place = await openPlace(row, clock, { scope: 'openid profile email' });
        clock.pass(MINUTE);
        await oneWrong(off);
        expect(await isSignedIn()).toBe(true);
        clock.pass(TOKEN_LIFE);
        expect(await isSignedIn()).toBe(false);
      },
    );

    test('OP-05 a session that is over for longer than a clock may be wrong is taken away', async () => {
      place = await openPlace(row, clock, { session: { idle: 30 * MINUTE } });
      clock.pass(31 * MINUTE);
      expect((await place.browser.open('/me')).json()).toMatchObject({
        isAuthenticated: false,
        reason: 'expired',
      });
      expect(place.browser.jar.size).toBe(1);
      clock.pass(DAY);
      expect(await isSignedIn()).toBe(false);
      expect(place.browser.jar.size).toBe(0);
    });

    test('OP-05 a rate limit that was told under a clock 1 h ahead is over when its time has passed', async () => {
      place = await openPlace(row, clock);
      clock.pass(TOKEN_LIFE + 1);
      clock.isOff(HOUR);
      place.emulator.faults.once(
        '/oauth2/token',
        () => new Response('', { status: 429, headers: { 'retry-after': '60' } }),
      );
      expect((await place.browser.open('/private')).status).toBe(503);
      clock.isOff(0);
      clock.pass(61);
      expect(await isSignedIn()).toBe(true);
    });

    test('OP-05 a renewal that failed under a clock 1 h ahead is tried again soon', async () => {
      place = await openPlace(row, clock);
      clock.pass(TOKEN_LIFE - 20);
      clock.isOff(HOUR);
      place.emulator.faults.once(
        '/oauth2/token',
        () => new Response('', { status: 429, headers: { 'retry-after': '1' } }),
      );
      expect((await place.browser.open('/private')).status).toBe(503);
      clock.isOff(0);
      clock.pass(31);
      const before = place.calls();
      expect(await isSignedIn()).toBe(true);
      expect(place.calls() - before).toBe(1);
    });
  },
);
