import { describe, expect, test } from 'vitest';
import { retryAfterOf } from '../src/retry-after.js';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
const unix = (seconds: number) => String(NOW / 1000 + seconds);
const nothing = undefined;

/** One header in both forms: everything that is understood, and delays only. */
const forms: [value: string, all: number | undefined, onlyDelay: number | undefined][] = [
  ['0', 0, 0],
  ['7', 7, 7],
  ['0007', 7, 7],
  ['9999', 9999, 9999],
  ['10000', 10_000, nothing],
  ['1.5', 1.5, nothing],
  [at(30), 30, nothing],
  [at(-30), 0, nothing],
  [unix(30), 30, nothing],
  [unix(-30), 0, nothing],
  ['', nothing, nothing],
  ['-1', nothing, nothing],
  ['+5', nothing, nothing],
  ['5 seconds', nothing, nothing],
  ['2030-01-01T00:00:30Z', nothing, nothing],
  ['Tue, 99 Foo 2030 00:00:00 GMT', nothing, nothing],
  ['1'.repeat(16), nothing, nothing],
];

describe.each(['retry-after', 'ratelimit-reset'])('%s', (name) => {
  test.each(forms)('%j: %s, as a delay only %s', (value, all, onlyDelay) => {
    const headers = new Headers({ [name]: value });
    expect(retryAfterOf(headers, { now: NOW })).toBe(all);
    expect(retryAfterOf(headers, { now: NOW, onlyDelay: true })).toBe(onlyDelay);
  });
});

test('Retry-After wins over RateLimit-Reset', () => {
  const headers = new Headers({ 'retry-after': '3', 'ratelimit-reset': '8' });
  expect(retryAfterOf(headers)).toBe(3);
  expect(retryAfterOf(headers, { onlyDelay: true })).toBe(3);
});

test('RateLimit-Reset serves where Retry-After is unreadable, but not where only delays count', () => {
  const headers = new Headers({ 'retry-after': 'soon', 'ratelimit-reset': '8' });
  expect(retryAfterOf(headers)).toBe(8);
  expect(retryAfterOf(headers, { onlyDelay: true })).toBeUndefined();
});

test('without either header nothing is known', () => {
  expect(retryAfterOf(new Headers())).toBeUndefined();
  expect(retryAfterOf(new Headers(), { onlyDelay: true })).toBeUndefined();
});
