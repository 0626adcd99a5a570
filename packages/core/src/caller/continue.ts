import { now } from '../clock.js';
import type { CookieJar } from '../cookies.js';
import { KindeError } from '../errors.js';
import { isForeignSession } from '../session/cookie.js';
import {
  endSession,
  revokeTokens,
  saveSession,
  userOfSession,
  type NoSession,
  type Session,
} from '../session/session.js';
import { signedOut, toAuth, type Auth } from './auth.js';
import type { CallerContext } from './context.js';
import { backOff } from './exchange.js';

/** The result of `authenticate` and `refresh`: the caller, and the cookies to send. */
export interface Authentication {
  /** The caller, signed in or not. */
  readonly auth: Auth;
  /** `Set-Cookie` lines, which the response has to carry whatever it is. */
  readonly cookies: readonly string[];
}

/** A session as it was read, and as it goes on. */
export type Change = Readonly<Record<'from' | 'to', Session>>;

/** The answer is kept with the session until it can be judged. Until then, the session is what it was. */
export async function keepUnjudged(
  jar: CookieJar,
  context: CallerContext,
  from: Session,
  unjudged: NonNullable<Session['unjudged']>,
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
  return {
    auth: isAlive(from) ? toAuth(from, context) : signedOut('unavailable', unverified()),
    cookies,
  };
}

/** The keys for new tokens are missing, and the old ones have expired. */
function unverified(): KindeError {
  const message = 'Kinde’s signing keys are not at hand, so the refreshed tokens are not used yet.';
  return new KindeError('keys_unavailable', message, { reason: 'key_not_found' });
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
  let failure: KindeError | undefined;
  const cookies = await saveSession(jar, context, change).catch((error: unknown) => {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    // The store cannot say whether somebody signed out elsewhere, but here somebody did.
    if (error.code === 'store_unavailable') {
      failure = error;
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
  return { auth: signedOut('unavailable', failure), cookies: [] };
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
  void revokeTokens(to, context, jar.request);
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
    const entry = {
      type: 'session_ended',
      by: 'session',
      reason,
      ...userOfSession(ended),
    } as const;
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
