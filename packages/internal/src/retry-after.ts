/** The spellings that count, and the time they are compared with. */
export interface RetryAfterOptions {
  /** Only a delay of one to four digits, from the first of the two headers that is present. @default false */
  readonly onlyDelay?: boolean;
  /** Unix milliseconds. @default Date.now() */
  readonly now?: number;
}

/** Numbers above this are times, not spans. */
const EPOCH = 1_000_000_000;

/**
 * Reads for how many seconds a server wants no further request: `Retry-After` (RFC 9110, 10.2.3), a delay or a date, else
 * `RateLimit-Reset`, which some servers send as a Unix time. Fractions count; times in the past are 0. `undefined` when
 * neither header says so.
 */
export function retryAfterOf(
  headers: { get(name: string): string | null },
  { onlyDelay = false, now = Date.now() }: RetryAfterOptions = {},
): number | undefined {
  const after = headers.get('retry-after');
  const reset = headers.get('ratelimit-reset');
  if (onlyDelay) {
    return delayOf(after ?? reset ?? '');
  }
  return secondsOf(after ?? '', now) ?? secondsOf(reset ?? '', now);
}

function delayOf(text: string): number | undefined {
  if (!/^\d{1,4}$/.test(text)) {
    return undefined;
  }
  return Number(text);
}

/** A number of seconds, a Unix time, or a date as HTTP writes it (RFC 9110, 5.6.7). */
function secondsOf(text: string, now: number): number | undefined {
  const value = text.trim();
  if (/^\d{1,15}(\.\d+)?$/.test(value)) {
    const number = Number(value);
    if (number <= EPOCH) {
      return number;
    }
    return secondsUntil(number * 1000, now);
  }
  if (!/^[A-Z][a-z]{2}, .* GMT$/.test(value)) {
    return undefined;
  }
  const date = Date.parse(value);
  if (Number.isNaN(date)) {
    return undefined;
  }
  return secondsUntil(date, now);
}

function secondsUntil(time: number, now: number): number {
  return Math.max(0, (time - now) / 1000);
}
