import { afterEach, expect, test, vi } from 'vitest';
import { stopwatch } from '../src/clock.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('a stopwatch counts seconds', () => {
  vi.useFakeTimers();
  const age = stopwatch();
  vi.advanceTimersByTime(1500);
  expect(age()).toBe(1.5);
});

test('a wall clock that is set back does not turn time back', () => {
  vi.useFakeTimers();
  const age = stopwatch();
  vi.advanceTimersByTime(2000);
  vi.setSystemTime(Date.now() - 3_600_000);
  expect(age()).toBe(2);
});

test('time counts while the monotonic clock stands still', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.spyOn(performance, 'now').mockReturnValue(1);
  const age = stopwatch();
  vi.setSystemTime(Date.now() + 60_000);
  expect(age()).toBe(60);
});
