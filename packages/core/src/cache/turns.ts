import { deadlineIn, moment, secondsSince, within, type Moment } from '../clock.js';

/** Work that runs one at a time. */
export interface SerialQueue {
  /**
   * Runs work once for all who ask for it by the same key. Whoever asks gets a run that begins afterwards, and shares it with
   * all who ask before it begins.
   */
  run(key: string, work: () => Promise<void>): Promise<void>;
}

/** Seconds after which nobody waits any more for what runs: Cloudflare Workers stop it with the request that began it. */
const STUCK = 5;

/** Queues of two for each key: what runs, and what comes next. */
export function createSerialQueue(): SerialQueue {
  interface Turn {
    readonly run: Promise<void>;
    readonly from: Moment;
    hasBegun: boolean;
  }
  const last = new Map<string, Turn>();
  return Object.freeze({
    run(key, work) {
      const before = last.get(key);
      if (before && !before.hasBegun && secondsSince(before.from) < 2 * STUCK) {
        return before.run;
      }
      const first = before
        ? within(deadlineIn(STUCK), before.run, () => new Error('stuck'))
        : Promise.resolve();
      const run = first
        .catch(() => {})
        .then(() => {
          own.hasBegun = true;
          return work();
        })
        .finally(() => {
          if (last.get(key) === own) {
            last.delete(key);
          }
        });
      const own: Turn = {
        run,
        from: moment(),
        hasBegun: false,
      };
      last.set(key, own);
      return run;
    },
  } satisfies SerialQueue);
}
