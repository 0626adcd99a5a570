// Finds out who is calling, by session or bearer token, and refreshes tokens that are due.

import { bare } from '@kindling/internal';
import {
  callerOf,
  signedOut,
  toAuth,
  type Auth,
  type RequestAuth,
  type SignedOutReason,
} from './auth.js';
import { deadlineIn, now, type Moment } from '../clock.js';
import type { CallerContext } from './context.js';
import { readCookies, type CookieJar } from '../cookies.js';
import type { Findings } from '../diagnostics/operation.js';
import { KindeError } from '../errors.js';
import { continueSession, isAlive, signOutWith, type Authentication } from './continue.js';
import { refreshSession } from './refresh.js';
import { mayJudge, readTokens } from './exchange.js';
import type { HttpRequest } from '../http/http.js';
import {
  CLOCK_ERROR,
  needsRewrite,
  newestOf,
  readSession,
  readSessionSync,
  type Session,
} from '../session/session.js';

/** Options for authenticating a request. */
export interface AuthenticateOptions {
  /**
   * Pass `false` where the response cannot carry cookies: then nothing is refreshed, and the session is valid until its access
   * token expires. @default true
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
  context: CallerContext,
  options: AuthenticateOptions = {},
): Promise<Authentication> {
  const { observe } = context.config.diagnostics;
  return observe({ name: 'authenticate', details: {}, request }, async (note) => {
    const found = await findCaller(request, context, options);
    note(findingsOfCaller(found.auth));
    return found;
  });
}

/** What is told of a caller. */
function findingsOfCaller(auth: Auth): Findings<'authenticate'> {
  if (auth.isAuthenticated) {
    return { via: auth.via, ...(!auth.isMachine && { userId: auth.user.id }) };
  }
  const { reason, error } = auth;
  const { code } = error ?? {};
  return { via: 'none', reason, ...(code && { code }), outcome: outcomeOf(reason) };
}

function outcomeOf(reason: SignedOutReason): 'done' | 'refused' | 'failed' {
  if (reason === 'unavailable') {
    return 'failed';
  }
  return reason === 'bearer_invalid' ? 'refused' : 'done';
}

async function findCaller(
  request: HttpRequest,
  context: CallerContext,
  options: AuthenticateOptions,
): Promise<Authentication> {
  const { refresh: mayRefresh = true } = bare(options);
  const deadline = deadlineIn(context.config.timeout);
  const authorization = request.headers.get('authorization');
  if (
    context.config.audience.length > 0 &&
    authorization !== null &&
    /^bearer(\s|$)/i.test(authorization)
  ) {
    return { auth: await byBearer(request, context, authorization), cookies: [] };
  }
  return unlessAway(request, context, async () => {
    const jar = readCookies(request);
    const session = await readSession(jar, context);
    if (typeof session !== 'object') {
      return signOutWith(jar, context, session);
    }
    if (mayRefresh) {
      return bySession(jar, context, session, deadline);
    }
    return asItIs(jar, context, session);
  });
}

/** Trouble with the store or with Kinde is an answer, too: it says nothing about who is calling. */
async function unlessAway(
  request: HttpRequest,
  { config }: CallerContext,
  work: () => Promise<Authentication>,
): Promise<Authentication> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KindeError) || error.statusCode < 500) {
      throw error;
    }
    config.diagnostics.tell(error, request);
    return { auth: signedOut('unavailable', error), cookies: [] };
  }
}

/**
 * The same answer as `authenticate` gives, at once, where that is known without asking anybody and there is no cookie to send
 * along. `undefined` says no more than that `authenticate` has to be asked.
 */
export function authenticateSync(
  request: HttpRequest,
  context: CallerContext,
  refresh: RequestAuth['refresh'],
): RequestAuth | undefined {
  const operation = context.config.diagnostics.begin('authenticate', {}, request);
  const found = findCallerSync(request.headers, context, refresh);
  if (found) {
    operation?.end(findingsOfCaller(found));
  }
  return found;
}

