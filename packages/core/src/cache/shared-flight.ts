import { deadlineIn, moment, now, secondsSince, type Moment } from '../clock.js';
import { hash } from '../crypto/hash.js';
import type { Seal } from '../crypto/seal.js';
import { retryLater, storeUnavailable } from '../store/timeout.js';
import type { BoundedCache } from './bounded.js';
import {
  createLock,
  isBeating,
  isLeft,
  isLock,
  takeOver,
  type Lock,
  type LockPlace,
  type LockStore,
} from './lock.js';
import type { RunTerms, SingleFlight } from './single-flight.js';

/** Seconds that a mark outlives what it protects, and lives at least. */
const LIFE = 60;
/** Milliseconds between two heartbeats, and after which a result that could not be kept is offered again. */
const BEAT = 1000;
/** Offers of a result while the store is away: about an hour. */
const OFFERS = 3600;
/** Tries to take a mark away that nobody holds: about a minute. */
const WITHDRAWALS = 60;
/** Seconds without a heartbeat after which a holder counts as gone. */
const SILENCE = 3;
/** Seconds that a caller waits for a result that it can do without. */
const BRIEFLY = 2;
/** Milliseconds between two looks: at first, and in the end. */
const SHORT = 40;
const LONG = 400;

/** How processes coordinate some work. */
export interface SharedSingleFlightOptions<Result> {
  /** The store that all processes share. */
  readonly store: LockStore;
  /** Encrypts results. */
  readonly seal: Seal;
  /** The kind of work. Goes into the ids of locks and results. */
  readonly name: 'refresh' | 'callback';
  /** Seconds for which the store keeps a result, and in which it can be read. */
  readonly lasts: (result: Result) => Readonly<Record<'kept' | 'readable', number>>;
  /** Stands for a result that is kept and cannot be decrypted. @default an error */
  readonly unread?: Result;
  /** Says whether work that failed so certainly had no effect, so that anybody may do it at once. */
  readonly isUndone: (error: unknown) => boolean;
  /** The marks of others as they were seen. */
  readonly seen: BoundedCache<Seen>;
}

/** A mark as it was found, and when that was first. */
export interface Seen {
  readonly mark: string;
  readonly since: Moment;
}

/**
 * Does work once per key in all processes that share a store. The process that sets its mark where nothing was does the work
 * and replaces the mark with the result, which all use. The mark says that the work may have had its effect. It stays where
 * its holder fails, dies or cannot keep the result, and nobody repeats the work before `until`. Then one process takes over
 * from a holder without a heartbeat, and gives it time to object. A holder that stood still for longer cannot replace its
 * mark any more, and uses the result of the others. `local` makes sure that each process asks once.
 */
export function createSharedSingleFlight<Result extends object | string>(
  local: SingleFlight<Result>,
  options: SharedSingleFlightOptions<Result>,
): SingleFlight<Result> {
  const { store, name, seen } = options;
  const idOf = (key: string) => hash(`${name} ${key}`);
  const agree = async (
    key: string,
    work: () => Promise<Result>,
    terms: RunTerms<Result>,
  ): Promise<Result> => {
    const id = await idOf(key);
    const life = Math.max(LIFE, (terms.until ?? 0) - now() + LIFE);
    const entered = await enter(
      {
        store,
        id,
        life,
      },
      options,
      terms,
    ).catch((error: unknown) => {
      // A store that takes nothing from here may take nothing from the holder either.
      seen.delete(id);
      throw error;
    });
    if ('result' in entered) {
      terms.onShared?.();
      return entered.result;
    }
    return perform(entered.lock, work, options, { ...terms, id });
  };
  return Object.freeze({
    ...local,
    run: (key: string, work: () => Promise<Result>, terms: RunTerms<Result> = {}) =>
      local.run(key, () => agree(key, work, terms), terms),
    known: async (key: string) => local.peek(key) ?? look(options, await idOf(key)),
  });
}

/** The result that is kept by now. */
async function look<Result>(
  options: SharedSingleFlightOptions<Result>,
  id: string,
): Promise<Result | undefined> {
  const found = await options.store.get(id);
  if (found === undefined || isLock(found)) {
    return undefined;
  }
  return read(options, id, found);
}

/** Sealed for this very key, so that nobody who can write to the store hands one person the tokens of another. */
async function read<Result>(
  { seal, unread }: SharedSingleFlightOptions<Result>,
  id: string,
  sealed: string,
): Promise<Result> {
  const payload = (await seal.open(sealed, 'refresh'))?.payload;
  if (payload?.['of'] === id) {
    return payload['result'] as Result;
  }
  if (unread !== undefined) {
    return unread;
  }
  throw storeUnavailable(
    'The result of another process cannot be decrypted: give all instances the same secrets.',
  );
}

