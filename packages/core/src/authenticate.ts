import { now } from './clock.js';
import type { Context, Renewed } from './context.js';
import { callerOf, signedOut, toAuth, type Auth, type RequestAuth, type SignedOutReason } from './auth.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import {
  endSession,
  isForeignSession,
  needsRenewal,
  newestOf,
  readSession,
  readSessionSync,
  revokeTokens,
  saveSession,
  type NoSession,
  type Session,
} from './session.js';

/** Who is calling, and `Set-Cookie` values to send with the response whatever it will be. */
export interface Authentication {
  readonly auth: Auth;
  readonly cookies: readonly string[];
}

/** How to find out who is calling. */
export interface AuthenticateOptions {
  /**
   * `false` where the response cannot carry cookies: the session counts while its access token lives, and nothing is
   * refreshed, since the browser would never learn of it. @default true
   */
  refresh?: boolean;
}

/** Seconds before its end at which an access token is refreshed, so that it does not end between here and the API it is sent to. */
const AHEAD = 30;

/**
 * Who is calling? By bearer token where an audience is configured and one is sent, else by session cookie, refreshing its
 * tokens when due. Never throws for what a request or Kinde does: see `reason`.
 */
export async function authenticate(
  request: HttpRequest,
  context: Context,
  { refresh: mayRefresh = true }: AuthenticateOptions = {},
): Promise<Authentication> {
  const authorization = request.headers.get('authorization');
  if (context.config.audience.length > 0 && authorization !== null && /^bearer(\s|$)/i.test(authorization)) {
    return { auth: await byBearer(authorization, context), cookies: [] };
  }
  return unlessAway(async () => {
    const session = await readSession(request, context);
    if (typeof session !== 'object') return none(request, context, session);
    return mayRefresh ? bySession(request, context, session) : asItIs(request, context, session);
  });
}

/** Trouble with the store or with Kinde is an answer, too: it says nothing about who is calling. */
async function unlessAway(work: () => Promise<Authentication>): Promise<Authentication> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KindeError) || error.statusCode < 500) throw error;
    return { auth: signedOut('unavailable'), cookies: [] };
  }
}

/**
 * The same answer as `authenticate` gives, at once, where that is known without asking anybody and there is no cookie to send
 * along. `undefined` says no more than that `authenticate` has to be asked.
 */
export function authenticateSync(
  headers: HttpRequest['headers'],
  context: Context,
  refresh: RequestAuth['refresh'],
): RequestAuth | undefined {
  const authorization = context.config.audience.length > 0 ? headers.get('authorization') : null;
  if (authorization !== null) {
    // Headers that are written in another way, or not known, are looked at closely by `authenticate`.
    const token = authorization.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : '';
    const person = context.people.verified(token, context.oauth.keys());
    return person && callerOf(person, context, refresh);
  }
  const session = readSessionSync(headers.get('cookie') ?? undefined, context);
  if (!session || isDue(session, context) || needsRenewal(session, context)) return undefined;
  return callerOf(context.people.of(session), context, refresh);
}

const SCHEME = 'Bearer ';
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

async function byBearer(authorization: string, context: Context): Promise<Auth> {
  const token = BEARER.exec(authorization)?.[1];
  if (!token) return signedOut('bearer_invalid');
  const { people, oauth } = context;
  try {
    const keys = oauth.keys();
    const known = people.verified(token, keys);
    if (known) return callerOf(known, context);
    const found = await oauth.bearer(token);
    // Only where the same keys served all the while, the answer is known to be theirs.
    return callerOf(people.verify(token, found, oauth.keys() === keys ? keys : undefined), context);
  } catch (error) {
    const invalid = error instanceof KindeError && error.code === 'access_token_invalid';
    return signedOut(invalid ? 'bearer_invalid' : 'unavailable');
  }
}

async function bySession(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  if (!isDue(session, context) || session.isFallback) {
    if (!needsRenewal(session, context) || session.isFallback) return { auth: toAuth(session, context), cookies: [] };
    return resume(request, context, { from: session, to: prolonged(session) });
  }
  if (!session.refreshToken)
    return alive(session) ? { auth: toAuth(session, context), cookies: [] } : none(request, context, 'expired');
  return renew(request, context, session);
}

/** The session without any change to it. */
async function asItIs(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  if (alive(session)) return { auth: toAuth(session, context), cookies: [] };
  return session.refreshToken
    ? { auth: signedOut('refresh_required'), cookies: [] }
    : none(request, context, 'expired');
}

/** Active now. If its tokens are to be renewed and could not be, they still are. */
function prolonged(session: Session): Session {
  const [seenAt, { renewFrom = 0 }] = [now(), session];
  return { ...session, seenAt, renewFrom: session.seenAt < renewFrom ? Math.max(renewFrom, seenAt + 1) : undefined };
}

/**
 * New tokens now, so that what changed at Kinde since the last ones shows. Nobody else's session, and no bearer token.
 * Never throws for what Kinde does: see `reason`.
 */