function findCallerSync(
  headers: HttpRequest['headers'],
  context: CallerContext,
  refresh: RequestAuth['refresh'],
): RequestAuth | undefined {
  const authorization = context.config.audience.length > 0 ? headers.get('authorization') : null;
  if (authorization !== null) {
    // Headers that are written in another way, or not known, are looked at closely by `authenticate`.
    const token = authorization.startsWith(SCHEME) ? authorization.slice(SCHEME.length) : '';
    const identity = context.identities.ofKnownBearer(token, context.oauth.keySetVersion());
    return identity && callerOf(identity, context, refresh);
  }
  const session = readSessionSync(headers.get('cookie') ?? undefined, context);
  if (!session || isDue(session, context) || needsRewrite(session, context)) {
    return undefined;
  }
  return callerOf(context.identities.ofSession(session), context, refresh);
}

const SCHEME = 'Bearer ';
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

async function byBearer(
  request: HttpRequest,
  context: CallerContext,
  authorization: string,
): Promise<Auth> {
  const token = BEARER.exec(authorization)?.[1];
  if (!token) {
    return signedOut('bearer_invalid');
  }
  const { identities, oauth } = context;
  try {
    const keys = oauth.keySetVersion();
    const known = identities.ofKnownBearer(token, keys);
    if (known) {
      return callerOf(known, context);
    }
    const found = await oauth.verifyBearer(token);
    // Only where the same keys served all the while, the answer is known to be theirs.
    return callerOf(
      identities.ofBearer(token, found, oauth.keySetVersion() === keys ? keys : undefined),
      context,
    );
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    if (error.code === 'access_token_invalid') {
      return signedOut('bearer_invalid');
    }
    context.config.diagnostics.tell(error, request);
    return signedOut('unavailable', error);
  }
}

async function bySession(
  jar: CookieJar,
  context: CallerContext,
  session: Session,
  deadline: Moment,
): Promise<Authentication> {
  if (!isDue(session, context) || session.isFallback) {
    if (!needsRewrite(session, context) || session.isFallback) {
      return { auth: toAuth(session, context), cookies: [] };
    }
    const from = readTokens(session, context);
    return continueSession(jar, context, { from, to: prolonged(from) });
  }
  if (session.refreshToken) {
    return refreshSession(jar, context, session, deadline);
  }
  return asItIs(jar, context, session);
}

/** The session without any change to it. */
async function asItIs(
  jar: CookieJar,
  context: CallerContext,
  session: Session,
): Promise<Authentication> {
  if (isAlive(session)) {
    return { auth: toAuth(session, context), cookies: [] };
  }
  if (session.refreshToken) {
    return { auth: signedOut('refresh_required'), cookies: [] };
  }
  if (session.isPinned) {
    return signOutWith(jar, context, 'organization_changed', session);
  }
  return signOutWith(jar, context, now() - session.expiresAt < CLOCK_ERROR ? 'lapsed' : 'expired');
}

/** The session, active now. Tokens that are to be refreshed and could not be still are to be refreshed. */
function prolonged(session: Session): Session {
  const { renewFrom = 0 } = session;
  // A clock that was wrong must not make anybody look idle.
  const seenAt = Math.max(now(), session.seenAt);
  return {
    ...session,
    seenAt,
    renewFrom: session.seenAt < renewFrom ? Math.max(renewFrom, seenAt + 1) : undefined,
  };
}

/**
 * New tokens now, so that what changed at Kinde since the last ones shows. Nobody else's session, and no bearer token.
 * Never throws for what Kinde does: see `reason`.
 */
export function refresh(request: HttpRequest, context: CallerContext): Promise<Authentication> {
  const deadline = deadlineIn(context.config.timeout);
  return unlessAway(request, context, async () => {
    const jar = readCookies(request);
    const session = await readSession(jar, context);
    if (typeof session !== 'object') {
      return signOutWith(jar, context, session);
    }
    if (!session.refreshToken || session.isFallback) {
      return asItIs(jar, context, session);
    }
    // This response, or another one, may have refreshed what the browser sent.
    return refreshSession(jar, context, await newestOf(session, context), deadline);
  });
}

/** Kinde may answer a refresh with the same access token while that is valid, so one try ahead of its expiry is enough. */
function isDue(session: Session, context: CallerContext): boolean {
  const { expiresAt, seenAt, refreshToken, renewFrom = 0 } = session;
  const time = now();
  const ahead = expiresAt - AHEAD;
  const early = (ahead <= time && seenAt < ahead) || seenAt < renewFrom;
  // While Kinde does not answer, that a token could be refreshed early must not make every request wait.
  const isEarly = early && context.refreshBackoff.get(refreshToken ?? '') === undefined;
  return expiresAt <= time || isEarly || mayJudge(session, context);
}
