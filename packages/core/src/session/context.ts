import { createBoundedCache, type MemoryBudgets } from '../cache/bounded.js';
import {
  createSharedSingleFlight,
  type SharedSingleFlightOptions,
} from '../cache/shared-flight.js';
import { createSingleFlight, type SingleFlight } from '../cache/single-flight.js';
import { appName, type CookieContext } from '../cookies.js';
import type { HttpRequest } from '../http/http.js';
import { createOAuth, type OAuth } from '../oauth/client.js';
import { createRevocations, type Revocations } from '../revocations/revocations.js';
import { createStoreBudgets, type StoreBudget } from '../store/timeout.js';
import { isUnjudged, type RefreshResult } from './data.js';

/** State of the browser sessions of one app, beside what is kept in their cookies and in the store. */
export interface SessionContext extends CookieContext {
  /** Everything that is said to Kinde over OAuth. */
  readonly oauth: OAuth;
  /** Refreshes in flight or just done, by refresh token: requests that share it share the result. */
  readonly refreshesInFlight: SingleFlight<RefreshResult>;
  /** Sessions that were written just now, by their tokens: whether they still live. */
  readonly writesInFlight: SingleFlight<boolean>;
  /** Sessions that ended a short while ago, by id: a request that was under way must not bring them back. */
  readonly endedSessions: SingleFlight<'over' | 'replaced'>;
  /** Sessions of cookies whose form was checked, so that it is checked once. */
  readonly checkedSessions: WeakSet<object>;
  /** Revocations of many sessions at once. None where processes share no store with groups. */
  readonly revocations: Revocations | undefined;
  /** How long one request may wait for its store altogether. */
  readonly storeBudgetOf: (request: HttpRequest) => StoreBudget;
}

/** Seconds for which the result of a refresh is kept. */
export const REFRESH_RESULT_TTL = 600;
/** Seconds for which an answer is kept that cannot be judged yet. */
const UNJUDGED_TTL = 4 * 3600;
/** Refreshes that one process sends to Kinde at the same time. */
const PARALLEL_REFRESHES = 50;
/** Seconds for which it is known that a session was written. */
const WRITE_TTL = 2;
/** Seconds for which it is known that a session ended. */
const ENDED_TTL = 3600;

/** Puts together what the room works with. */
export function createSessionContext(
  cookies: CookieContext,
  memory: MemoryBudgets,
): SessionContext {
  const { config, seal } = cookies;
  const { groups, maxAge } = config.session;
  const oauth = createOAuth(config);
  const stale = staleAfter(cookies);
  const refreshes = createSingleFlight<RefreshResult>({
    stale,
    seconds: resultTtl,
    parallel: PARALLEL_REFRESHES,
    memory: createBoundedCache(memory.common, Infinity),
  });
  return {
    config,
    seal,
    oauth,
    refreshesInFlight: coordinated(refreshes, { ...cookies, oauth }, memory, {
      name: 'refresh',
      lasts: (result) => ({ kept: resultTtl(result), readable: resultTtl(result) }),
    }),
    writesInFlight: createSingleFlight({
      stale,
      seconds: WRITE_TTL,
      memory: createBoundedCache(memory.common, Infinity),
    }),
    endedSessions: createSingleFlight({
      stale,
      seconds: ENDED_TTL,
      memory: createBoundedCache(memory.marks, Infinity),
    }),
    checkedSessions: new WeakSet(),
    revocations: groups && createRevocations(groups, seal, { title: appName(config), maxAge }),
    storeBudgetOf: createStoreBudgets(),
  };
}

/** The same work, done once by all processes where they share a store. */
export function coordinated<Result extends object | string>(
  local: SingleFlight<Result>,
  { config, seal, oauth }: Pick<SessionContext, 'config' | 'seal' | 'oauth'>,
  memory: MemoryBudgets,
  how: Pick<SharedSingleFlightOptions<Result>, 'name' | 'lasts' | 'unread'>,
): SingleFlight<Result> {
  const { coordination: store } = config.session;
  if (!store) {
    return local;
  }
  return createSharedSingleFlight(local, {
    ...how,
    store,
    seal,
    isUndone: oauth.isUnspent,
    seen: createBoundedCache(memory.common),
  });
}

/** Seconds after which work counts as dead that nobody heard of. */
export function staleAfter({ config }: CookieContext): number {
  return 2 * config.timeout;
}

function resultTtl(result: RefreshResult): number {
  if (isUnjudged(result)) {
    return Math.max(UNJUDGED_TTL, result.unjudged.expiresIn ?? 0);
  }
  return REFRESH_RESULT_TTL;
}
