import { createBoundedCache, type BoundedCache, type MemoryBudgets } from '../cache/bounded.js';
import { createSingleFlight, type SingleFlight } from '../cache/single-flight.js';
import { createAccountApi, type AccountApi } from '../oauth/account-api.js';
import { REFRESH_RESULT_TTL, staleAfter, type SessionContext } from '../session/context.js';
import { isUnjudged, type RefreshResult } from '../session/data.js';
import { createIdentityCache, type IdentityCache } from './identity.js';

/** Why a refresh token is let be: it could not be sent, or it may have been spent without an answer. */
export type Backoff = 'failed' | 'spent';

/** State behind "who is calling", beside the sessions. */
export interface CallerContext extends SessionContext {
  /** Kinde's Account API. */
  readonly accountApi: AccountApi;
  /** Tokens that were read already. */
  readonly identities: IdentityCache;
  /** Judgements of answers that could not be judged at first, by the refresh token that was spent for them. */
  readonly judgementsInFlight: SingleFlight<RefreshResult>;
  /** Refresh tokens that could not be exchanged, while their sessions go on with the access tokens they have. */
  readonly refreshBackoff: BoundedCache<Backoff>;
}

/** Seconds in which an answer is judged once. */
const JUDGED_TTL = 5;

/** Puts together what the room works with. */
export function createCallerContext(session: SessionContext, memory: MemoryBudgets): CallerContext {
  return {
    ...session,
    accountApi: createAccountApi(session.config),
    identities: createIdentityCache(session.config, memory.common),
    judgementsInFlight: createSingleFlight<RefreshResult>({
      stale: staleAfter(session),
      seconds: (result) => (isUnjudged(result) ? JUDGED_TTL : REFRESH_RESULT_TTL),
      memory: createBoundedCache(memory.common, Infinity),
    }),
    refreshBackoff: createBoundedCache(memory.common, Infinity),
  };
}