export function refresh(request: HttpRequest, context: Context): Promise<Authentication> {
  return unlessAway(async () => {
    const session = await readSession(request, context);
    if (typeof session !== 'object') return none(request, context, session);
    if (!session.refreshToken || session.isFallback) return asItIs(request, context, session);
    // This response, or another one, may have refreshed what the browser sent.
    return renew(request, context, await newestOf(session, context));
  });
}

async function renew(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  try {
    const tokens = await context.refreshes.run(session.refreshToken!, () => trade(session, context));
    if (tokens === 'refused') return await afterRefusal(request, context, session);
    const renewed = { ...session, ...tokens };
    // Remembered for longer than they lived: somebody sent a cookie that was written over since.
    const isPast = renewed.seenAt < renewed.expiresAt && !alive(renewed);
    if (isPast && renewed.refreshToken !== session.refreshToken) return await renew(request, context, renewed);
    return await resume(request, context, { from: session, to: renewed });
  } catch (error) {
    if (!(error instanceof KindeError)) throw error;
    if (!alive(session)) throw error;
    context.failures.run(session.refreshToken!, async () => true);
    return { auth: toAuth(session, context), cookies: [] };
  }
}

/**
 * One use of a refresh token. An answer with tokens of somebody else, or forged ones, ends the session like a refusal.
 * Since when the tokens are fresh is part of the result: whoever shares it may have asked later.
 */
async function trade(session: Session, { oauth }: Context): Promise<Renewed | 'refused'> {
  const seenAt = Math.max(now(), session.renewFrom ?? 0);
  const traded = oauth.refresh(session).then((tokens) => (tokens === 'refused' ? tokens : { ...tokens, seenAt }));
  return traded.catch((error: unknown) => {
    const forged = error instanceof KindeError && ['id_token_invalid', 'access_token_invalid'].includes(error.code);
    if (forged) return 'refused' as const;
    throw error;
  });
}

/** A session as it was read, and as it goes on. */
type Change = Readonly<Record<'from' | 'to', Session>>;

/** Where processes cannot agree, another one may have been faster: then its result is, or soon will be, in the store. */
async function afterRefusal(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  const { store, shared } = context.config.session;
  for (let tries = store && !shared ? 5 : 0; tries > 0; tries--) {
    const newer = await readSession(request, context);
    if (typeof newer !== 'object') break;
    if (newer.refreshToken !== session.refreshToken && alive(newer))
      return { auth: toAuth(newer, context), cookies: [] };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return none(request, context, 'refresh_refused');
}

/**
 * Goes on with a session that changed. Where it cannot be saved now, this request has it and the next one tries again. Where
 * it has outgrown its cookie, the old one counts until its end.
 */
async function resume(request: HttpRequest, context: Context, change: Change): Promise<Authentication> {
  const { from, to: session } = change;
  const cookies = await saveSession(request, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) throw error;
    if (error.code === 'store_unavailable') return [];
    if (error.code !== 'session_too_large') throw error;
    context.warn(error.code, error.message);
    return 'too_large' as const;
  });
  if (cookies === 'too_large') return outgrown(request, context, change);
  if (cookies !== 'ended') return { auth: toAuth(session, context), cookies };
  // Its refresh token is newer than the one that signing out revoked.
  if (session.refreshToken && session.refreshToken !== from.refreshToken)
    context.oauth.revoke(session.refreshToken).catch(() => {});
  return none(request, context, 'no_session');
}

/** The browser keeps what it has while that lives. Then it is signed out, and signing in again says why. */
async function outgrown(request: HttpRequest, context: Context, { from, to }: Change): Promise<Authentication> {
  if (alive(from)) {
    if (from.refreshToken) context.failures.run(from.refreshToken, async () => true);
    return { auth: toAuth(from, context), cookies: [] };
  }
  void revokeTokens(to, context);
  return none(request, context, 'session_too_large');
}

/** Reasons for which the browser keeps its cookie: it has none, or a newer one. So it does if another process may know it. */
const KEEP_COOKIE: readonly SignedOutReason[] = ['no_session', 'replaced'];

/** Signed out, taking cookies away that are of no use any more. */
async function none(
  request: HttpRequest,
  context: Context,
  reason: NoSession | 'refresh_refused' | 'session_too_large',
): Promise<Authentication> {
  const isKept = KEEP_COOKIE.includes(reason) || (await isForeignSession(request, context));
  return { auth: signedOut(reason), cookies: isKept ? [] : await endSession(request, context) };
}

/** Kinde may answer a renewal with the same access token while that still lives, so ahead of its end one try is enough. */
function isDue({ expiresAt, seenAt, refreshToken, renewFrom = 0 }: Session, { failures }: Context): boolean {
  const time = now();
  const ahead = expiresAt - AHEAD;
  const early = (ahead <= time && seenAt < ahead) || seenAt < renewFrom;
  // While Kinde does not answer, that a token could be renewed early must not make every request wait.
  return expiresAt <= time || (early && failures.state(refreshToken ?? '') === undefined);
}

function alive(session: Session): boolean {
  return session.expiresAt > now();
}
