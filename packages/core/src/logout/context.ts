import { createBoundedCache, type MemoryBudgets } from '../cache/bounded.js';
import { createSingleFlight, type SingleFlight } from '../cache/single-flight.js';
import { staleAfter, type SessionContext } from '../session/context.js';

/** State of logouts, beside the sessions that they end. */
export interface LogoutContext extends SessionContext {
  /** Back-channel logout tokens that were obeyed, by `jti`: each counts once. */
  readonly usedLogoutTokens: SingleFlight<true>;
}

/** Seconds for which a logout token is known to be used. */
const USED_TTL = 600;

/** Puts together what the room works with. */
export function createLogoutContext(session: SessionContext, memory: MemoryBudgets): LogoutContext {
  return {
    ...session,
    usedLogoutTokens: createSingleFlight({
      stale: staleAfter(session),
      seconds: USED_TTL,
      memory: createBoundedCache(memory.marks, Infinity),
    }),
  };
}
