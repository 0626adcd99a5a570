import { signedOut, toAuth, type Auth } from './auth.js';
import { now, type Moment } from '../clock.js';
import type { CallerContext } from './context.js';
import { isUnjudged, type UnjudgedAnswer } from '../session/data.js';
import { KindeError } from '../errors.js';
import type { HttpRequest } from '../http/http.js';
import { readRecord, recordsOf } from '../session/record.js';
import { isPast, backOff, exchangeTokens, withTokens } from './exchange.js';
import { hash } from '../crypto/hash.js';
import {
  endSession,
  isForeignSession,
  readSession,
  revokeTokens,
  saveSession,
  type NoSession,
  type Session,
} from '../session/session.js';

/** Who is calling, and `Set-Cookie` values to send with the response whatever it will be. */
export interface Authentication {
  readonly auth: Auth;
  readonly cookies: readonly string[];
}

/**
 * A session that goes on with new tokens, or with those it has while they live.
 * @throws KindeError where there are none and it is not known whether there will be.
 */
export async function refreshSession(
  request: HttpRequest,
  context: CallerContext,
  session: Session,
  deadline: Moment,
): Promise<Authentication> {
  if (isAlive(session) && isBackingOff(session, context)) {
    return { auth: toAuth(session, context), cookies: [] };
  }
  try {
    const renewal = await exchangeTokens(session, context, {
      deadline,
      budget: context.storeBudgetOf(request),
    });
    if (renewal === 'refused') {
      return await afterRefusal(request, context, session, deadline);
    }
    if (renewal === 'organization_changed') {
      return await pinOrganization(request, context, session);
    }
    if (isUnjudged(renewal)) {
      return await keepUnjudged(request, context, session, renewal.unjudged);
    }
    const next = withTokens(session, renewal);
    // Remembered for longer than they lived: somebody sent a cookie that was written over since.
    const isOld = isPast(renewal) && next.refreshToken !== session.refreshToken;
    if (isOld) {
      return await refreshSession(request, context, next, deadline);
    }
    return await continueSession(request, context, { from: session, to: next });
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    if (!isAlive(session)) {
      throw error;
    }
    backOff(session, context);
    return { auth: toAuth(session, context), cookies: [] };
  }
}

/**
 * Whoever has a token that lives does not stand in line for another one, and does not spend a refresh token that may have been
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
 * Kinde does not know this refresh token. Where processes could not agree, or the store lost what they agreed on, another one
 * may have been faster: its result is, or soon will be, in the store. Nobody deletes what is newer than what they read.
 */
async function afterRefusal(
  request: HttpRequest,
  context: CallerContext,
  session: Session,
  deadline: Moment,
): Promise<Authentication> {
  // A forged answer leaves a refresh token behind that works.
  if (session.unjudged) {
    void revokeTokens(session, context);
  }
  const { store, coordination } = context.config.session;
  if (!store) {
    const isLate = coordination !== undefined && (await isLateFor(session, context));
    if (isLate) {
      return { auth: signedOut('refresh_refused'), cookies: [] };
    }
    return signOutWith(request, context, 'refresh_refused');
  }
  const change = { to: undefined, maxAge: 1 };
  for (let [tries, { record }] = [TRIES, session]; tries > 0; tries--) {
    if (
      store.compareAndSet &&
      record !== undefined &&
      (await store.compareAndSet(await hash(session.id), record, change))
    ) {
      break;
    }
    const newer = await readSession(request, context);
    if (typeof newer !== 'object') {
      break;
    }
    if (newer.refreshToken !== session.refreshToken) {
      if (isAlive(newer)) {
        return { auth: toAuth(newer, context), cookies: [] };
      }
      return refreshSession(request, context, newer, deadline);
    }
    record = newer.record;
    // A store that cannot compare has the result of whoever was faster a moment later.
    if (!store.compareAndSet) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return signOutWith(request, context, 'refresh_refused');
}

/** Looks at what others made of a session whose refresh token was refused. */
const TRIES = 5;

/** Was the card of a session in a cookie written after that cookie? */
async function isLateFor({ id, seenAt }: Session, context: CallerContext): Promise<boolean> {
  const card = await readRecord(recordsOf(context), await hash(id));
  return Number(card?.value['seenAt']) > seenAt;
}

/** What came was for another organization. The old tokens count until their end, and nothing comes after them. */
async function pinOrganization(
  request: HttpRequest,
  context: CallerContext,
  from: Session,
): Promise<Authentication> {
  if (!isAlive(from)) {
    return signOutWith(request, context, 'organization_changed');
  }
  const to = {
    ...from,
    refreshToken: undefined,
    unjudged: undefined,
    isPinned: true,
  };
  return continueSession(request, context, { from, to });
}

/** The answer is kept with the session until it can be judged. Until then, the session is what it was. */
async function keepUnjudged(
  request: HttpRequest,
  context: CallerContext,
  from: Session,
  unjudged: UnjudgedAnswer,
): Promise<Authentication> {
  const isKept = from.unjudged?.accessToken === unjudged.accessToken;
  const cookies = isKept
    ? []
    : await saveUnjudged(request, context, { from, to: { ...from, unjudged } });
  if (cookies === 'ended') {
    if (unjudged.refreshToken) {
      context.oauth.revoke(unjudged.refreshToken).catch(() => {});
    }
    return signOutWith(request, context, 'no_session');
  }
  return { auth: isAlive(from) ? toAuth(from, context) : signedOut('unavailable'), cookies };
}

async function saveUnjudged(
  request: HttpRequest,
  context: CallerContext,
  change: Change,
): Promise<string[] | 'ended'> {
  return saveSession(request, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    if (error.code === 'session_too_large') {
      context.warn(
        error.code,
        'An answer of Kinde that cannot be judged yet does not fit into the cookie, so only this process remembers it, ' +
          `and those that share its store. ${error.message}`,
      );
    }
    return [];
  });
}

