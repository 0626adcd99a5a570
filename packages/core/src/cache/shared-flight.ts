import { deadlineIn, moment, now, secondsSince, type Moment } from '../clock.js';
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
import type { SingleFlight, RunTerms } from './single-flight.js';
import { retryLater, storeUnavailable } from '../store/timeout.js';
import type { BoundedCache } from './bounded.js';
import { hash, type Seal } from '../crypto/seal.js';

/** Seconds that a mark outlives what it protects, and lives at least. */
const LIFE = 60;
/** Milliseconds after which whoever works says so again, and a result that could not be kept is offered again. */
const BEAT = 1000;
/** Offers of a result while the store is away: about an hour. */
const OFFERS = 3600;
/** Tries to take a mark away that nobody holds: about a minute. */
const WITHDRAWALS = 60;
/** Seconds without a word after which whoever works counts as gone. */
const SILENCE = 3;
/** Seconds that whoever can do without a result waits for it. */
const BRIEFLY = 2;
/** Milliseconds between two looks: at first, and in the end. */
const SHORT = 40;
const LONG = 400;

/** What processes agree by, and on what. */
export interface SharedSingleFlightOptions<Result> {
  readonly store: LockStore;
  readonly seal: Seal;
  /** What the work is. Goes into the ids of what is kept. */
  readonly name: 'refresh' | 'callback';
  /** Seconds for which the store keeps a result, and in which it can be read. */
  readonly lasts: (result: Result) => Readonly<Record<'kept' | 'readable', number>>;
  /** What a result counts as that is kept and cannot be read. @default trouble */
  readonly unread?: Result;
  /** Did work that failed so certainly have no effect, so that anybody may do it at once? */
  readonly isUndone: (error: unknown) => boolean;
  /** What others were seen to be at. */
  readonly seen: BoundedCache<Seen>;
}

/** A mark as it was found, and when that was first. */
export interface Seen {
  readonly mark: string;
  readonly since: Moment;
}

/**
 * Work that is done once per key by all processes that share the store. Who swaps a mark in where nothing was does the work
 * and swaps the mark for the result, which everybody uses. The mark says that the work may have had its effect. It stays
 * where its holder fails, dies or finds no store to keep the result in, and nobody does the work again before `until` is
 * over. Then one process takes over from a holder that says nothing any more, and gives it time to object. A holder that
 * stood still for longer finds that its swap is refused, and uses what the others agreed on. `local` makes sure that each
 * process asks once.
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
      return entered.result;
    }
    return perform(entered.mark, work, options, { ...terms, id });
  };
  return Object.freeze({
    ...local,
    run: (key: string, work: () => Promise<Result>, terms: RunTerms<Result> = {}) =>
      local.run(key, () => agree(key, work, terms), terms),
    known: async (key: string) => local.peek(key) ?? look(options, await idOf(key)),
  });
}

/** What is agreed on by now. */
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
    'What another process agreed on cannot be read: do all of them have the same secrets?',
  );
}

/** The result of others, or the right to do the work. */
async function enter<Result extends object | string>(
  place: LockPlace,
  options: SharedSingleFlightOptions<Result>,
  { until = 0, counts, deadline = Infinity, budget }: RunTerms<Result>,
): Promise<{ readonly mark: Lock } | { readonly result: Result }> {
  const ask = askWith(budget);
  const start = moment();
  /** What a mark may be put in place of, if anything. */
  let chance: { readonly from: string | undefined } | undefined = { from: undefined };
  for (let pause = SHORT; ;) {
    const mark = chance && createLock(place);
    if (mark && (await ask(() => mark.acquire(chance!.from)).catch(withdraw(mark)))) {
      return { mark };
    }
    const found = await ask(() => options.store.get(place.id));
    chance = found === undefined ? { from: undefined } : undefined;
    if (found !== undefined && !isLock(found)) {
      const result = await read(options, place.id, found);
      if (counts?.(result) !== false) {
        return { result };
      }
      chance = { from: found };
    } else if (found !== undefined) {
      const mayTake = until <= now();
      const isGone = isLeft(found) || (isBeating(found) && isSilent(place.id, found, options.seen));
      if (
        (isGone && !mayTake) ||
        (!mayTake && secondsSince(start) > BRIEFLY) ||
        moment() > deadline
      ) {
        throw storeUnavailable('Another process renews this session and is not ready yet.');
      }
      if (isGone) {
        chance = { from: isLeft(found) ? found : await takeOver(place, found) };
      }
    }
    if (!chance || mark) {
      pause = await sleep(pause);
    }
  }
}

/** Does the work, and keeps its result for all. */
async function perform<Result extends object | string>(
  mark: Lock,
  work: () => Promise<Result>,
  options: SharedSingleFlightOptions<Result>,
  { id, deadline = Infinity, budget }: { readonly id: string } & RunTerms<Result>,
): Promise<Result> {
  const result = await holding(mark, work, options.isUndone);
  try {
    const { kept, readable } = options.lasts(result);
    const sealed = await options.seal.seal({ of: id, result }, 'refresh', readable);
    const keep = () => mark.replace(sealed, kept);
    const later = () => retryLater(keep, OFFERS);
    const ask = askWith(budget);
    if (
      await ask(keep)
        .catch(() => ask(keep))
        .catch(later)
    ) {
      return result;
    }
    // Somebody took over: what they make of it counts.
    for (
      let [pause, agreed] = [SHORT, await look(options, id)];
      ;
      agreed = await look(options, id)
    ) {
      if (agreed !== undefined || moment() > deadline) {
        return agreed ?? result;
      }
      pause = await sleep(pause);
    }
  } catch {
    // The work is done and cannot be done again, whatever becomes of its result.
    return result;
  }
}

/** What one caller asks of the store, as far as that may wait for it. */
function askWith(
  budget: RunTerms<unknown>['budget'],
): <Answer>(question: () => Promise<Answer>) => Promise<Answer> {
  return budget ? budget.spend : (question) => question();
}

/** Has nobody changed this mark for a while? */
function isSilent(id: string, mark: string, seen: BoundedCache<Seen>): boolean {
  const before = seen.get(id);
  if (before?.mark === mark) {
    return secondsSince(before.since) > SILENCE;
  }
  seen.set(id, { mark, since: moment() }, { end: deadlineIn(LIFE), bytes: 512 });
  return false;
}

/** Does work under a mark, says so meanwhile, and leaves where the work fails. */
async function holding<Result>(
  mark: Lock,
  work: () => Promise<Result>,
  isUndone: (error: unknown) => boolean,
): Promise<Result> {
  const beating = setInterval(() => mark.heartbeat(), BEAT);
  try {
    return await work();
  } catch (error) {
    clearInterval(beating);
    await mark.release(isUndone(error)).catch(() => {});
    throw error;
  } finally {
    clearInterval(beating);
  }
}

/** A store that did not answer may have taken the mark all the same. Nothing was done under it, so nobody shall wait for it. */
function withdraw(mark: Lock): (error: unknown) => never {
  return (error) => {
    retryLater(() => mark.release(true), WITHDRAWALS);
    throw error;
  };
}

async function sleep(pause: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
  return Math.min(pause * 1.5, LONG);
}
