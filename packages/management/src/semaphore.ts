import { withDeadline, type Deadline } from './wait.js';

/** Takes one of the permits; resolves with the function that gives it back. @throws what `withDeadline` throws */
export type Acquire = (deadline: Deadline) => Promise<() => void>;

/** Gives out so many permits at a time; further callers wait in line. */
export function createSemaphore(permits: number): Acquire {
  const line: (() => void)[] = [];
  let taken = 0;
  /** Passes the permit on to the first in line. */
  const release = () => {
    const next = line.shift();
    if (next) {
      next();
    } else {
      taken -= 1;
    }
  };
  return async (deadline) => {
    deadline.signal?.throwIfAborted();
    if (taken < permits) {
      taken += 1;
      return release;
    }
    let proceed = () => {};
    const turn = new Promise<void>((resolve) => {
      proceed = resolve;
    });
    line.push(proceed);
    try {
      await withDeadline(turn, deadline);
    } catch (error) {
      const position = line.indexOf(proceed);
      // A caller that is no longer in line was given the permit in the same moment.
      if (position < 0) {
        release();
      } else {
        line.splice(position, 1);
      }
      throw error;
    }
    return release;
  };
}
