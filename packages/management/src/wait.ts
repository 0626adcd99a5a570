/** Seconds after which the server wants to hear from us again, if it says so. */
export function retryAfterOf(headers: Headers, now = Date.now()): number | undefined {
  const [after, reset] = ['retry-after', 'ratelimit-reset'].map((name) => headers.get(name)?.trim());
  return secondsOf(after, now) ?? secondsOf(reset, now);
}

/** Numbers above this are times, not spans. */
const EPOCH = 1_000_000_000;

function secondsOf(value: string | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const time = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Date.parse(value) / 1000;
  if (!Number.isFinite(time)) return undefined;
  return Math.max(0, time > EPOCH ? time - now / 1000 : time);
}

const [FIRST, LONGEST_BACKOFF, LONGEST] = [0.5, 20, 60];

/** Seconds to wait before the next attempt: what the server says, or exponential backoff with full jitter. */
export function waitBefore(attempt: number, retryAfter: number | undefined): number {
  if (retryAfter !== undefined) return Math.min(retryAfter, LONGEST);
  return Math.random() * Math.min(FIRST * 2 ** attempt, LONGEST_BACKOFF);
}

/** @throws the reason of the signal, at once when it is aborted. */
export function sleep(seconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Lets so many in at a time; the others wait in line. Resolves with what to call when leaving. */
export function createGate(most: number): (signal: AbortSignal | undefined) => Promise<() => void> {
  const line: (() => void)[] = [];
  let inside = 0;
  /** Whoever leaves hands their place to the first in line. */
  const leave = () => {
    const next = line.shift();
    if (next) next();
    else inside -= 1;
  };
  return async (signal) => {
    signal?.throwIfAborted();
    if (inside >= most) await turn(line, signal);
    else inside += 1;
    return leave;
  };
}

function turn(line: (() => void)[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      line.splice(line.indexOf(enter), 1);
      reject(signal!.reason as Error);
    };
    const enter = () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    };
    line.push(enter);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
