import { moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { SessionStore } from './session-store.js';

/**
 * Milliseconds that a store may take: for one answer; for all that one request asks; for each answer after that, since it was
 * perhaps this process that was busy; and to list a group, which may be large and which no request of a visitor asks for.
 * With five calls in the last of which it stands still, that is less than two seconds.
 */
const STORE_TIMEOUT_MS = 2000;
const REQUEST_BUDGET_MS = 1500;
const LEAST_MS = 50;
const LISTING_TIMEOUT_MS = 10_000;
/** Milliseconds for answers that are here already: timers come first after a process was busy. */
const GRACE_MS = 25;

/**
 * The same store, which answers in time or fails, so that nobody waits for it for long. It can what the given one can. After a
 * time-out, one call at a time finds out whether it answers again, and all others fail at once (a circuit breaker).
 * Every method throws KindeError `store_unavailable`.
 */
export function withTimeout(store: SessionStore): SessionStore {
  const ask = createBreaker();
  return around(store, (question, method) => {
    if (method === 'groupMembers') {
      return inTime(LISTING_TIMEOUT_MS, question);
    }
    return ask(() => inTime(STORE_TIMEOUT_MS, question));
  });
}

/** What one request has left for its store. */
export interface StoreBudget {
  /** Waits no longer than that. @throws KindeError `store_unavailable`. */
  spend<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** Time for all that one request asks of its store. What it asks at the same time counts once. */
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

/** The same store, for one request. */
export function withBudget(budget: StoreBudget, store: SessionStore): SessionStore {
  return around(store, (question) => budget.spend(question));
}

/** A store whose every call goes through `ask`. */
function around(
  store: SessionStore,
  ask: <Result>(question: () => Promise<Result>, method: keyof SessionStore) => Promise<Result>,
): SessionStore {
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
      throw storeUnavailable('The session store does not answer.');
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

async function inTime<Result>(patience: number, question: () => Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error('no answer in time'));
    timer = setTimeout(() => (timer = setTimeout(fail, GRACE_MS)), patience);
  });
  try {
    return await Promise.race([question(), late]);
  } catch (cause) {
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw storeUnavailable('The session store does not answer.', cause);
  } finally {
    clearTimeout(timer);
  }
}

/** Does some work once a second until it succeeds, so many times at most, and keeps no process alive for that. */
export function retryLater(work: () => Promise<unknown>, tries: number): true {
  const timer: { unref?(): void } | number = setTimeout(() => {
    work().catch(() => void (tries > 1 && retryLater(work, tries - 1)));
  }, RETRY_EVERY_MS);
  // Only Node's timers keep a process alive.
  if (typeof timer === 'object') {
    timer.unref?.();
  }
  return true;
}

/** Milliseconds. */
const RETRY_EVERY_MS = 1000;

/** What cannot be known or agreed just now. */
export function storeUnavailable(message: string, cause?: unknown): KindeError {
  const details = { headers: { 'retry-after': '5' }, ...(cause !== undefined && { cause }) };
  return new KindeError('store_unavailable', message, details);
}
