// Time in Unix seconds, a monotonic clock, and deadlines.
import { withDeadline } from '@kindling/internal';

/** The time in Unix seconds. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

/** A moment in milliseconds by a clock that nobody sets. It compares with other moments of this process only. */
export type Moment = number;

/** Now, by that clock. */
export function moment(): Moment {
  return performance.now();
}

/** The moment in so many seconds. */
export function deadlineIn(seconds: number): Moment {
  return moment() + seconds * 1000;
}

/** Seconds since a moment. */
export function secondsSince(past: Moment): number {
  return (moment() - past) / 1000;
}

/**
 * Waits for some work until a deadline.
 * @throws the error of the work, or, after the deadline, the one that `late` makes
 */
export function within<Result>(
  deadline: Moment,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  return withDeadline(work, {
    milliseconds: deadline - moment(),
    onTimeout() {
      throw late();
    },
  });
}
