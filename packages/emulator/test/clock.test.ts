import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClock, type KeptClock } from '../src/clock.js';

/** A clock whose real time a test moves. */
function clockWith(start = 1_800_000_000) {
  const real = { now: start };
  return { real, clock: createClock({ now: () => real.now }) };
}

type Step = (clock: KeptClock, real: { now: number }) => void;

const seconds = fc.integer({ min: 0, max: 1_000_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  seconds.map(
    (by): Step =>
      (clock) =>
        clock.advance(by),
  ),
  seconds.map(
    (by): Step =>
      (clock) =>
        clock.set(1_800_000_000 + by),
  ),
  fc.constant<Step>((clock) => clock.freeze()),
  fc.constant<Step>((clock) => clock.unfreeze()),
  fc.constantFrom(0.01, 0.5, 1, 2, 60, 100_000).map(
    (times): Step =>
      (clock) =>
        clock.speedUp(times),
  ),
  fc.constant<Step>((clock) => clock.reset()),
  fc.constant<Step>((clock) => clock.restore(JSON.parse(JSON.stringify(clock.settings)))),
  fc.integer({ min: 0, max: 100_000 }).map(
    (by): Step =>
      (_, real) =>
        void (real.now += by),
  ),
);
const history = fc.array(step, { maxLength: 12 });

/** Runs a check on clocks after random histories. */
function afterAnyHistory(check: (clock: KeptClock, real: { now: number }) => void) {
  fc.assert(
    fc.property(history, (steps) => {
      const { clock, real } = clockWith();
      steps.forEach((one) => one(clock, real));
      check(clock, real);
    }),
  );
}

test('the time is always a whole number of seconds', () => {
  afterAnyHistory((clock) => {
    clock.advance(0.4);
    expect(Number.isInteger(clock.now())).toBe(true);
  });
});

test('advancing moves by exactly that much, whatever happened before', () => {
  afterAnyHistory((clock) => {
    const before = clock.now();
    clock.advance('90m');
    expect(clock.now() - before).toBe(5_400);
  });
});

test('setting the time sets it, whether it runs or stands still', () => {
  afterAnyHistory((clock) => {
    clock.set(2_000_000_000);
    expect(clock.now()).toBe(2_000_000_000);
  });
});

test('freezing, unfreezing, another speed and keeping show no jump', () => {
  afterAnyHistory((clock) => {
    const before = clock.now();
    clock.freeze();
    clock.unfreeze();
    clock.speedUp(7);
    clock.restore(structuredClone(clock.settings));
    // A fraction that was kept may complete a second.
    expect(Math.abs(clock.now() - before)).toBeLessThanOrEqual(1);
  });
});

test('a frozen clock stands still until it is let go on', () => {
  afterAnyHistory((clock, real) => {
    clock.freeze();
    const before = clock.now();
    real.now += 1_000;
    expect(clock.now()).toBe(before);
    clock.speedUp(1);
    clock.unfreeze();
    real.now += 1_000;
    expect(clock.now()).toBe(before + 1_000);
  });
});

test('time never goes back as real time passes', () => {
  afterAnyHistory((clock, real) => {
    const before = clock.now();
    real.now += 3;
    expect(clock.now()).toBeGreaterThanOrEqual(before);
  });
});

test('half a second twice is a second', () => {
  const { clock } = clockWith(1_000);
  clock.advance('0.5s');
  clock.advance('0.5s');
  expect(clock.now()).toBe(1_001);
});

test('a sped-up clock goes on from where it was kept, not from where it would be by now', () => {
  const { clock, real } = clockWith(1_000);
  clock.speedUp(3_600);
  real.now += 10;
  const kept = structuredClone(clock.settings);
  const then = clock.now();
  real.now += 86_400;
  clock.restore(kept);
  expect(clock.now() - real.now).toBe(then - 1_010);
  real.now += 1;
  expect(clock.now() - real.now + 1).toBe(then - 1_010 + 3_600);
});

test.each([
  { ahead: Number.NaN, speed: 1, since: 0 },
  { ahead: 0, speed: 0, since: 0 },
  { ahead: 0, speed: 1, since: 0, frozenAt: -1 },
])('settings that make no clock are refused: %o', (settings) => {
  const { clock } = clockWith(1_000);
  expect(() => clock.restore(settings)).toThrow(RangeError);
  expect(clock.now()).toBe(1_000);
});
