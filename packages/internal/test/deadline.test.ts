import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { withDeadline } from '../src/deadline.js';

const late = (): never => {
  throw new Error('late');
};
const never = new Promise<never>(() => {});
const after = <Value>(milliseconds: number, value: Value): Promise<Value> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(value), milliseconds);
  });

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe('the work is in time', () => {
  test('its result is the result, and no timer is left', async () => {
    const work = Promise.resolve('done');
    expect(await withDeadline(work, { milliseconds: 100, onTimeout: late })).toBe('done');
  });

  test('its error is the error', async () => {
    const work = Promise.reject(new Error('broken'));
    await expect(withDeadline(work, { milliseconds: 100, onTimeout: late })).rejects.toThrow(
      'broken',
    );
  });

  test('a result that is there already wins over a deadline in the past', async () => {
    const work = Promise.resolve('done');
    expect(await withDeadline(work, { milliseconds: -5, onTimeout: late })).toBe('done');
  });
});

describe('the work is late', () => {
  test('the error of onTimeout is the error', async () => {
    const waiting = withDeadline(never, { milliseconds: 100, onTimeout: late });
    const refusal = expect(waiting).rejects.toThrow('late');
    await vi.advanceTimersByTimeAsync(100);
    await refusal;
  });

  test('the value of onTimeout is the result', async () => {
    const waiting = withDeadline(never, { milliseconds: 100, onTimeout: () => 'too late' });
    await vi.advanceTimersByTimeAsync(100);
    expect(await waiting).toBe('too late');
  });

  test('the work goes on, and its rejection later is ignored', async () => {
    let end = (): void => {};
    const work = new Promise<never>((_, reject) => {
      end = () => reject(new Error('broken'));
    });
    const waiting = withDeadline(work, { milliseconds: 10, onTimeout: () => 'too late' });
    await vi.advanceTimersByTimeAsync(10);
    expect(await waiting).toBe('too late');
    end();
    await vi.advanceTimersByTimeAsync(0);
  });

  test('a grace lets an answer win that arrives just after the deadline', async () => {
    const waiting = withDeadline(after(110, 'done'), {
      milliseconds: 100,
      grace: 25,
      onTimeout: late,
    });
    await vi.advanceTimersByTimeAsync(110);
    expect(await waiting).toBe('done');
  });

  test('the grace ends, too', async () => {
    const waiting = withDeadline(never, { milliseconds: 100, grace: 25, onTimeout: () => 'late' });
    await vi.advanceTimersByTimeAsync(124);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe('late');
  });
});

describe('the signal is aborted', () => {
  test('while waiting, its reason is the error', async () => {
    const controller = new AbortController();
    const waiting = withDeadline(never, {
      milliseconds: 100,
      onTimeout: late,
      signal: controller.signal,
    });
    const refusal = expect(waiting).rejects.toThrow('no longer needed');
    controller.abort(new Error('no longer needed'));
    await refusal;
  });

  test('before waiting, its reason is the error', async () => {
    const signal = AbortSignal.abort(new Error('no longer needed'));
    const waiting = withDeadline(never, { milliseconds: 100, onTimeout: late, signal });
    await expect(waiting).rejects.toThrow('no longer needed');
  });

  test('afterwards, nobody listens any more', async () => {
    const { signal } = new AbortController();
    const remove = vi.spyOn(signal, 'removeEventListener');
    await withDeadline(Promise.resolve(), { milliseconds: 100, onTimeout: late, signal });
    expect(remove).toHaveBeenCalledOnce();
  });
});
