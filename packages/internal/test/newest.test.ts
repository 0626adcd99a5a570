import { expect, test } from 'vitest';
import { dropOldest } from '../src/newest.js';

test('the entries that were added first are dropped first', () => {
  const map = new Map([1, 2, 3, 4].map((key) => [key, String(key)]));
  dropOldest(map, 2);
  expect([...map.keys()]).toEqual([3, 4]);
});

test('a set is bounded like a map', () => {
  const set = new Set(['a', 'b', 'c']);
  dropOldest(set, 1);
  expect([...set]).toEqual(['c']);
});

test('nothing is dropped up to the limit', () => {
  const map = new Map([[1, 'one']]);
  dropOldest(map, 1);
  expect(map.size).toBe(1);
  dropOldest(map, 0);
  expect(map.size).toBe(0);
});
