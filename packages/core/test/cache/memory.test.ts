import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSingleFlight } from '../../src/cache/single-flight.js';
import {
  createBoundedCache,
  createMemoryBudget,
  createMemoryBudgets,
  weightOf,
} from '../../src/cache/bounded.js';
import { takeClock } from '../../../../test/kit/renewals.js';

const MB = 1024 * 1024;

describe('a process with 64 MB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-crowd-'));
  const file = join(folder, 'crowd.mjs');
  beforeAll(() =>
    build({
      entryPoints: [fileURLToPath(new URL('../kit/crowd.ts', import.meta.url))],
      outfile: file,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      logLevel: 'error',
    }),
  );
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // 10,000 take three quarters of a minute where nothing else runs. Without a bound, fewer than 5,000 were too many.
  const crowd = process.env['CI'] ? 10_000 : 5_000;
  test.each([
    ['cookie', crowd],
    ['coordination', 1_000],
    ['store', 1_000],
  ])(
    'OP-07 sessions in "%s": %i people sign in and are renewed, and it lives',
    async (kept, count) => {
      const given = ['--max-old-space-size=64', file, kept, String(count)];
      const { stdout } = await promisify(execFile)(process.execPath, given);
      const { used, ...told } = JSON.parse(stdout) as { count: number; used: number };
      expect(told.count).toBe(count);
      expect(used).toBeLessThan(64 * MB);
    },
    300_000,
  );
});

describe('everything that is remembered', () => {
  const terms = { bytes: 1000 };

  test('OP-07 shares one room: whatever memories are filled in whatever order, they keep no more than that together', () => {
    const writes = fc.array(
      fc.record({ memory: fc.nat(2), key: fc.nat(200), bytes: fc.integer({ min: 1, max: 900 }) }),
    );
    fc.assert(
      fc.property(writes, (all) => {
        const room = createMemoryBudget(4000);
        const memories = [0, 1, 2].map(() => createBoundedCache<number>(room, Infinity));
        for (const { memory, key, bytes } of all) {
          memories[memory]!.set(`key ${key}`, bytes, { bytes });
        }
        const kept = memories.flatMap((memory) =>
          Array.from({ length: 201 }, (_one, key) => memory.get(`key ${key}`) ?? 0),
        );
        // Looking moves what is old on, and so may forget some of it; it never finds more than there is room for.
        expect(kept.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(4000);
        const last = all.at(-1);
        if (last) {
          expect(memories[last.memory]!.get(`key ${last.key}`) ?? last.bytes).toBe(last.bytes);
        }
      }),
    );
  });

  test('OP-07 marks of sessions that ended do not give way to what fills the rest', async () => {
    const { common, marks, logins } = createMemoryBudgets(100_000);
    expect(common.bytes + marks.bytes + logins.bytes).toBe(100_000);
    const ended = createSingleFlight<'over'>({
      seconds: 3600,
      memory: createBoundedCache(marks, Infinity),
    });
    const sessions = createBoundedCache<number>(common);
    await ended.run('session', async () => 'over');
    for (let index = 0; index < 10_000; index++) {
      sessions.set(`${index}`.padStart(40, '0'), index, terms);
    }
    expect([ended.state('session'), sessions.get('0'.padStart(40, '0'))]).toEqual([
      'done',
      undefined,
    ]);
  });

  test('OP-07 is forgotten when its time is over, to make room for others', () => {
    const clock = takeClock();
    try {
      const room = createMemoryBudget(1e6);
      const give = vi.fn();
      const memory = createBoundedCache<number>({ ...room, give }, Infinity);
      const until = clock.now() + 10;
      for (let index = 0; index < 50; index++) {
        memory.set(`short ${index}`, index, { ...terms, until });
      }
      clock.pass(11);
      expect(give).not.toHaveBeenCalled();
      for (let index = 0; index < 50; index++) {
        memory.set(`long ${index}`, index, terms);
      }
      expect(give.mock.calls.length).toBe(50);
      expect(memory.get('long 49')).toBe(49);
    } finally {
      vi.useRealTimers();
    }
  });

  test('OP-07 a clock that is set does not make work be done twice, nor be remembered for longer', async () => {
    const clock = takeClock();
    try {
      const once = createSingleFlight<number>({ seconds: 600 });
      expect(await once.run('a', async () => 1)).toBe(1);
      for (const off of [-3600, 3600, 0]) {
        clock.isOff(off);
        expect(await once.run('a', async () => 2)).toBe(1);
      }
      clock.pass(601);
      clock.isOff(-7200);
      expect(await once.run('a', async () => 3)).toBe(3);
    } finally {
      vi.useRealTimers();
    }
  });

  test('OP-07 a callback is remembered by that it is done, without what it answered', async () => {
    type Outcome = { redirect: { cookies: string[] } } | 'done';
    const memory = createBoundedCache<Outcome>(
      createMemoryBudget(4 * weightOf('done') + 100),
      Infinity,
    );
    const once = createSingleFlight<Outcome>({ seconds: 3600, memory, keeps: () => 'done' });
    const answer = { redirect: { cookies: ['x'.repeat(4000)] } };
    expect(await once.run('state', async () => answer)).toBe(answer);
    expect([await once.run('state', async () => answer), once.state('state')]).toEqual([
      'done',
      'done',
    ]);
  });
});
