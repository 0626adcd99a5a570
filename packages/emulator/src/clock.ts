// The time, which can be moved, frozen and sped up.

/** The emulator's time, in Unix seconds. */
export interface Clock {
  /** Current time in Unix seconds. */
  now(): number;
  /** Moves the time on at once: seconds, or text such as `90s`, `5m`, `2h`, `3d`. Never back: see `set`. */
  advance(by: number | string): void;
  /** Sets the time, in Unix seconds. It may go back, which real time does not: sign-ins may seem to come from the future. */
  set(now: number): void;
  /** Stops the time, until `unfreeze`. It can still be advanced and set. */
  freeze(): void;
  /** Lets the time go on from where it stands. */
  unfreeze(): void;
  /** Makes the time run this many times as fast, from 0.01 to 100,000. 1 is real. */
  speedUp(times: number): void;
  /** Goes back to real time. */
  reset(): void;
  /** What is not ordinary about the time. */
  readonly settings: ClockSettings;
}

/** How the emulator's time differs from real time, as it is kept. */
export interface ClockSettings {
  /** Seconds ahead of real time, negative for behind. */
  ahead: number;
  /** Unix seconds at which the time stands still; absent while it runs. */
  frozenAt?: number | undefined;
  /** How many times as fast it runs. */
  speed: number;
  /** Real Unix seconds since which it runs at this speed. */
  since: number;
}

/** Called after the time was moved, not as it passes. */
export type ClockListener = (move: { readonly from: number; readonly to: number }) => void;

/** A clock and the means to keep it. */
export interface KeptClock extends Clock {
  /** Sets everything at once, such as from a file. */
  restore(settings: ClockSettings): void;
  /** Calls a function after each move. */
  listen(listener: ClockListener): void;
}

const UNITS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
/** A thousand years: what is beyond is a mistake. */
const LONGEST = 1_000 * 365 * 86_400;

/**
 * Seconds of a duration: a number of seconds, or text such as `90s`, `5m`, `2h`, `3d`; a plain number as text is seconds.
 * @throws RangeError for anything else, for less than nothing and for more than a thousand years.
 */
export function secondsOf(duration: number | string): number {
  const [, digits, unit = 's'] =
    typeof duration === 'string'
      ? (/^\+?(\d+(?:\.\d+)?)\s*([smhd])?$/.exec(duration.trim()) ?? [])
      : [];
  const seconds =
    typeof duration === 'number' ? duration : Number(digits) * UNITS[unit as keyof typeof UNITS];
  if (Number.isFinite(seconds) && seconds >= 0 && seconds <= LONGEST) {
    return seconds;
  }
  throw new RangeError(
    `A duration is a number of seconds, or text such as 90s, 5m, 2h or 3d, not ${JSON.stringify(duration) ?? typeof duration}.`,
  );
}

/** Real time, or `source`, plus everything that was moved. */
export function createClock(
  source: Pick<Clock, 'now'> = { now: () => Math.floor(Date.now() / 1000) },
): KeptClock {
  let settings: ClockSettings = ordinary(source.now());
  const listeners = new Set<ClockListener>();
  const now = () => Math.floor(timeAt(settings, source.now()));
  const change = (to: Partial<ClockSettings>) => {
    const from = now();
    settings = { ...settings, ...to };
    listeners.forEach((listener) => listener({ from, to: now() }));
  };
  /** Fractions of seconds are kept, so that half a second twice is a second. */
  const moveBy = (seconds: number) => {
    if (settings.frozenAt === undefined) {
      return change({ ahead: settings.ahead + seconds });
    }
    return change({ frozenAt: settings.frozenAt + seconds });
  };
  /** The same time, from now on at a speed: the clock shows no jump when the speed changes. */
  const goOn = (speed = settings.speed) => {
    const since = source.now();
    return { ahead: timeAt(settings, since) - since, since, speed };
  };
  return {
    now,
    advance: (by) => moveBy(secondsOf(by)),
    set: (time) => moveBy(checkTime(time) - timeAt(settings, source.now())),
    freeze: () => change({ frozenAt: now() }),
    unfreeze: () => change({ ...goOn(), frozenAt: undefined }),
    speedUp: (times) => change(goOn(checkSpeed(times))),
    reset: () => change({ ...ordinary(source.now()), frozenAt: undefined }),
    get settings() {
      return settings.speed === 1 ? { ...settings } : { ...settings, ...goOn() };
    },
    restore(to) {
      const { frozenAt, speed } = checkSettings(to);
      // A sped-up clock goes on from where it was kept: the time in between was not lived here.
      const since = speed === 1 ? to.since : source.now();
      change({ ahead: to.ahead, speed, since, frozenAt });
    },
    listen: (listener) => void listeners.add(listener),
  };
}

function ordinary(since: number): ClockSettings {
  return { ahead: 0, speed: 1, since };
}

/** The time with its fraction of a second. */
function timeAt({ ahead, frozenAt, speed, since }: ClockSettings, real: number): number {
  return frozenAt ?? since + ahead + (real - since) * speed;
}

function checkSettings(given: ClockSettings): ClockSettings {
  if (!Number.isFinite(given.ahead) || !Number.isFinite(given.since)) {
    throw new RangeError('The settings of a clock need the numbers ahead and since.');
  }
  checkSpeed(given.speed);
  if (given.frozenAt !== undefined) {
    checkTime(given.frozenAt);
  }
  return given;
}

function checkTime(time: number): number {
  if (typeof time === 'number' && time > 0 && time < 253_402_300_800) {
    return time;
  }
  throw new RangeError('A time is in Unix seconds, from 1970 to 9999.');
}

function checkSpeed(times: number): number {
  if (typeof times === 'number' && times >= 0.01 && times <= 100_000) {
    return times;
  }
  throw new RangeError('A speed is a number from 0.01 to 100000; 1 is real time.');
}
