import { stopwatch } from '@kindling/internal';

/** Work that is under way once at most. See `createInFlight`. */
export interface InFlight<Result> {
  /** The work that is under way now. */
  running(): Promise<Result> | undefined;
  /** Joins the work that is under way, or starts it. */
  run(work: () => Promise<Result>): Promise<Result>;
}

/**
 * Shares one run of some work among all who ask for it meanwhile. Cloudflare Workers stop work together with the request that
 * started it, its deadline included, so work that takes longer than these seconds is started anew.
 */
export function createInFlight<Result>(seconds: number): InFlight<Result> {
  let current: { readonly result: Promise<Result>; readonly age: () => number } | undefined;
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
      const end = () => {
        if (current === own) {
          current = undefined;
        }
      };
      own.result.then(end, end);
      return own.result;
    },
  });
}
