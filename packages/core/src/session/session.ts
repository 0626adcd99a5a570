// Keeps a user's tokens at rest, in the cookie or in a store, until the session expires or is revoked.

import { base64url } from 'jose';
import { now } from '../clock.js';
import { clearCookie, findCookie, forgetCookie, hasCookie, type CookieJar } from '../cookies.js';
import type { Opened } from '../crypto/seal.js';
import { KindeError } from '../errors.js';
import type { HttpRequest } from '../http/http.js';
import type { Tokens } from '../oauth/client.js';
import type { Standing } from '../revocations/revocations.js';
import { retryLater, withBudget } from '../store/timeout.js';
import type { SessionContext } from './context.js';
import { openSessionCookie, writeCookie } from './cookie.js';
import { keyOf, newestToken, summarize, type Session } from './data.js';
import { createRecord, recordsOf, removeRecord, saveRecord, type Records } from './record.js';
import { findSession, judgeSession } from './search.js';
import { isId, isSession } from './shape.js';

export type { Session } from './data.js';

/** Why a request has no session. */
export type NoSession = 'no_session' | 'expired' | 'unreadable' | 'replaced';

/** When a session begins, in Unix seconds, and where in the order of what is said about sessions. */
export interface Start extends Standing {
  /** Unix seconds. */
  readonly startedAt: number;
}

/**
 * A session begins where its tokens are asked for: revocations of its user from here on concerns it, though it be
 * kept later, and what was said before does not.
 * @throws KindeError `store_unavailable`.
 */
export async function beginSession(
  jar: CookieJar,
  { revocations, storeBudgetOf }: SessionContext,
): Promise<Start> {
  const standing = await (revocations && storeBudgetOf(jar.request).spend(revocations.begin));
  return { startedAt: now(), ...standing };
}

/** The state that a new session begins with. */
export interface SignIn {
  /** The verified tokens of the callback. */
  readonly tokens: Tokens;
  /** The result of `beginSession`, from before they were asked for. */
  readonly start: Start;
  /** What `readSession` found in the browser; `undefined` where the store could not say. */
  readonly before: Session | NoSession | 'lapsed' | undefined;
}

/**
 * A new session with a new id, in place of whatever the browser had. The result is the `Set-Cookie` lines for it; `others`
 * are header values that go along on the same response.
 * @throws KindeError `session_too_large`, `store_unavailable`; the old session lives on then.
 */
export async function startSession(
  jar: CookieJar,
  context: SessionContext,
  { tokens, start, before }: SignIn,
  others: readonly string[],
): Promise<string[]> {
  const id = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  const userAgent = jar.request.headers.get('user-agent')?.slice(0, 256);
  const session = {
    ...tokens,
    ...start,
    id,
    seenAt: now(),
  };
  // Before anything is kept: a session that does not fit must leave no trace.
  const cookies = await writeCookie(jar, context, session, others);
  await createRecord(recordsFor(jar, context), { ...session, userAgent });
  if (before !== 'no_session') {
    const known = typeof before === 'object' ? before : undefined;
    // The user has a new session, whether or not the store forgets the old one now.
    await forgetSession(jar, context, 'replaced', known).catch(() => {});
  }
  return cookies;
}

/**
 * The browser's session, if it is alive. `'lapsed'` where it expired by the clock and not long ago, so that it may be valid again
 * when a wrong clock is right.
 * @throws KindeError `store_unavailable`.
 */
export async function readSession(
  jar: CookieJar,
  context: SessionContext,
): Promise<Session | NoSession | 'lapsed'> {
  if (!hasCookie(jar, context.config.session.cookie)) {
    return 'no_session';
  }
  const opened = await openSessionCookie(jar, context);
  if (!opened) {
    return 'unreadable';
  }
  if (wasReplaced(opened.payload, context)) {
    return 'replaced';
  }
  const budget = context.storeBudgetOf(jar.request);
  // Asked at the same time as the session, and of the store only every few seconds.
  const feed = context.revocations && budget.spend(context.revocations.reload);
  feed?.catch(() => {});
  const records = recordsFor(jar, context);
  const found = await findSession(records, opened.payload);
  if (typeof found === 'string') {
    return found;
  }
  if (isExpired(found.session, context)) {
    return isLapsed(found.session, context) ? 'lapsed' : 'expired';
  }
  if (!found.isFallback) {
    await feed;
  }
  return judgeSession({ context, records, budget }, found, !opened.isCurrent);
}

/**
 * The session that `readSession` would find, where it is all in the cookie, was opened before, and nobody can have said
 * anything about it elsewhere.
 */
export function readSessionSync(
  cookies: string | undefined,
  context: SessionContext,
): Session | undefined {
  const { store, cookie: name } = context.config.session;
  if (store || context.revocations || cookies === undefined) {
    return undefined;
  }
  const value = findCookie(cookies, name);
  const opened = value === undefined ? undefined : context.seal.openSync(value, 'session');
  if (!opened?.isCurrent) {
    return undefined;
  }
  const session: object = opened.payload;
  // Its shape is checked once: it is frozen.
  if (!context.checkedSessions.has(session)) {
    if (!isSession(session) || session.epoch !== undefined) {
      return undefined;
    }
    context.checkedSessions.add(session);
  }
  if (isExpired(session as Session, context)) {
    return undefined;
  }
  return session as Session;
}

