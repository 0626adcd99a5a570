import { deadlineIn, moment, secondsSince, within, type Moment } from '../clock.js';

/** Work that runs one at a time for each key. */
export interface SerialQueue {
  /**
   * Runs work for a key. The run begins after the call, and is shared with all who ask for the same key before it begins.
   */
  run(key: string, work: () => Promise<void>): Promise<void>;
}

/** Seconds after which nobody waits any more for what runs: Cloudflare Workers stop it with the request that began it. */
const STUCK = 5;

/** A run of some work, waiting or begun. */
interface Turn {
  readonly run: Promise<void>;
  readonly from: Moment;
  hasBegun: boolean;
}

/** Queues of two for each key: the run that has begun, and the next one. */
export function createSerialQueue(): SerialQueue {
  const last = new Map<string, Turn>();
  return Object.freeze({
    run(key, work) {
      const before = last.get(key);
      if (before && !before.hasBegun && secondsSince(before.from) < 2 * STUCK) {
        return before.run;
      }
      const run = ended(before)
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

/** Resolves when a run is over, however it came out, or is stuck. */
async function ended(turn: Turn | undefined): Promise<void> {
  await (turn && within(deadlineIn(STUCK), turn.run, stuck).catch(() => {}));
}

function stuck(): Error {
  return new Error('stuck');
}
