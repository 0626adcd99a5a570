import { base64url } from 'jose';
import { now } from './clock.js';
import type { Context } from './context.js';
import { clearCookie, findCookie, forgetCookie, hasCookie, openCookie, sealCookie } from './cookies.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import { ALL } from './notices.js';
import type { Tokens } from './oauth.js';
import { createRecord, groupsOf, pick, readRecord, removeRecord, saveRecord, type Session } from './records.js';
import { hash, type Opened } from './seal.js';
import { isId, isSession } from './session-shape.js';
import { readClaims } from './tokens.js';

export type { Session } from './records.js';

/** Why a request has no session. */
export type NoSession = 'no_session' | 'expired' | 'unreadable' | 'replaced';

/**
 * A new session with a new id, in place of whatever the browser had. The result is the `Set-Cookie` lines for it; `others`
 * are header values that go along on the same response.
 * @throws KindeError `session_too_large`, `store_unavailable`; the old session lives on then.
 */
export async function startSession(
  request: HttpRequest,
  context: Context,
  tokens: Tokens,
  others: readonly string[],
): Promise<string[]> {
  const { store, shared } = context.config.session;
  const id = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  const userAgent = request.headers.get('user-agent')?.slice(0, 256);
  // Revocations of the user's earlier sessions do not concern this one.
  if (!store) context.notices?.expire();
  const said = store ? 0 : ((await context.notices?.latest('end', () => groupsOf(tokens))) ?? 0);
  const startedAt = Math.max(now(), said + 1);
  const session = { ...tokens, id, startedAt, seenAt: now() };
  // Before anything is kept: a session that does not fit must leave no trace.
  const cookies = await writeCookie(request, context, session, others);
  if (store ?? shared) await createRecord(context, { ...session, userAgent });
  await forget(request, context, 'replaced');
  return cookies;
}

/**
 * The browser's session, if it is alive. `'lapsed'` where it is over by the clock and not for long, so that it may live again
 * when a wrong clock is right.
 * @throws KindeError `store_unavailable`.
 */
export async function readSession(request: HttpRequest, context: Context): Promise<Session | NoSession | 'lapsed'> {
  const { store, cookie } = context.config.session;
  if (!hasCookie(request, cookie)) return 'no_session';
  const opened = await openSessionCookie(request, context);
  // Asked at the same time as the session, and of the store only every few seconds.
  const notices = opened && context.notices?.latest('renew', () => [ALL]);
  const session = store ? await load(context, opened?.payload) : opened?.payload;
  if (!isSession(session)) return opened && isId(opened.payload['id']) && store ? 'expired' : 'unreadable';
  if (wasReplaced(session, context)) return 'replaced';
  if (isOver(session, context)) return isLapsed(session, context) ? 'lapsed' : 'expired';
  if (await wasEnded(session, context)) return 'expired';
  const renewFrom = Math.max((await notices) || 0, await renewalOf(session, context), session.renewFrom ?? 0);
  const { record, isFallback } = session;
  // No literal here begins with a spread: V8 would give each session a shape of its own, and reading those is slow.
  const found = { renewFrom, isOutdated: !opened!.isCurrent, ...(record !== undefined && { record }) };
  return Object.assign(pick(session), found, isFallback && { isFallback });
}

/**
 * The session that `readSession` would find, where it is all in the cookie, was opened before, and nobody can have said
 * anything about it elsewhere.
 */
export function readSessionSync(cookies: string | undefined, context: Context): Session | undefined {
  const { store, cookie: name } = context.config.session;
  if (store || context.notices || cookies === undefined) return undefined;
  const value = findCookie(cookies, name);
  const opened = value === undefined ? undefined : context.seal.recall(value, 'session');
  if (!opened?.isCurrent) return undefined;
  const session: object = opened.payload;
  // Its shape is checked once: it is frozen.
  if (!context.people.has(session) && !isSession(session)) return undefined;
  return isOver(session as Session, context) ? undefined : (session as Session);
}

/** Too old, unused for too long, or signed out here. */
function isOver({ id, startedAt, seenAt }: Session, { config, ended }: Context): boolean {
  const { maxAge, idle } = config.session;
  const time = now();
  return startedAt + maxAge <= time || seenAt + idle <= time || ended.state(id) !== undefined;
}

/** Seconds by which a clock may be wrong: whoever takes local time for UTC is off by half a day. */
export const CLOCK_ERROR = 24 * 3600;

/** Was it not ended by anybody, and is not over for longer than a clock may be wrong? */
function isLapsed({ id, startedAt, seenAt }: Session, { config, ended }: Context): boolean {
  const end = Math.min(startedAt + config.session.maxAge, seenAt + config.session.idle);
  return ended.state(id) === undefined && now() - end < CLOCK_ERROR;
}

/**
 * Saves a session that goes on. The result is the `Set-Cookie` values that make the browser keep it, or `'ended'` when it
 * was ended meanwhile: what ended must not come back by being written again.
 * @throws KindeError `session_too_large`, `store_unavailable`.
 */
export async function saveSession(
  request: HttpRequest,
  context: Context,
  change: { from: Session; to: Session },
): Promise<string[] | 'ended'> {
  const { id, refreshToken, expiresAt, unjudged } = change.to;
  const isEnded = () => context.ended.state(id) !== undefined;
  // Of requests that bring the same tokens at the same time, one writes.
  const key = `${id} ${refreshToken} ${expiresAt} ${unjudged?.seenAt}`;
  const save = () => context.saves.run(key, () => saveRecord(context, change));
  if (isEnded() || !(await save())) return 'ended';
  if (!isEnded()) return writeCookie(request, context, change.to);
  // A store that cannot compare has it back by now.
  await removeRecord(context, await hash(id)).catch(() => {});
  return 'ended';
}

