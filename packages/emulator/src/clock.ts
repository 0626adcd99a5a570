/** The emulator's time, in Unix seconds. */
export interface Clock {
  /** Current time in Unix seconds. */
  now(): number;
  /** Moves the time on by this many seconds at once. */
  advance(seconds: number): void;
}

/** Real time, or `source`, plus everything that was advanced. */
export function createClock(
  source: Pick<Clock, 'now'> = { now: () => Math.floor(Date.now() / 1000) },
): Clock {
  let ahead = 0;
  return {
    now: () => source.now() + ahead,
    advance: (seconds) => {
      ahead += seconds;
    },
  };
}
