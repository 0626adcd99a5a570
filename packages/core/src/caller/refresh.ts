import type { Moment } from '../clock.js';
import type { CookieJar } from '../cookies.js';
import { KindeError } from '../errors.js';
import { isUnjudged, keyOf, type RefreshResult } from '../session/data.js';
import { readRecord, recordsOf } from '../session/record.js';
import { readSession, revokeTokens, type Session } from '../session/session.js';
import type { SessionStore } from '../store/session-store.js';
import { signedOut, toAuth } from './auth.js';
import type { CallerContext } from './context.js';
import {
  continueSession,
  isAlive,
  keepUnjudged,
  signOutWith,
  type Authentication,
} from './continue.js';
import {
  backOff,
  exchangeTokens,
  isPast,
  readTokens,
  withTokens,
  type ReadSession,
} from './exchange.js';

/**
 * A session that goes on with new tokens, or with those it has while they live.
 * @throws KindeError where there are none and it is not known whether there will be.
 */
export async function refreshSession(
  jar: CookieJar,
  context: CallerContext,
  session: Session,
  deadline: Moment,
): Promise<Authentication> {
  if (isAlive(session) && isBackingOff(session, context)) {
    return { auth: toAuth(session, context), cookies: [] };
  }
  const from = readTokens(session, context);
  try {
    const result = await observeExchange(jar, context, from, deadline);
    if (result === 'refused') {
      return await afterRefusal(jar, context, from, deadline);
    }
    if (result === 'organization_changed') {
      return await pinOrganization(jar, context, from);
    }
    if (isUnjudged(result)) {
      return await keepUnjudged(jar, context, from, result.unjudged);
    }
    const next = withTokens(from, result, context.identities.ofSession(result).claims);
    // Remembered for longer than they lived: somebody sent a cookie that was written over since.
    const isOld = isPast(result) && next.refreshToken !== from.refreshToken;
    if (isOld) {
      return await refreshSession(jar, context, next, deadline);
    }
    return await continueSession(jar, context, { from, to: next });
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    if (!isAlive(from)) {
      throw error;
    }
    context.config.diagnostics.tell(error, jar.request);
    backOff(from, context);
    return { auth: toAuth(from, context), cookies: [] };
  }
}

/** Gets new tokens, and tells how that went. */
async function observeExchange(
  jar: CookieJar,
  context: CallerContext,
  from: ReadSession,
  deadline: Moment,
): Promise<RefreshResult> {
  const { config, storeBudgetOf } = context;
  const subject = { name: 'refresh', details: {}, request: jar.request } as const;
  return config.diagnostics.observe(subject, async (note) => {
    note({ userId: from.claims.id.sub });
    const result = await exchangeTokens(from, context, {
      deadline,
      budget: () => storeBudgetOf(jar.request),
      by: (means) => note({ by: means }),
    });
    if (typeof result === 'string') {
      note({ outcome: 'refused', reason: result });
    }
    return result;
  });
}

/**
 * A session whose token is valid does not wait in line for another one, and does not spend a refresh token that may have been
 * spent: its answer was lost, and with a second one everything would be.
 */
function isBackingOff(
  { refreshToken = '' }: Session,
  { refreshesInFlight, refreshBackoff }: CallerContext,
): boolean {
  if (refreshesInFlight.state(refreshToken) !== undefined) {
    return false;
  }
  return refreshBackoff.get(refreshToken) === 'spent' || refreshesInFlight.isFull();
}

/**
 * Kinde does not know this refresh token. Where processes could not coordinate, or the store lost their lock, another one may
 * have been faster: its result is, or soon will be, in the store. Nobody deletes what is newer than what they read.
 */
async function afterRefusal(
  jar: CookieJar,
  context: CallerContext,
  session: Session,
  deadline: Moment,
): Promise<Authentication> {
  // A forged answer leaves a refresh token behind that works.
  if (session.unjudged) {
    void revokeTokens(session, context, jar.request);
  }
  const { store, coordination } = context.config.session;
  if (store) {
    return afterRefusalInStore(jar, context, store, { session, deadline });
  }
  if (coordination !== undefined && (await isLateFor(session, context))) {
    return { auth: signedOut('refresh_refused'), cookies: [] };
  }
  return signOutWith(jar, context, 'refresh_refused', session);
}

/** Removes the record whose refresh token was refused, or goes on with the newer one that another process wrote. */
async function afterRefusalInStore(
  jar: CookieJar,
  context: CallerContext,
  store: SessionStore,
  { session, deadline }: { readonly session: Session; readonly deadline: Moment },
): Promise<Authentication> {
  let { record } = session;
  for (let tries = TRIES; tries > 0; tries--) {
    if (await removeUnchanged(store, session, record)) {
      break;
    }
    const newer = await readSession(jar, context);
    if (typeof newer !== 'object') {
      break;
    }
    if (newer.refreshToken !== session.refreshToken) {
      return isAlive(newer)
        ? { auth: toAuth(newer, context), cookies: [] }
        : refreshSession(jar, context, newer, deadline);
    }
    record = newer.record;
    // A store that cannot compare has the result of the faster process a moment later.
    if (!store.compareAndSet) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return signOutWith(jar, context, 'refresh_refused', session);
}

/** How often the store is searched for a newer record after a refresh token was refused. */
const TRIES = 5;

/** Removes a record that is still what was read of it. */
async function removeUnchanged(
  store: SessionStore,
  session: Session,
  record: string | undefined,
): Promise<boolean> {
  if (!store.compareAndSet || record === undefined) {
    return false;
  }
  return store.compareAndSet(await keyOf(session), record, { to: undefined, maxAge: 1 });
}

/** Was the summary of a session in a cookie written after that cookie? */
async function isLateFor(session: Session, context: CallerContext): Promise<boolean> {
  const summary = await readRecord(recordsOf(context), await keyOf(session), session.id);
  return Number(summary?.value['seenAt']) > session.seenAt;
}

/** The new tokens are for another organization. The old tokens count until their end, and nothing comes after them. */
async function pinOrganization(
  jar: CookieJar,
  context: CallerContext,
  from: Session,
): Promise<Authentication> {
  if (!isAlive(from)) {
    return signOutWith(jar, context, 'organization_changed', from);
  }
  const to = {
    ...from,
    refreshToken: undefined,
    unjudged: undefined,
    isPinned: true,
  };
  return continueSession(jar, context, { from, to });
}
