import { now } from './clock.js';
import type { Context } from './context.js';
import { signedOut, toAuth, toBearerAuth, type Auth } from './auth.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import { endSession, needsRenewal, readSession, saveSession, type NoSession, type Session } from './session.js';

/** Who is calling, and `Set-Cookie` values to send with the response whatever it will be. */
export interface Authentication {
  readonly auth: Auth;
  readonly cookies: readonly string[];
}

/** Seconds before its end at which an access token is renewed, so that it does not end between here and the API it is sent to. */
const AHEAD = 30;

/**
 * Who is calling? By bearer token where an audience is configured and one is sent, else by session cookie, renewing its
 * tokens when due. Never throws for what a request or Kinde does: see `reason`.
 */
export async function authenticate(request: HttpRequest, context: Context): Promise<Authentication> {
  const authorization = request.headers.get('authorization');
  if (context.config.audience.length > 0 && authorization !== null && /^bearer(\s|$)/i.test(authorization)) {
    return { auth: await byBearer(authorization, context), cookies: [] };
  }
  try {
    const session = await readSession(request, context);
    return typeof session === 'object'
      ? await bySession(request, context, session)
      : await none(request, context, session);
  } catch (error) {
    if (!(error instanceof KindeError) || error.statusCode < 500 || error.code === 'session_too_large') throw error;
    return { auth: signedOut('unavailable'), cookies: [] };
  }
}

async function byBearer(authorization: string, context: Context): Promise<Auth> {
  const token = /^bearer +([\w.~+/-]+=*) *$/i.exec(authorization)?.[1];
  if (!token) return signedOut('bearer_invalid');
  try {
    return toBearerAuth(token, await context.oauth.bearer(token), context);
  } catch (error) {
    const invalid = error instanceof KindeError && error.code === 'access_token_invalid';
    return signedOut(invalid ? 'bearer_invalid' : 'unavailable');
  }
}

async function bySession(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  if (!isDue(session)) {
    if (!needsRenewal(session, context)) return { auth: toAuth(session, context), cookies: [] };
    return resume(request, context, { ...session, seenAt: now() });
  }
  if (!session.refreshToken)
    return alive(session) ? { auth: toAuth(session, context), cookies: [] } : none(request, context, 'expired');
  return renew(request, context, session);
}

/**
 * New tokens now, so that what changed at Kinde since the last ones shows. Nobody else's session, and no bearer token.
 * Never throws for what Kinde does: see `reason`.
 */
export async function refresh(request: HttpRequest, context: Context): Promise<Authentication> {
  try {
    const session = await readSession(request, context);
    if (typeof session !== 'object') return await none(request, context, session);
    if (session.refreshToken) return await renew(request, context, session);
    return alive(session) ? { auth: toAuth(session, context), cookies: [] } : await none(request, context, 'expired');
  } catch (error) {
    if (!(error instanceof KindeError) || error.statusCode < 500 || error.code === 'session_too_large') throw error;
    return { auth: signedOut('unavailable'), cookies: [] };
  }
}

async function renew(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  try {
    const tokens = await context.refreshes.run(session.refreshToken!, () => context.oauth.refresh(session));
    if (tokens === 'refused') return await afterRefusal(request, context, session);
    return await resume(request, context, { ...session, ...tokens, seenAt: now() });
  } catch (error) {
    if (!(error instanceof KindeError)) throw error;
    if (['id_token_invalid', 'access_token_invalid'].includes(error.code))
      return none(request, context, 'refresh_refused');
    if (alive(session)) return { auth: toAuth(session, context), cookies: [] };
    throw error;
  }
}

/** Another process may have been faster with the same refresh token: then its result is, or soon will be, in the store. */
async function afterRefusal(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  for (let tries = context.config.session.store ? 5 : 0; tries > 0; tries--) {
    const newer = await readSession(request, context);
    if (typeof newer !== 'object') break;
    if (newer.refreshToken !== session.refreshToken && alive(newer))
      return { auth: toAuth(newer, context), cookies: [] };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return none(request, context, 'refresh_refused');
}

/** Goes on with a session that changed. Where it cannot be saved now, this request has it and the next one tries again. */
async function resume(request: HttpRequest, context: Context, session: Session): Promise<Authentication> {
  const cookies = await saveSession(request, context, session).catch((error: unknown) => {
    if (error instanceof KindeError && error.code === 'store_unavailable') return [];
    throw error;
  });
  if (cookies !== 'ended') return { auth: toAuth(session, context), cookies };
  // Its refresh token is newer than the one that signing out revoked.
  if (session.refreshToken) context.oauth.revoke(session.refreshToken).catch(() => {});
  return none(request, context, 'no_session');
}

/** Signed out, taking cookies away that are of no use any more. */
async function none(
  request: HttpRequest,
  context: Context,
  reason: NoSession | 'refresh_refused',
): Promise<Authentication> {
  return { auth: signedOut(reason), cookies: reason === 'no_session' ? [] : await endSession(request, context) };
}

/** Kinde may answer a renewal with the same access token while that still lives, so ahead of its end one try is enough. */
function isDue({ expiresAt, seenAt }: Session): boolean {
  const ahead = expiresAt - AHEAD;
  return expiresAt <= now() || (ahead <= now() && seenAt < ahead);
}

function alive(session: Session): boolean {
  return session.expiresAt > now();
}