/** Too old, unused for too long, or signed out here. */
function isExpired(
  { id, startedAt, seenAt }: Session,
  { config, endedSessions }: SessionContext,
): boolean {
  const { maxAge, idle } = config.session;
  const time = now();
  return (
    startedAt + maxAge <= time || seenAt + idle <= time || endedSessions.state(id) !== undefined
  );
}

/** Seconds by which a clock may be wrong: a clock that takes local time for UTC is off by half a day. */
export const CLOCK_ERROR = 24 * 3600;

/** Was it not ended by anybody, and is not over for longer than a clock may be wrong? */
function isLapsed(
  { id, startedAt, seenAt }: Session,
  { config, endedSessions }: SessionContext,
): boolean {
  const end = Math.min(startedAt + config.session.maxAge, seenAt + config.session.idle);
  return endedSessions.state(id) === undefined && now() - end < CLOCK_ERROR;
}

/**
 * Saves a session that goes on. The result is the `Set-Cookie` values that make the browser keep it, or `'ended'` when it
 * was ended meanwhile: what ended must not come back by being written again.
 * @throws KindeError `session_too_large`, `store_unavailable`.
 */
export async function saveSession(
  jar: CookieJar,
  context: SessionContext,
  change: { from: Session; to: Session },
): Promise<string[] | 'ended'> {
  const { id, refreshToken, expiresAt, seenAt, unjudged } = change.to;
  const records = recordsFor(jar, context);
  const isEnded = () => context.endedSessions.state(id) !== undefined;
  // Of requests that bring the same tokens at the same time, one writes.
  const key = `${id} ${refreshToken} ${expiresAt} ${seenAt} ${unjudged?.seenAt}`;
  const save = () => context.writesInFlight.run(key, () => saveRecord(records, change));
  if (isEnded() || !(await save())) {
    return 'ended';
  }
  if (!isEnded()) {
    return writeCookie(jar, context, change.to);
  }
  // A store that cannot compare has it back by now.
  await removeRecord(records, await keyOf(change.to)).catch(() => {});
  return 'ended';
}

/** Ends the browser's session, first in the store, then in the browser. `known` is that session where it was read before. */
export async function endSession(
  jar: CookieJar,
  context: SessionContext,
  known?: Session,
): Promise<string[]> {
  await forgetSession(jar, context, 'over', known);
  return clearCookie(jar, context, context.config.session.cookie);
}

/** The session is due to be written again, so that being active keeps it from ending. */
export function needsRewrite({ seenAt, isOutdated }: Session, { config }: SessionContext): boolean {
  return isOutdated === true || now() - seenAt > config.session.idle / 10;
}

/** The session with the newest tokens that are known for it: others may have refreshed it since its cookie was written. */
export async function newestOf(
  session: Session,
  context: SessionContext,
  steps = MOST_REFRESHES,
): Promise<Session> {
  const { refreshesInFlight, config } = context;
  // A record in a store has the newest tokens that any process got.
  const known = config.session.store ? refreshesInFlight.peek : refreshesInFlight.known;
  const next = session.refreshToken === undefined ? undefined : await known(session.refreshToken);
  const isNew =
    typeof next === 'object' && 'accessToken' in next && next.refreshToken !== session.refreshToken;
  if (typeof next === 'object' && 'unjudged' in next) {
    return { ...session, unjudged: next.unjudged };
  }
  if (!isNew || steps === 0) {
    return session;
  }
  return newestOf({ ...session, ...next, claims: undefined }, context, steps - 1);
}

/** Refreshes that are remembered for one session, at most; each is known for ten minutes. */
const MOST_REFRESHES = 20;

/** Revokes the session's refresh token at Kinde, the newest there is. Never throws: a failure is logged. */
export async function revokeTokens(
  session: Session,
  context: SessionContext,
  request?: HttpRequest,
): Promise<void> {
  const newest = newestToken(await newestOf(session, context).catch(() => session));
  if (newest) {
    await context.oauth.revoke(newest).catch((error: unknown) => {
      if (error instanceof KindeError) {
        context.config.diagnostics.tell(error, request);
      }
    });
  }
}

/** Was this session replaced by a newer one in this browser? Its requests may still be under way. */
function wasReplaced({ id }: Opened['payload'], { endedSessions }: SessionContext): boolean {
  return isId(id) && endedSessions.peek(id) === 'replaced';
}

/** Removes what the store holds for the browser's cookie. A cookie that does not open removes nothing. */
async function forgetSession(
  jar: CookieJar,
  context: SessionContext,
  how: 'over' | 'replaced',
  known?: Session,
): Promise<void> {
  const id = (await openSessionCookie(jar, context))?.payload['id'];
  if (!isId(id)) {
    return;
  }
  forgetCookie(jar, context, context.config.session.cookie);
  await context.endedSessions.run(id, async () => how);
  const key = await keyOf(known?.id === id ? known : { id });
  await removeRecord(recordsFor(jar, context), key).catch((error: unknown) => {
    retryLater(() => removeRecord(recordsOf(context), key), REMOVALS);
    throw error;
  });
}

/** How often the record of an ended session is tried to be removed, at most. */
const REMOVALS = 3600;

/** The records, as far as this request may wait for them. */
function recordsFor(jar: CookieJar, context: SessionContext): Records {
  const { store, coordination } = context.config.session;
  const common = store ?? coordination;
  return recordsOf(context, common && withBudget(context.storeBudgetOf(jar.request), common));
}

/** The user of a session and their organization, for audit events. */
export function userOfSession(session: Session): { userId: string; orgCode: string | undefined } {
  const { sub, orgCode } = summarize(session);
  return { userId: sub, orgCode };
}
