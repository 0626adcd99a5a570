import { memoryStore } from '@kindling/core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSharedSingleFlight, type Seen } from '../../src/cache/shared-flight.js';
import { createSingleFlight } from '../../src/cache/single-flight.js';
import { createBoundedCache } from '../../src/cache/bounded.js';
import { createSeal } from '../../src/crypto/seal.js';
import { SECRET } from '../../../../test/kit/apps.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LIFE = 3600;
/** What becomes of one use of a refresh token: an answer, none although it was spent, or nothing was sent. */
type Use = 'answered' | 'lost' | 'unsent';
const use = fc.constantFrom<Use>('answered', 'lost', 'unsent');
/** Whether the next calls of the store work; in the end they all do. */
const weather = fc.array(fc.boolean(), { maxLength: 30 });
const step = fc.record({ process: fc.nat(2), use, seconds: fc.nat(20), isAtOnce: fc.boolean() });

function createProcesses(calls: boolean[], inner = memoryStore()) {
  const around =
    <Given extends unknown[], Result>(work: (...given: Given) => Promise<Result>) =>
    async (...given: Given) => {
      if (calls.shift() ?? true) {
        return work(...given);
      }
      throw new Error('down');
    };
  const store = { ...inner, get: around(inner.get), compareAndSet: around(inner.compareAndSet) };
  const seal = createSeal([SECRET], 'app');
  return [0, 1, 2].map(() =>
    createSharedSingleFlight(createSingleFlight<{ token: number }>({ seconds: 600 }), {
      store,
      seal,
      name: 'refresh',
      lasts: () => ({ kept: 600, readable: 600 }),
      isUndone: (error) => (error as Error).message === 'unsent',
      seen: createBoundedCache<Seen>(),
    }),
  );
}

test('OP-08 whatever becomes of stores and answers, a token is spent once while the access token lives', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      weather,
      async (steps, calls) => {
        const processes = createProcesses([...calls]);
        const until = Math.floor(Date.now() / 1000) + LIFE;
        let spent = 0;
        const results: { token: number }[] = [];
        const running: Promise<unknown>[] = [];
        for (const { process, use: how, seconds, isAtOnce } of steps) {
          const work = async () => {
            await new Promise((resolve) => setTimeout(resolve, 500));
            if (how === 'unsent') {
              throw new Error('unsent');
            }
            spent += 1;
            if (how === 'lost') {
              throw new Error('lost');
            }
            return { token: spent };
          };
          const deadline = performance.now() + 10_000;
          const one = processes[process]!.run('token', work, { until, deadline });
          running.push(one.then((result) => results.push(result)).catch(() => {}));
          if (!isAtOnce) {
            await vi.advanceTimersByTimeAsync(seconds * 1000);
          }
        }
        await vi.advanceTimersByTimeAsync(20_000);
        await Promise.all(running);
        expect(spent).toBeLessThanOrEqual(1);
        expect(results.every(({ token }) => token === 1)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
}, 60_000);

test('OP-08 after the end of the access token, a holder that left without an answer is followed by one', async () => {
  const processes = createProcesses([]);
  let used = 0;
  const lose = async () => {
    used += 1;
    throw new Error('lost');
  };
  const until = Math.floor(Date.now() / 1000) + LIFE;
  await expect(processes[0]!.run('token', lose, { until })).rejects.toThrow('lost');
  await expect(processes[1]!.run('token', lose, { until })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  await vi.advanceTimersByTimeAsync(LIFE * 1000);
  const work = async () => ({ token: (used += 1) });
  const all = Promise.all(processes.map((one) => one.run('token', work, { until })));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([await all, used]).toEqual([[{ token: 2 }, { token: 2 }, { token: 2 }], 2]);
});

test('OP-08 a store that took a mark and did not say so keeps nobody from renewing for long', async () => {
  const store = memoryStore();
  const { compareAndSet } = store;
  let isSilent = true;
  store.compareAndSet = async (...given) => {
    const answer = await compareAndSet(...given);
    if (isSilent) {
      throw new Error('no answer');
    }
    return answer;
  };
  const [one, two] = createProcesses([], store);
  const until = Math.floor(Date.now() / 1000) + LIFE;
  const work = async () => ({ token: 1 });
  await expect(one!.run('token', work, { until })).rejects.toThrow('no answer');
  isSilent = false;
  await vi.advanceTimersByTimeAsync(2000);
  expect(await two!.run('token', work, { until })).toEqual({ token: 1 });
});
