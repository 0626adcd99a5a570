import { stopwatch } from '../clock.js';

/**
 * Work that is under way once at most: whoever asks meanwhile shares it. Cloudflare Workers stop what is under way together
 * with the request that began it, its deadline included, so work that takes longer than these seconds is begun anew.
 */
export function createInFlight<Result>(seconds: number): InFlight<Result> {
  let current: { result: Promise<Result>; age: () => number } | undefined;
  const running = () => {
    if (current && current.age() <= seconds) {
      return current.result;
    }
    return undefined;
  };
  return Object.freeze({
    running,
    run(work: () => Promise<Result>) {
      const found = running();
      if (found) {
        return found;
      }
      const own = { result: work(), age: stopwatch() };
      current = own;
      const end = () => void (current === own && (current = undefined));
      own.result.then(end, end);
      return own.result;
    },
  });
}

/** See `createFlight`. */
export interface InFlight<Result> {
  /** What is under way now. */
  running(): Promise<Result> | undefined;
  /** Joins what is under way, or begins. */
  run(work: () => Promise<Result>): Promise<Result>;
}
