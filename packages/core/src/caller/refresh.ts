import { now, type Moment } from '../clock.js';
import type { CookieJar } from '../cookies.js';
import { KindeError } from '../errors.js';
import {
  isUnjudged,
  keyOf,
  whoseSession,
  type RefreshResult,
  type UnjudgedAnswer,
} from '../session/data.js';
import { readRecord, recordsOf } from '../session/record.js';
import { isForeignSession } from '../session/cookie.js';
import {
  endSession,
  readSession,
  revokeTokens,
  saveSession,
  type NoSession,
  type Session,
} from '../session/session.js';
import type { SessionStore } from '../store/session-store.js';
import { signedOut, toAuth, type Auth } from './auth.js';
import type { CallerContext } from './context.js';
import {
  backOff,
  exchangeTokens,
  isPast,
  readTokens,
  withTokens,
  type ReadSession,
} from './exchange.js';

/** The result of `authenticate` and `refresh`: the caller, and the cookies to send. */
export interface Authentication {
  /** The caller, signed in or not. */
  readonly auth: Auth;
  /** `Set-Cookie` lines, which the response has to carry whatever it is. */
  readonly cookies: readonly string[];
}

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

/** A session as it was read, and as it goes on. */
type Change = Readonly<Record<'from' | 'to', Session>>;

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
    void revokeTokens(session, context);
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

/** The answer is kept with the session until it can be judged. Until then, the session is what it was. */
async function keepUnjudged(
  jar: CookieJar,
  context: CallerContext,
  from: Session,
  unjudged: UnjudgedAnswer,
): Promise<Authentication> {
  const isKept = from.unjudged?.accessToken === unjudged.accessToken;
  const cookies = isKept
    ? []
    : await saveUnjudged(jar, context, { from, to: { ...from, unjudged } });
  if (cookies === 'ended') {
    if (unjudged.refreshToken) {
      context.oauth.revoke(unjudged.refreshToken).catch(() => {});
    }
    return signOutWith(jar, context, 'no_session');
  }
  return { auth: isAlive(from) ? toAuth(from, context) : signedOut('unavailable'), cookies };
}

async function saveUnjudged(
  jar: CookieJar,
  context: CallerContext,
  change: Change,
): Promise<string[] | 'ended'> {
  return saveSession(jar, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    if (error.code === 'session_too_large') {
      context.config.diagnostics.warn(
        error.code,
        'Tokens of a refresh that cannot be verified yet do not fit into the session cookie, so only this process, and ' +
          `others that share its store, keep them. ${error.message}`,
      );
    } else {
      context.config.diagnostics.tell(error, jar.request);
    }
    return [];
  });
}

/**
 * Goes on with a session that changed. Where it cannot be saved now, this request has it and the next one tries again. Where
 * it has outgrown its cookie, the old one counts until its end.
 */
export async function continueSession(
  jar: CookieJar,
  context: CallerContext,
  change: Change,
): Promise<Authentication> {
  const { from, to: session } = change;
  const cookies = await saveSession(jar, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    // The store cannot say whether somebody signed out elsewhere, but here somebody did.
    if (error.code === 'store_unavailable') {
      context.config.diagnostics.tell(error, jar.request);
      return context.endedSessions.state(session.id) ? ('unknown' as const) : [];
    }
    if (error.code !== 'session_too_large') {
      throw error;
    }
    context.config.diagnostics.warn(error.code, error.message);
    return 'too_large' as const;
  });
  if (cookies === 'too_large') {
    return keepWhatFits(jar, context, change);
  }
  if (typeof cookies === 'object') {
    return { auth: toAuth(session, context), cookies };
  }
  // Its refresh token is newer than the one that signing out revoked.
  if (session.refreshToken && session.refreshToken !== from.refreshToken) {
    context.oauth.revoke(session.refreshToken).catch(() => {});
  }
  if (cookies === 'ended') {
    return signOutWith(jar, context, 'no_session');
  }
  return { auth: signedOut('unavailable'), cookies: [] };
}

/** The browser keeps what it has while that lives. Then it is signed out, and signing in again says why. */
async function keepWhatFits(
  jar: CookieJar,
  context: CallerContext,
  { from, to }: Change,
): Promise<Authentication> {
  if (isAlive(from)) {
    backOff(from, context);
    return { auth: toAuth(from, context), cookies: [] };
  }
  void revokeTokens(to, context);
  return signOutWith(jar, context, 'session_too_large', to);
}

/** Reasons for which the browser keeps its cookie: it has none, or a newer one, or one that may live again. */
const KEEP_COOKIE: readonly string[] = ['no_session', 'replaced', 'lapsed'];

/**
 * Signed out, taking cookies away that are of no use any more, unless another process may know them. `ended` is the session
 * that ends with this.
 */
export async function signOutWith(
  jar: CookieJar,
  context: CallerContext,
  reason: NoSession | 'lapsed' | 'refresh_refused' | 'organization_changed' | 'session_too_large',
  ended?: Session,
): Promise<Authentication> {
  if (ended) {
    const entry = { type: 'session_ended', by: 'session', reason, ...whoseSession(ended) } as const;
    context.config.diagnostics.audit(entry, jar.request);
  }
  const isKept = KEEP_COOKIE.includes(reason) || (await isForeignSession(jar, context));
  const auth = signedOut(reason === 'lapsed' ? 'expired' : reason);
  return { auth, cookies: isKept ? [] : await endSession(jar, context) };
}

/** Does its access token live? */
export function isAlive(session: Session): boolean {
  return session.expiresAt > now();
}
