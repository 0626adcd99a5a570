import type { Server } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createSingleFlight } from '../../src/cache/single-flight.js';
import { NAVIGATION, send, type Answer } from '../../../../test/kit/http.js';
import {
  multiply,
  openPlace,
  rows,
  takeClock,
  TOKEN_LIFE,
  type Mode,
  type Place,
} from '../../../../test/kit/renewals.js';

const TOKEN = '/oauth2/token';
/** Seconds. Without an end of waiting, 300 people at 50 a time would be answered after six of them. */
const TIMEOUT = 3;
/** Seconds within which all are answered, also where other things run on this machine. */
const LONGEST = 4 * TIMEOUT;
vi.setConfig({ testTimeout: 90_000 });

const seconds = () => Number(process.hrtime.bigint()) / 1e9;
const ask = (server: Server, cookie: string) =>
  send(server, '/private', { headers: { ...NAVIGATION, cookie } });
let place: Place;
afterEach(() => place?.close());

/** People whose tokens have ended, in front of a Kinde that takes connections and never answers. */
async function openHanging(row: readonly [string, Mode], people: number) {
  const clock = takeClock();
  place = await openPlace(row, clock, { timeout: TIMEOUT });
  const cookies = await multiply(place, row[1], people);
  clock.pass(TOKEN_LIFE + 1);
  // From here on time is real. Kinde's configuration and keys are known.
  const time = Date.now();
  vi.useFakeTimers({ now: time, toFake: ['Date'] });
  place.emulator.faults.always(TOKEN, () => new Promise(() => {}));
  return cookies;
}

const check = (answers: readonly Answer[]) => {
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]));
  for (const { headers, setCookies } of answers) {
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect(setCookies).toEqual([]);
  }
};

describe.each(rows)('a Kinde that never answers, on %s with sessions in "%s"', (...row) => {
  test('OP-06 keeps nobody of 300 waiting for longer than one time-out, and all are well afterwards', async () => {
    const cookies = await openHanging(row, 300);
    const start = seconds();
    check(await Promise.all(cookies.map((cookie) => ask(place.app, cookie))));
    expect(seconds() - start).toBeLessThan(LONGEST);
    place.emulator.faults.clear();
    await vi.waitFor(
      async () => expect((await place.browser.open('/private')).status).toBe(200),
      60_000,
    );
  });

  test('OP-06 cuts off no answer of a Kinde that is slow: whoever stops waiting has the tokens at the next request', async () => {
    const clock = takeClock();
    place = await openPlace(row, clock, { timeout: TIMEOUT });
    const cookies = await multiply(place, row[1], 60);
    clock.pass(TOKEN_LIFE + 1);
    let tokens = {};
    place.emulator.faults.once(TOKEN, async (_request, next) => {
      const answer = await next();
      tokens = (await answer.clone().json()) as object;
      return answer;
    });
    expect((await place.browser.open('/private')).status).toBe(200);
    // From here on time is real.
    const time = Date.now();
    vi.useFakeTimers({ now: time, toFake: ['Date'] });
    let asked = 0;
    place.emulator.faults.always(TOKEN, async () => {
      asked += 1;
      const next = { ...tokens, refresh_token: `next-${asked}` };
      await new Promise((resolve) => setTimeout(resolve, 600 * TIMEOUT));
      return Response.json(next);
    });
    const first = await Promise.all(cookies.map((cookie) => ask(place.app, cookie)));
    // Fifty are asked for at a time.
    expect(first.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    await vi.waitFor(async () => {
      const again = await Promise.all(cookies.map((cookie) => ask(place.app, cookie)));
      expect(new Set(again.map(({ status }) => status))).toEqual(new Set([200]));
    }, 30_000);
    expect(asked).toBe(60);
  });

  test('OP-06 makes nobody wait whose token lives', async () => {
    const clock = takeClock();
    place = await openPlace(row, clock, { timeout: 60 });
    const [living, ...others] = await multiply(place, row[1], 61);
    clock.pass(TOKEN_LIFE - 20);
    let arrived = 0;
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    place.emulator.faults.always(TOKEN, async () => {
      arrived += 1;
      await held;
      return new Response('', { status: 503 });
    });
    let answered = 0;
    const waiting = others.map((cookie) => ask(place.app, cookie).then(() => (answered += 1)));
    await vi.waitFor(() => expect(arrived).toBe(50), 60_000);
    expect((await ask(place.app, living!)).status).toBe(200);
    // Ten others were served at once as well.
    expect(answered).toBeLessThanOrEqual(10);
    release();
    await Promise.all(waiting);
  });
});

test('OP-06 3,000 people whose tokens have ended are all answered within the time-out', async () => {
  const cookies = await openHanging(['fastify', 'cookie'], 3000);
  const start = seconds();
  check(await Promise.all(cookies.map((cookie) => ask(place.app, cookie))));
  expect(seconds() - start).toBeLessThan(10 * LONGEST);
  // Without an end of waiting it would have been sixty time-outs.
  expect(10 * LONGEST).toBeLessThan(60 * TIMEOUT);
});

test.each(['coordination', 'store'] as const)(
  'OP-06 sessions in "%s": a process that waits for another one waits no longer either',
  async (mode) => {
    await openHanging(['express', mode], 0);
    const second = await place.start();
    const start = seconds();
    const cookie = place.cookie();
    check(await Promise.all([place.app, second].map((server) => ask(server, cookie))));
    expect(seconds() - start).toBeLessThan(LONGEST);
  },
);

describe('the line in front of Kinde', () => {
  const never = () => new Promise<number>(() => {});
  const inTime = () => performance.now() + 50;

  test('OP-06 whoever is not called in time is told that nothing was sent, and leaves', async () => {
    const line = createSingleFlight<number>({ seconds: 60, parallel: 1 });
    line.run('a', never).catch(() => {});
    const work = vi.fn(async () => 1);
    await expect(line.run('b', work, { deadline: inTime() })).rejects.toMatchObject({
      code: 'kinde_unavailable',
      reason: 'not_sent',
      headers: { 'retry-after': '5' },
    });
    expect([work.mock.calls.length, line.state('b'), line.isFull()]).toEqual([0, undefined, true]);
  });

  test('OP-06 the others are called in the order in which they came', async () => {
    const line = createSingleFlight<number>({ seconds: 60, parallel: 1 });
    const order: string[] = [];
    const work = (name: string) => async () => order.push(name);
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => line.run(name, work(name), { deadline: Infinity })),
    );
    expect([order, line.isFull()]).toEqual([['a', 'b', 'c', 'd'], false]);
  });

  test('OP-06 it has an end: whoever comes after 5,000 others is told at once', async () => {
    const line = createSingleFlight<number>({ seconds: 60, parallel: 1 });
    const late = performance.now() + 60_000;
    for (let count = 0; count <= 5000; count++) {
      line.run(`${count}`, never, { deadline: late }).catch(() => {});
    }
    await expect(line.run('one more', never, { deadline: late })).rejects.toMatchObject({
      reason: 'not_sent',
    });
  });

  test('OP-06 work that never ends, as where a worker’s request was cancelled, is begun again and gives its place up', async () => {
    const clock = takeClock();
    try {
      const line = createSingleFlight<number>({ seconds: 60, parallel: 1, stale: 20 });
      line.run('a', never).catch(() => {});
      clock.pass(19);
      expect([line.state('a'), line.isFull()]).toEqual(['running', true]);
      clock.pass(2);
      expect(line.state('a')).toBeUndefined();
      expect(await line.run('a', async () => 2)).toBe(2);
      expect(await line.run('b', async () => 3)).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });
});
