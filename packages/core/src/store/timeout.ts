import { withDeadline } from '@kindling/internal';
import { moment } from '../clock.js';
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { KindeError, type KindeErrorDetails } from '../errors.js';
import type { SessionStore } from './session-store.js';

/** Milliseconds for one answer of a store. */
const STORE_TIMEOUT_MS = 2000;
/**
 * Milliseconds for all answers that one request waits for. With five calls in the last of which a store stands still, the
 * request takes less than two seconds.
 */
const REQUEST_BUDGET_MS = 1500;
/** Milliseconds for each answer after that: perhaps it was this process that was busy. */
const LEAST_MS = 50;
/** Milliseconds to list a group, which may be large and which no visitor waits for. */
const LISTING_TIMEOUT_MS = 10_000;
/** Milliseconds for answers that are here already: timers come first after a process was busy. */
const GRACE_MS = 25;

/**
 * Gives every method of a store a timeout. After a timeout, one call at a time finds out whether the store answers again, and
 * all others fail at once (a circuit breaker). Every method throws KindeError `store_unavailable`.
 */
export function withTimeout(store: SessionStore, { observe }: Diagnostics): SessionStore {
  const ask = createBreaker();
  return around(store, (question, operation) =>
    observe({ name: 'store', details: { operation } }, () => {
      if (operation === 'groupMembers') {
        return inTime(LISTING_TIMEOUT_MS, question);
      }
      return ask(() => inTime(STORE_TIMEOUT_MS, question));
    }),
  );
}

/** The time that one request has left for its store. */
export interface StoreBudget {
  /** Waits for an answer no longer than that. @throws KindeError `store_unavailable` */
  spend<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** A budget for all answers that one request waits for. Time in which it waits for several counts once. */
function createStoreBudget(): StoreBudget {
  let left = REQUEST_BUDGET_MS;
  let waiting = 0;
  let from = 0;
  return Object.freeze({
    async spend(work) {
      if (waiting === 0) {
        from = moment();
      }
      waiting += 1;
      try {
        return await inTime(Math.max(LEAST_MS, left - (moment() - from)), work);
      } finally {
        waiting -= 1;
        if (waiting === 0) {
          left -= moment() - from;
        }
      }
    },
  } satisfies StoreBudget);
}

/** One budget for each request, however often it is asked for. */
export function createStoreBudgets(): (request: object) => StoreBudget {
  const budgets = new WeakMap<object, StoreBudget>();
  return (request) => {
    const known = budgets.get(request) ?? createStoreBudget();
    budgets.set(request, known);
    return known;
  };
}

/** A store whose answers count against the budget of one request. */
export function withBudget(budget: StoreBudget, store: SessionStore): SessionStore {
  return around(store, (question) => budget.spend(question));
}

/** A store whose every call goes through `ask`. */
function around(
  store: SessionStore,
  ask: <Result>(question: () => Promise<Result>, method: keyof SessionStore) => Promise<Result>,
): SessionStore {
  // A method that is there is looked up again at each call, as `!` says: an app may have replaced it since.
  return Object.freeze({
    get: (id) => ask(() => store.get(id), 'get'),
    set: (id, value, maxAge) => ask(() => store.set(id, value, maxAge), 'set'),
    delete: (id) => ask(() => store.delete(id), 'delete'),
    ...(store.compareAndSet && {
      compareAndSet: (id, from, change) =>
        ask(() => store.compareAndSet!(id, from, change), 'compareAndSet'),
    }),
    ...(store.addToGroup && {
      addToGroup: (group, id, maxAge) =>
        ask(() => store.addToGroup!(group, id, maxAge), 'addToGroup'),
    }),
    ...(store.groupMembers && {
      groupMembers: (group) => ask(() => store.groupMembers!(group), 'groupMembers'),
    }),
  } satisfies SessionStore as SessionStore);
}

/** Lets everything through until something took too long, and then one at a time until that has answered. */
function createBreaker(): <Result>(question: () => Promise<Result>) => Promise<Result> {
  let isOpen = false;
  // Where a runtime stops a request together with its timers, its probe never ends.
  let probedAt = -Infinity;
  return async (question) => {
    const start = moment();
    if (isOpen && start - probedAt < STORE_TIMEOUT_MS) {
      throw late();
    }
    if (isOpen) {
      probedAt = start;
    }
    try {
      const answer = await question();
      isOpen = false;
      return answer;
    } catch (error) {
      if (moment() - start >= STORE_TIMEOUT_MS - 1) {
        isOpen = true;
      }
      throw error;
    } finally {
      if (probedAt === start) {
        probedAt = -Infinity;
      }
    }
  };
}

/** Waits so many milliseconds for an answer. @throws KindeError `store_unavailable` */
async function inTime<Result>(
  milliseconds: number,
  question: () => Promise<Result>,
): Promise<Result> {
  try {
    return await withDeadline(question(), {
      milliseconds,
      grace: GRACE_MS,
      onTimeout: () => {
        throw late();
      },
    });
  } catch (cause) {
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw failed(cause);
  }
}

/** The error of a store that did not answer in time. */
function late(): KindeError {
  const fix = 'Check whether the store is overloaded, or a firewall drops connections to it.';
  return storeUnavailable('The session store does not answer.', { reason: 'timeout', fix });
}

/** What to do about system errors. Stores explain their own in the `cause`. */
const FIXES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Start the store, or correct its address: nothing listens there.',
  ENOTFOUND: 'Correct the host name of the store: DNS does not know it.',
  EACCES: 'Let the user of this process read and write the folder of the store.',
  ENOSPC: 'Free space on the disk of the store.',
};

/** The error of a store that answered with an error, or could not be asked. `reason` is the code of that. */
function failed(cause: unknown): KindeError {
  const { code } = (cause ?? {}) as { code?: unknown };
  const reason = typeof code === 'string' ? code : undefined;
  const fix = reason !== undefined && Object.hasOwn(FIXES, reason) ? FIXES[reason] : undefined;
  return storeUnavailable('The session store failed.', { cause, reason, fix });
}

/** Repeats some work every second until it succeeds, so many times at most, and keeps no process alive for that. */
export function retryLater(work: () => Promise<unknown>, tries: number): true {
  const again = () => {
    if (tries > 1) {
      retryLater(work, tries - 1);
    }
  };
  const attempt = () => {
    work().catch(again);
  };
  const timer: { unref?(): void } | number = setTimeout(attempt, RETRY_EVERY_MS);
  // Only Node's timers keep a process alive.
  if (typeof timer === 'object') {
    timer.unref?.();
  }
  return true;
}

/** Milliseconds. */
const RETRY_EVERY_MS = 1000;

/** The error of a store that does not answer, or of coordination that failed. */
export function storeUnavailable(message: string, details: KindeErrorDetails = {}): KindeError {
  return new KindeError('store_unavailable', message, {
    ...details,
    headers: { 'retry-after': '5' },
  });
}
