// Single-flight and its lock, in one process or in all that share a store, and bounded caches.
import { deadlineIn, moment, secondsSince, within, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { StoreBudget } from '../store/timeout.js';
import { createBoundedCache, createMemoryBudget, weightOf, type BoundedCache } from './bounded.js';

/** Work that is done once per key, however many ask for it at the same time. */
export interface SingleFlight<Result> {
  /**
   * Does some work, or shares the result of the same work that runs or ran a short while ago.
   * @throws KindeError `kinde_unavailable` (`not_sent`) where the turn of this work does not come in time, so that it never
   * began; `kinde_timeout` where it is not done in time.
   */
  run(key: string, work: () => Promise<Result>, terms?: RunTerms<Result>): Promise<Result>;
  /** Says whether the work of a key runs or is done; `undefined` for a key that is not remembered. */
  state(key: string): 'running' | 'done' | undefined;
  /** Reads the remembered result at once; `undefined` while the work runs, too. */
  peek(key: string): Result | undefined;
  /** Reads the result that this process, or another one that shares the work, remembers. Waits for no work. */
  known(key: string): Promise<Result | undefined>;
  /** Says whether new work would have to wait for its turn. */
  isFull(): boolean;
}

/** How one caller wants some work to be done. */
export interface RunTerms<Result> {
  /** When this caller stops waiting. @default never */
  readonly deadline?: Moment;
  /** Says whether a remembered result still counts. Where not, the work is done again. @default it does */
  readonly counts?: (result: Result) => boolean;
  /**
   * Until when nobody in any process repeats work whose outcome is unknown because its process died, in Unix seconds.
   * @default it is repeated at once
   */
  readonly until?: number;
  /** Called where the result is that of another process. */
  readonly onShared?: () => void;
  /** Gives the time for which this caller waits for the shared store, if there is one. @default as long as a store may take */
  readonly budget?: () => StoreBudget;
}

/** Bounds of what is remembered and done. */
export interface SingleFlightOptions<Result> {
  /** Seconds for which a result is remembered. A failure is forgotten at once. */
  readonly seconds: number | ((result: Result) => number);
  /** Where results are kept. @default a cache of its own */
  readonly memory?: BoundedCache<Result>;
  /** Reduces a result to the part that is remembered. @default all of it */
  readonly keeps?: (result: Result) => Result;
  /** Pieces of work at the same time; the others wait their turn. @default no limit */
  readonly parallel?: number;
  /**
   * Seconds after which work counts as dead: Cloudflare Workers stop what is under way together with the request that began
   * it, and nobody learns of that. @default never
   */
  readonly stale?: number;
}

/** Callers that wait for a turn, at most. Further ones fail at once. */
const MOST_WAITING = 5_000;

/** Does work once per key in this process and remembers the result for a while. */
export function createSingleFlight<Result>(
  options: SingleFlightOptions<Result>,
): SingleFlight<Result> {
  const {
    seconds,
    memory = createBoundedCache<Result>(createMemoryBudget(), Infinity),
    keeps = (result) => result,
    parallel,
    stale = Infinity,
  } = options;
  const line = createLine(parallel, stale);
  const runs = createRuns<Result>(stale);
  const start = (key: string, work: () => Promise<Result>, deadline: Moment) =>
    runs.start(key, line.inTurn(work, deadline), (result) => {
      const kept = keeps(result);
      const over = deadlineIn(typeof seconds === 'number' ? seconds : seconds(result));
      memory.set(key, kept, { end: over, bytes: key.length + weightOf(kept) });
    });
  const peek = (key: string) => memory.get(key);
  return Object.freeze({
    peek,
    known: async (key: string) => peek(key),
    isFull: () => line.isFull(),
    async run(
      key: string,
      work: () => Promise<Result>,
      { deadline = Infinity, counts }: RunTerms<Result> = {},
    ) {
      const known = runs.find(key) ? undefined : peek(key);
      if (known !== undefined && counts?.(known) !== false) {
        return known;
      }
      const { result } = runs.find(key) ?? start(key, work, deadline);
      if (deadline === Infinity) {
        return result;
      }
      return within(deadline, result, late);
    },
    state: (key: string) => {
      if (runs.find(key)) {
        return 'running';
      }
      if (peek(key) === undefined) {
        return undefined;
      }
      return 'done';
    },
  });
}

/** Work that runs now, by its key. */
function createRuns<Result>(stale: number) {
  interface Run {
    readonly result: Promise<Result>;
    readonly at: Moment;
  }
  const running = new Map<string, Run>();
  return {
    find(key: string) {
      const run = running.get(key);
      if (run && secondsSince(run.at) <= stale) {
        return run;
      }
      return undefined;
    },
    /** Calls `remember` with the result before the run ends. */
    start(key: string, result: Promise<Result>, remember: (result: Result) => void) {
      for (const [dead, { at }] of running) {
        if (secondsSince(at) <= stale) {
          break;
        }
        running.delete(dead);
      }
      const run: Run = { result, at: moment() };
      running.delete(key);
      running.set(key, run);
      const end = () => {
        if (running.get(key) === run) {
          running.delete(key);
        }
      };
      result.then((found) => {
        remember(found);
        end();
      }, end);
      return run;
    },
  };
}

/** A place at which work is done. */
interface Place {
  at: Moment;
}

/** Lets so many pieces of work go on at a time; the others in the order in which they came. */
function createLine(parallel = Infinity, stale: number) {
  const places = new Set<Place>();
  const waiting = new Set<(place: Place) => void>();
  const isFull = () => {
    if (places.size < parallel) {
      return false;
    }
    for (const place of places) {
      if (secondsSince(place.at) > stale) {
        places.delete(place);
      }
    }
    return places.size >= parallel;
  };
  const wait = (deadline: Moment) =>
    new Promise<Place>((resolve, reject) => {
      if (waiting.size >= MOST_WAITING) {
        return reject(crowded());
      }
      const leave = () => {
        waiting.delete(enter);
        reject(crowded());
      };
      const timer = setTimeout(leave, Math.min(LONGEST_TIMER, Math.max(0, deadline - moment())));
      const enter = (place: Place) => {
        clearTimeout(timer);
        resolve(place);
      };
      waiting.add(enter);
    });
  const leave = (place: Place) => {
    const [enter] = waiting;
    // Dead work may come back after another took its place.
    if (!places.has(place) || !enter) {
      places.delete(place);
      return;
    }
    waiting.delete(enter);
    place.at = moment();
    enter(place);
  };
  return {
    isFull,
    async inTurn<Result>(work: () => Promise<Result>, deadline: Moment): Promise<Result> {
      if (parallel === Infinity) {
        return work();
      }
      const place = isFull() ? await wait(deadline) : { at: moment() };
      places.add(place);
      try {
        return await work();
      } finally {
        leave(place);
      }
    },
  };
}

/** Milliseconds. Longer timers go off at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

function crowded(): KindeError {
  return new KindeError('kinde_unavailable', 'Too many requests to Kinde are waiting already.', {
    reason: 'not_sent',
    headers: { 'retry-after': '5' },
  });
}

function late(): KindeError {
  return new KindeError('kinde_timeout', 'Kinde did not answer in time.', {
    headers: { 'retry-after': '5' },
  });
}