/** The result of others, or the right to do the work. */
async function enter<Result extends object | string>(
  place: LockPlace,
  options: SharedSingleFlightOptions<Result>,
  terms: RunTerms<Result>,
): Promise<{ readonly lock: Lock } | { readonly result: Result }> {
  const ask = askWith(terms.budget);
  const start = moment();
  let chance: Chance | undefined = { from: undefined };
  let pause = SHORT;
  for (;;) {
    const hadChance = chance !== undefined;
    const lock = chance && (await acquire(place, chance, ask));
    if (lock) {
      return { lock };
    }
    const found = await ask(() => options.store.get(place.id));
    if (found === undefined) {
      chance = { from: undefined };
    } else if (isLock(found)) {
      chance = await chanceAfter(place, found, { ...terms, start, seen: options.seen });
    } else {
      const result = await read(options, place.id, found);
      if (terms.counts?.(result) !== false) {
        return { result };
      }
      chance = { from: found };
    }
    if (!chance || hadChance) {
      pause = await sleep(pause);
    }
  }
}

/** The value that a mark may replace; `undefined` for none. */
interface Chance {
  readonly from: string | undefined;
}

/** Tries to put a mark of our own into the store. `undefined` where something else is there. */
async function acquire(place: LockPlace, { from }: Chance, ask: Ask): Promise<Lock | undefined> {
  const lock = createLock(place);
  const isAcquired = await ask(() => lock.acquire(from)).catch(withdraw(lock));
  if (isAcquired) {
    return lock;
  }
  return undefined;
}

/** How long one caller waits, and since when. */
interface Wait extends Pick<RunTerms<never>, 'until' | 'deadline'> {
  readonly start: Moment;
  readonly seen: BoundedCache<Seen>;
}

/**
 * Whether the mark of somebody else may be replaced: by what, or `undefined` while its holder works.
 * @throws KindeError `store_unavailable` where waiting any longer is of no use.
 */
async function chanceAfter(
  place: LockPlace,
  mark: string,
  { until = 0, deadline = Infinity, start, seen }: Wait,
): Promise<Chance | undefined> {
  const mayRepeat = until <= now();
  const isGone = isLeft(mark) || (isBeating(mark) && isSilent(place.id, mark, seen));
  const isInVain = !mayRepeat && (isGone || secondsSince(start) > BRIEFLY);
  if (isInVain || moment() > deadline) {
    throw storeUnavailable('Another process is refreshing this session and has not finished yet.');
  }
  if (!isGone) {
    return undefined;
  }
  if (isLeft(mark)) {
    return { from: mark };
  }
  return { from: await takeOver(place, mark) };
}

/** Does the work, and keeps its result for all. */
async function perform<Result extends object | string>(
  lock: Lock,
  work: () => Promise<Result>,
  options: SharedSingleFlightOptions<Result>,
  { id, deadline = Infinity, budget }: { readonly id: string } & RunTerms<Result>,
): Promise<Result> {
  const result = await holding(lock, work, options.isUndone);
  try {
    const { kept, readable } = options.lasts(result);
    const sealed = await options.seal.seal({ of: id, result }, 'refresh', readable);
    const keep = () => lock.replace(sealed, kept);
    const later = () => retryLater(keep, OFFERS);
    const ask = askWith(budget);
    const isKept = await ask(keep)
      .catch(() => ask(keep))
      .catch(later);
    if (isKept) {
      return result;
    }
    // Somebody took over: their result counts.
    let pause = SHORT;
    let agreed = await look(options, id);
    while (agreed === undefined && moment() <= deadline) {
      pause = await sleep(pause);
      agreed = await look(options, id);
    }
    return agreed ?? result;
  } catch {
    // The work is done and cannot be done again, whatever becomes of its result.
    return result;
  }
}

/** Asks the store something. */
type Ask = <Answer>(question: () => Promise<Answer>) => Promise<Answer>;

/** Within the budget of one caller, where it has one. */
function askWith(budget: RunTerms<unknown>['budget']): Ask {
  return budget ? budget().spend : (question) => question();
}

/** Says whether nobody changed this mark for a while. */
function isSilent(id: string, mark: string, seen: BoundedCache<Seen>): boolean {
  const before = seen.get(id);
  if (before?.mark === mark) {
    return secondsSince(before.since) > SILENCE;
  }
  seen.set(id, { mark, since: moment() }, { end: deadlineIn(LIFE), bytes: 512 });
  return false;
}

/** Does work under a lock, with a heartbeat, and leaves where the work fails. */
async function holding<Result>(
  lock: Lock,
  work: () => Promise<Result>,
  isUndone: (error: unknown) => boolean,
): Promise<Result> {
  const beating = setInterval(() => lock.heartbeat(), BEAT);
  try {
    return await work();
  } catch (error) {
    clearInterval(beating);
    await lock.release(isUndone(error)).catch(() => {});
    throw error;
  } finally {
    clearInterval(beating);
  }
}

/** A store that did not answer may have taken the mark all the same. Nothing was done under it, so nobody shall wait for it. */
function withdraw(lock: Lock): (error: unknown) => never {
  return (error) => {
    retryLater(() => lock.release(true), WITHDRAWALS);
    throw error;
  };
}

async function sleep(pause: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  return Math.min(pause * 1.5, LONG);
}
