import { createBoundedCache, type MemoryBudgets } from '../cache/bounded.js';
import { createSingleFlight, type SingleFlight } from '../cache/single-flight.js';
import type { CallerContext } from '../caller/context.js';
import type { KindeError } from '../errors.js';
import type { Redirect } from '../http/http.js';
import { coordinated, staleAfter } from '../session/context.js';

/** The outcome of a callback, as plain data that other processes can be told; `'done'` where only that it ended is known. */
export type CallbackOutcome =
  { readonly redirect: Redirect } | { readonly failure: CallbackFailure } | 'done';

/** A `KindeError`, as plain data. */
export type CallbackFailure = Pick<
  KindeError,
  'code' | 'message' | 'reason' | 'fix' | 'headers' | 'cause'
>;

/** State of logins between their two halves. */
export interface LoginContext extends CallerContext {
  /** Callbacks in flight or done, by state: a double click redeems its code once. */
  readonly callbacksInFlight: SingleFlight<CallbackOutcome>;
}

/** Seconds in which a login must be finished. */
export const LOGIN_TTL = 600;
/** Seconds in which the cookie of a login can still tell that it was not finished. */
export const LOGIN_COOKIE_TTL = 3600;
/** Seconds of a callback, at most, that go to the app and the store rather than to Kinde. */
export const FINISH_TIME = 30;
/** Seconds in which other processes are told how a callback came out; for longer, that it did. */
const OUTCOME_TTL = 20;

/** Puts together what the room works with. */
export function createLoginContext(caller: CallerContext, memory: MemoryBudgets): LoginContext {
  const local = createSingleFlight<CallbackOutcome>({
    seconds: LOGIN_COOKIE_TTL,
    keeps: () => 'done',
    stale: staleAfter(caller) + FINISH_TIME,
    memory: createBoundedCache(memory.logins, Infinity),
  });
  return {
    ...caller,
    callbacksInFlight: coordinated(local, caller, memory, {
      name: 'callback',
      // Codes can be made up: what they leave in the store must not stay.
      lasts: (outcome) => ({
        kept: isFailure(outcome) ? OUTCOME_TTL : LOGIN_COOKIE_TTL,
        readable: OUTCOME_TTL,
      }),
      unread: 'done',
    }),
  };
}

function isFailure(outcome: CallbackOutcome): boolean {
  return typeof outcome === 'object' && 'failure' in outcome;
}