/**
 * Goes on with a session that changed. Where it cannot be saved now, this request has it and the next one tries again. Where
 * it has outgrown its cookie, the old one counts until its end.
 */
export async function continueSession(
  request: HttpRequest,
  context: CallerContext,
  change: Change,
): Promise<Authentication> {
  const { from, to: session } = change;
  const cookies = await saveSession(request, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    // The store cannot say whether somebody signed out elsewhere, but here somebody did.
    if (error.code === 'store_unavailable') {
      return context.endedSessions.state(session.id) ? ('unknown' as const) : [];
    }
    if (error.code !== 'session_too_large') {
      throw error;
    }
    context.warn(error.code, error.message);
    return 'too_large' as const;
  });
  if (cookies === 'too_large') {
    return keepWhatFits(request, context, change);
  }
  if (typeof cookies === 'object') {
    return { auth: toAuth(session, context), cookies };
  }
  // Its refresh token is newer than the one that signing out revoked.
  if (session.refreshToken && session.refreshToken !== from.refreshToken) {
    context.oauth.revoke(session.refreshToken).catch(() => {});
  }
  if (cookies === 'ended') {
    return signOutWith(request, context, 'no_session');
  }
  return { auth: signedOut('unavailable'), cookies: [] };
}

/** The browser keeps what it has while that lives. Then it is signed out, and signing in again says why. */
async function keepWhatFits(
  request: HttpRequest,
  context: CallerContext,
  { from, to }: Change,
): Promise<Authentication> {
  if (isAlive(from)) {
    backOff(from, context);
    return { auth: toAuth(from, context), cookies: [] };
  }
  void revokeTokens(to, context);
  return signOutWith(request, context, 'session_too_large');
}

/** Reasons for which the browser keeps its cookie: it has none, or a newer one, or one that may live again. */
const KEEP_COOKIE: readonly string[] = ['no_session', 'replaced', 'lapsed'];

/** Signed out, taking cookies away that are of no use any more, unless another process may know them. */
export async function signOutWith(
  request: HttpRequest,
  context: CallerContext,
  reason: NoSession | 'lapsed' | 'refresh_refused' | 'organization_changed' | 'session_too_large',
): Promise<Authentication> {
  const isKept = KEEP_COOKIE.includes(reason) || (await isForeignSession(request, context));
  const auth = signedOut(reason === 'lapsed' ? 'expired' : reason);
  return { auth, cookies: isKept ? [] : await endSession(request, context) };
}

/** Does its access token live? */
export function isAlive(session: Session): boolean {
  return session.expiresAt > now();
}
