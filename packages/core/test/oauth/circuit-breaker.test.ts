import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  createCircuitBreaker,
  type CircuitBreaker,
  type Outcome,
} from '../../src/oauth/circuit-breaker.js';

let now = 0;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void vi.restoreAllMocks());

const later = (seconds: number) => (now += seconds * 1000);
/** What happens to a request that would come out like this. */
const ask = (breaker: CircuitBreaker, outcome: Outcome): string => {
  try {
    breaker.pass()(outcome);
    return 'sent';
  } catch (error) {
    const { code, reason, statusCode, headers } = error as Record<string, any>;
    expect([code, reason, statusCode, Number(headers['retry-after']) >= 1]).toEqual([
      'kinde_unavailable',
      'circuit_open',
      503,
      true,
    ]);
    return 'refused';
  }
};
const fail = (breaker: CircuitBreaker, times: number) =>
  Array.from({ length: times }, () => ask(breaker, 'fails'));

describe('a circuit breaker', () => {
  test('OP-06 opens after failures in a row, and by nothing else', () => {
    const breaker = createCircuitBreaker({ failures: 3, trial: 10 });
    for (const between of ['works', 'works'] as const) {
      expect(fail(breaker, 2)).toEqual(['sent', 'sent']);
      expect(ask(breaker, between)).toBe('sent');
    }
    for (let count = 0; count < 50; count++) {
      expect(ask(breaker, 'neither')).toBe('sent');
    }
    expect(fail(breaker, 4)).toEqual(['sent', 'sent', 'sent', 'refused']);
  });

  test('OP-06 what anybody may have chosen neither closes nor opens it', () => {
    const breaker = createCircuitBreaker({ failures: 3, trial: 10 });
    for (let count = 0; count < 3; count++) {
      ask(breaker, 'neither');
      ask(breaker, 'fails');
    }
    expect(ask(breaker, 'works')).toBe('refused');
  });

  test('OP-06 a wave that fails together opens it once: the next request may go after a second', () => {
    const breaker = createCircuitBreaker({ failures: 3, trial: 10 });
    const wave = Array.from({ length: 300 }, () => breaker.pass());
    for (const settle of wave) {
      settle('fails');
    }
    expect(ask(breaker, 'works')).toBe('refused');
    later(1.1);
    expect(ask(breaker, 'works')).toBe('sent');
    expect(ask(breaker, 'works')).toBe('sent');
  });

  test('OP-06 one request in two seconds is on trial, however long it takes', () => {
    const breaker = createCircuitBreaker({ failures: 1, trial: 10 });
    fail(breaker, 1);
    let sent = 0;
    for (let tenths = 0; tenths < 600; tenths++) {
      later(0.1);
      try {
        breaker.pass(); // and never comes back
        sent += 1;
      } catch {}
    }
    expect(sent).toBeGreaterThanOrEqual(25);
    expect(sent).toBeLessThanOrEqual(60);
  });

  test('OP-06 an answer that arrives after all closes it', () => {
    const breaker = createCircuitBreaker({ failures: 1, trial: 10 });
    const slow = breaker.pass();
    fail(breaker, 1);
    expect(ask(breaker, 'works')).toBe('refused');
    slow('works');
    expect(ask(breaker, 'works')).toBe('sent');
  });
});

describe('with a probe', () => {
  const withProbe = (answers: Outcome[]) => {
    const probe = vi.fn(async () => answers.shift() ?? ('fails' as const));
    return { probe, breaker: createCircuitBreaker({ failures: 1, trial: 10, probe }) };
  };
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test('OP-06 nobody’s request is sent before the probe is answered, and then one', async () => {
    const { probe, breaker } = withProbe(['fails', 'works']);
    fail(breaker, 1);
    expect([ask(breaker, 'works'), probe.mock.calls.length]).toEqual(['refused', 0]);
    later(1.1);
    for (let count = 0; count < 20; count++) {
      expect(ask(breaker, 'works')).toBe('refused');
    }
    await settled();
    expect(ask(breaker, 'works')).toBe('refused');
    expect(probe).toHaveBeenCalledTimes(1);
    later(2.1);
    expect(ask(breaker, 'works')).toBe('refused');
    await settled();
    expect(probe).toHaveBeenCalledTimes(2);
    const settle = breaker.pass();
    expect(ask(breaker, 'works')).toBe('refused');
    settle('works');
    expect(ask(breaker, 'works')).toBe('sent');
  });

  test('OP-06 a request on trial that fails opens it again, and one that says nothing leaves the way free', async () => {
    const { probe, breaker } = withProbe(['works', 'works']);
    fail(breaker, 1);
    later(1.1);
    expect(() => breaker.check()).toThrow('not answer');
    await settled();
    expect(ask(breaker, 'fails')).toBe('sent');
    expect(ask(breaker, 'works')).toBe('refused');
    later(2.1);
    ask(breaker, 'works');
    await settled();
    breaker.check();
    expect(ask(breaker, 'neither')).toBe('sent');
    expect(ask(breaker, 'works')).toBe('sent');
    expect(probe).toHaveBeenCalledTimes(2);
  });

  test('OP-06 a request on trial that never ends holds the others up for its time and no longer', async () => {
    const { breaker } = withProbe(['works']);
    fail(breaker, 1);
    later(1.1);
    ask(breaker, 'works');
    await settled();
    breaker.pass();
    later(9);
    expect(ask(breaker, 'works')).toBe('refused');
    later(1.1);
    expect(ask(breaker, 'works')).toBe('sent');
  });
});
