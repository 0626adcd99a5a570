import { afterEach, describe, expect, test, vi } from 'vitest';
import { createBoundedCache, createMemoryBudget } from '../../src/cache/bounded.js';
import { later } from '../../../../test/kit/provider.js';

afterEach(() => void vi.useRealTimers());

describe('what is read from memory', () => {
  test('is bounded in bytes, and what falls out or is alike at its end is only not known', () => {
    const terms = { until: Infinity, bytes: 100 };
    const memory = createBoundedCache<number>(createMemoryBudget(1000));
    for (let count = 0; count < 1000; count++) {
      memory.set(`${count} `.padStart(40, 'x'), count, terms);
    }
    const left = Array.from({ length: 1000 }, (_, count) =>
      memory.get(`${count} `.padStart(40, 'x')),
    );
    expect(left.filter((one) => one !== undefined).length).toBeLessThanOrEqual(10);
    const tail = 't'.repeat(32);
    memory.set(`one${tail}`, 1, terms);
    expect([memory.get(`one${tail}`), memory.get(`two${tail}`), memory.get(tail)]).toEqual([
      1,
      undefined,
      undefined,
    ]);
    memory.set(`two${tail}`, 2, terms);
    expect([memory.get(`one${tail}`), memory.get(`two${tail}`)]).toEqual([undefined, 2]);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(memory.get(name)).toBeUndefined();
    }
    const small = createBoundedCache<number>(createMemoryBudget(1000));
    for (let count = 0; count < 100; count++) {
      small.set('the same'.padStart(40), count, terms);
    }
    small.set('another'.padStart(40), 1, terms);
    // The same text again takes no more room than once.
    expect([small.get('the same'.padStart(40)), small.get('another'.padStart(40))]).toEqual([
      99, 1,
    ]);
  });

  test('what ends at a second ends at that second', () => {
    later(0);
    const memory = createBoundedCache<number>();
    const time = Math.floor(Date.now() / 1000);
    memory.set('text', 1, { until: time + 10, bytes: 1 });
    later(9);
    expect(memory.get('text')).toBe(1);
    later(1);
    expect(memory.get('text')).toBeUndefined();
  });
});
