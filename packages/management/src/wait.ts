/** How long somebody waits: until the signal is aborted, or until a time (Unix milliseconds) when `late` is the error. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  readonly until: number;
  readonly late: () => Error;
}

/**
 * What the work comes to. Others may be waiting for it too, so giving up does not stop it.
 * @throws the reason of the signal, or the error for being late.
 */
export async function orGiveUp<Value>(
  work: Promise<Value>,
  { signal, until, late }: Patience,
): Promise<Value> {
  let stop = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason as Error);
    timer = setTimeout(() => reject(late()), Math.max(0, until - Date.now()));
    if (signal?.aborted) {
      stop();
    }
  });
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** @throws what `orGiveUp` throws. */
export async function sleep(seconds: number, patience: Patience): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  try {
    await orGiveUp(over, patience);
  } finally {
    clearTimeout(timer);
  }
}

/** Seconds after which the server wants to hear from us again, if it says so. */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const [after, reset] = ['retry-after', 'ratelimit-reset'].map(
    (name) => headers.get(name)?.trim() ?? '',
  );
  return secondsOf(after!, now) ?? secondsOf(reset!, now);
}

/** Numbers above this are times, not spans. */
const EPOCH = 1_000_000_000;

/** A number of seconds, a Unix time, or a date as HTTP writes it (RFC 9110, 5.6.7). */
function secondsOf(value: string, now: number): number | undefined {
  const number = /^\d{1,15}(\.\d+)?$/.test(value);
  const date = /^[A-Z][a-z]{2}, .* GMT$/.test(value);
  const time = number ? Number(value) : date ? Date.parse(value) / 1000 : Number.NaN;
  if (Number.isNaN(time)) {
    return undefined;
  }
  return Math.max(0, date || time > EPOCH ? time - now / 1000 : time);
}

const FIRST = 0.5;
const LONGEST_BACKOFF = 20;

/** Longer than a minute nobody waits: the error says how long it would be. */
export const LONGEST_WAIT = 60;

/** Seconds to wait before the next attempt: what the server says, or exponential backoff with full jitter. */
export function waitBefore(attempt: number, retryAfter: number | undefined): number {
  return retryAfter ?? Math.random() * Math.min(FIRST * 2 ** attempt, LONGEST_BACKOFF);
}

/** Lets so many in at a time; the others wait in line. Resolves with what to call when leaving. */
export function createGate(most: number): (patience: Patience) => Promise<() => void> {
  const line: (() => void)[] = [];
  let inside = 0;
  /** Whoever leaves hands their place to the first in line. */
  const leave = () => {
    const next = line.shift();
    if (next) {
      next();
    } else {
      inside -= 1;
    }
  };
  return async (patience) => {
    patience.signal?.throwIfAborted();
    if (inside < most) {
      inside += 1;
      return leave;
    }
    let enter = () => {};
    const turn = new Promise<void>((resolve) => {
      enter = resolve;
    });
    line.push(enter);
    try {
      await orGiveUp(turn, patience);
    } catch (error) {
      const position = line.indexOf(enter);
      // Not in line any more: the place was handed over in the same moment.
      if (position >= 0) {
        line.splice(position, 1);
      } else {
        leave();
      }
      throw error;
    }
    return leave;
  };
}
