import { withDeadline as race } from '@kindling/internal';

/** When to stop waiting: as soon as the signal is aborted, or at a time, which is an error. */
export interface Deadline {
  readonly signal?: AbortSignal | undefined;
  /** Unix milliseconds. */
  readonly until: number;
  /** Makes the error for being late. */
  readonly onTimeout: () => Error;
}

/**
 * Waits for the result of work, until the deadline. Others may be waiting for it too, so the work itself goes on.
 * @throws the reason of the signal, or the error of `onTimeout`
 */
export async function withDeadline<Value>(
  work: Promise<Value>,
  { signal, until, onTimeout }: Deadline,
): Promise<Value> {
  return race(work, {
    signal,
    milliseconds: until - Date.now(),
    onTimeout: () => {
      throw onTimeout();
    },
  });
}

/** Waits for some seconds. @throws what `withDeadline` throws */
export async function sleep(seconds: number, deadline: Deadline): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    await withDeadline(over, deadline);
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds of the first backoff, which doubles with each attempt, and of the longest. */
const FIRST_BACKOFF = 0.5;
const LONGEST_BACKOFF = 20;

/** Seconds that a call waits between two attempts at most. If Kinde asks for more, the call fails and says how long. */
export const LONGEST_WAIT = 60;

/** Seconds to wait before the next attempt: as Kinde asks, or exponential backoff with full jitter. */
export function waitBefore(attempt: number, retryAfter: number | undefined): number {
  const backoff = Math.min(FIRST_BACKOFF * 2 ** attempt, LONGEST_BACKOFF);
  return retryAfter ?? Math.random() * backoff;
}
