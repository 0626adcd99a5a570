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

/** The moment at which a time of so many seconds, that begins now, is over. */
export function deadlineIn(seconds: number): Moment {
  return moment() + seconds * 1000;
}

/** Seconds since a moment. */
export function secondsSince(past: Moment): number {
  return (moment() - past) / 1000;
}

/**
 * Begins to count seconds. Of two clocks the one that says more is believed: somebody may set the one, and the other stands
 * still while the machine sleeps.
 */
export function stopwatch(): () => number {
  const start = moment();
  const date = Date.now();
  return () => Math.max(moment() - start, Date.now() - date) / 1000;
}

/** The result of some work, or the error that `late` makes where it takes longer than until the deadline. */
export async function within<Result>(
  deadline: Moment,
  work: Promise<Result>,
  late: () => Error,
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Whoever stops waiting must not be told of what happens later.
  work.catch(() => {});
  const end = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadline - moment()));
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
