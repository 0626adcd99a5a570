import { afterEach, expect, test } from 'vitest';
import { bare, own } from '../src/own.js';

const polluted = Object.prototype as { secret?: string };

afterEach(() => {
  delete polluted.secret;
});

test('a bare copy has the members of the original and none of Object.prototype', () => {
  polluted.secret = 'smuggled';
  const copy = bare<{ id: string; secret?: string }>({ id: 'one' });
  expect(copy.id).toBe('one');
  expect(copy.secret).toBeUndefined();
  expect(Object.getPrototypeOf(copy)).toBeNull();
});

test('a bare copy of nothing is empty', () => {
  expect(Object.keys(bare(undefined as unknown as object))).toEqual([]);
});

test('an own member is read, an inherited one is not', () => {
  polluted.secret = 'smuggled';
  expect(own({ id: 'one' }, 'id')).toBe('one');
  expect(own<{ secret?: string }, 'secret'>({}, 'secret')).toBeUndefined();
});