async function writeCookie(
  request: HttpRequest,
  context: Context,
  session: Session,
  others: readonly string[] = [],
): Promise<string[]> {
  const { store, fallback, cookie: name, maxAge: longest, persistent = isPersistent(session) } = context.config.session;
  const maxAge = Math.max(1, session.startedAt + longest - now());
  const write = (payload: object) =>
    sealCookie(request, context, { name, payload, purpose: 'session', maxAge, persistent }, others);
  if (store && !fallback) return write({ id: session.id });
  const { userAgent: _recorded, ...kept } = pick(session);
  try {
    return await write(kept);
  } catch (error) {
    if (!(error instanceof KindeError) || error.code !== 'session_too_large') throw error;
    if (store) return write({ id: session.id });
    throw explainSize(session, error);
  }
}

/** Ends the browser's session: the store forgets it first, then the browser. */
export async function endSession(request: HttpRequest, context: Context): Promise<string[]> {
  await forget(request, context, 'over');
  return clearCookie(request, context, context.config.session.cookie);
}

/** Was the session ended together with others? A store has forgotten it then; what is in a cookie has to be told. */
async function wasEnded(session: Session, { config, notices }: Context): Promise<boolean> {
  if (config.session.store || !notices) return false;
  const about = async () => [...groupsOf(session), `session ${await hash(session.id)}`];
  return session.startedAt <= (await notices.latest('end', about));
}

/** From when on tokens count as fresh, where that was said about this person. */
async function renewalOf(session: Session, { config, notices }: Context): Promise<number> {
  return config.session.store || !notices ? 0 : notices.latest('renew', () => groupsOf(session).slice(0, 1));
}

/** The session is due to be written again, so that being active keeps it from ending. */
export function needsRenewal({ seenAt, isOutdated }: Session, { config }: Context): boolean {
  return isOutdated === true || now() - seenAt > config.session.idle / 10;
}

function openSessionCookie(request: HttpRequest, context: Context): Promise<Opened | undefined> {
  return openCookie(request, context, { name: context.config.session.cookie, purpose: 'session' });
}

/** What the store has for a cookie. Where it does not answer, the cookie may have it, too. */
async function load(context: Context, cookie: Opened['payload'] | undefined): Promise<object | undefined> {
  const id = cookie?.['id'];
  if (!isId(id)) return undefined;
  try {
    const found = await readRecord(context, await hash(id));
    return found && { record: found.text, ...found.value };
  } catch (error) {
    if (context.config.session.fallback && isSession(cookie) && cookie.expiresAt > now())
      return { isFallback: true, ...cookie };
    throw error;
  }
}

/** The session with the newest tokens that are known for it: others may have refreshed it since its cookie was written. */
export async function newestOf(session: Session, context: Context, steps = MOST_STEPS): Promise<Session> {
  const { refreshes, config } = context;
  // A record in a store has the newest tokens that any process got.
  const known = config.session.store ? refreshes.peek : refreshes.known;
  const next = session.refreshToken === undefined ? undefined : await known(session.refreshToken);
  const isNew = typeof next === 'object' && 'accessToken' in next && next.refreshToken !== session.refreshToken;
  if (typeof next === 'object' && 'unjudged' in next) return { ...session, unjudged: next.unjudged };
  return !isNew || steps === 0 ? session : newestOf({ ...session, ...next }, context, steps - 1);
}

/** Refreshes that are remembered for one session, at most; each is known for ten minutes. */
const MOST_STEPS = 20;

/** Ends the session's refresh token at Kinde, the newest there is. Never throws. */
export async function revokeTokens(session: Session, context: Context): Promise<void> {
  const { refreshToken, unjudged } = await newestOf(session, context).catch(() => session);
  const newest = unjudged?.refreshToken ?? refreshToken;
  if (newest) await context.oauth.revoke(newest).catch(() => {});
}

/** Was this session replaced by a newer one in this browser? Its requests may still be under way. */
function wasReplaced({ id }: Session, { ended }: Context): boolean {
  return ended.peek(id) === 'replaced';
}

/** Removes what the store holds for the browser's cookie. A cookie that does not open removes nothing. */
async function forget(request: HttpRequest, context: Context, how: 'over' | 'replaced'): Promise<void> {
  const id = (await openSessionCookie(request, context))?.payload['id'];
  if (!isId(id)) return;
  forgetCookie(request, context, context.config.session.cookie);
  await context.ended.run(id, async () => how);
  const { store, shared } = context.config.session;
  if (store ?? shared) await removeRecord(context, await hash(id));
}

/** Kinde's "remember me" switch: when off, the cookie goes when the browser closes. */
function isPersistent({ accessToken }: Tokens): boolean {
  const policy = readClaims(accessToken)['ksp'] as { persistent?: unknown } | undefined;
  return policy?.persistent !== false;
}

function explainSize({ accessToken, idToken }: Tokens, cause: KindeError): KindeError {
  const sizes = [accessToken, idToken].flatMap((token) =>
    Object.entries(readClaims(token)).map(([name, value]) => ({ name, size: JSON.stringify(value).length })),
  );
  const largest = sizes
    .sort((a, b) => b.size - a.size)
    .slice(0, 3)
    .map(({ name, size }) => `${name} (${size} bytes)`);
  return new KindeError(
    'session_too_large',
    `This session does not fit into its cookie. ${cause.message} Its biggest claims are ${largest.join(', ')}.`,
    {
      fix:
        'Keep sessions in a store (`session: { store }`), remove claims from the tokens in Kinde, or raise ' +
        '`session.cookieBytes` together with the header limits of the proxies in front.',
    },
  );
}
