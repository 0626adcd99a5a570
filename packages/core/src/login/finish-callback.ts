import { toAuth } from '../caller/auth.js';
import type { Moment } from '../clock.js';
import { identify } from '../diagnostics/operation.js';
import { KindeError } from '../errors.js';
import type { Redirect } from '../http/http.js';
import { safeReturnTo } from '../http/return-to.js';
import type { Tokens } from '../oauth/client.js';
import { readSession, revokeTokens, startSession, type Start } from '../session/session.js';
import type { LoginContext } from './context.js';
import { afterError, askAgain } from './error-response.js';
import { forgetLogin, sweepLeftovers, type Callback } from './pending-login.js';

/** A callback that may start a session. */
export interface BegunCallback extends Callback {
  /** When the session begins, if the callback succeeds. */
  readonly start: Start;
}

/** Exchanges the code for tokens and starts the session, or goes on as the error in the callback asks. */
export async function finishCallback(
  context: LoginContext,
  found: BegunCallback,
  deadline: Moment,
): Promise<Redirect> {
  const { query, pending } = found;
  const { config, oauth } = context;
  const iss = query.get('iss');
  if (iss !== null && iss !== config.issuer) {
    throw new KindeError(
      'iss_mismatch',
      'The callback comes from another issuer than this app signs in with.',
    );
  }
  const error = query.get('error');
  if (error !== null) {
    return afterError(context, found, error);
  }
  if (!query.get('code')) {
    throw new KindeError('code_missing', 'The callback carries neither a code nor an error.');
  }
  const tokens = await oauth
    .finishLogin(query, pending.checks, deadline)
    .catch((refused: unknown) => {
      if (isTooLongAgo(refused)) {
        return undefined;
      }
      throw refused;
    });
  if (!tokens) {
    return askAgain(context, found);
  }
  return signIn(context, found, tokens);
}

/** Starts the session, in place of the one that this browser had. */
async function signIn(
  context: LoginContext,
  callback: BegunCallback,
  tokens: Tokens,
): Promise<Redirect> {
  const { jar, pending, start } = callback;
  await runOnSignIn(context, tokens);
  const swept = sweepLeftovers(jar, context);
  const others = forgetLogin(jar, context, pending.checks.state);
  const location = safeReturnTo(pending.returnTo, context.config.returnRules);
  const before = await readSession(jar, context).catch(() => undefined);
  const begun = { tokens, start, before };
  // A proxy counts the whole head of the response.
  const cookies = await startSession(jar, context, begun, [...others, location]).catch(
    async (error: unknown) => {
      await revokeNew(tokens, context);
      throw error;
    },
  );
  if (typeof before === 'object') {
    void revokeTokens(before, context, jar.request);
  }
  auditSignIn(context, callback, tokens);
  return { location, cookies: [...cookies, ...others, ...swept] };
}

function auditSignIn(
  { config }: LoginContext,
  { jar: { request } }: BegunCallback,
  { claims }: Tokens,
): void {
  const { sub: userId } = claims.id;
  const orgCode = claims.access['org_code'];
  const organization = typeof orgCode === 'string' ? { orgCode } : {};
  identify(userId);
  config.diagnostics.audit({ type: 'signed_in', by: 'session', userId, ...organization }, request);
}

/** Revokes the refresh token of a sign-in that failed here. Never throws. */
async function revokeNew({ refreshToken }: Tokens, { oauth }: LoginContext): Promise<void> {
  if (refreshToken) {
    await oauth.revoke(refreshToken).catch(() => {});
  }
}

function isTooLongAgo(error: unknown): boolean {
  return (
    error instanceof KindeError && error.code === 'id_token_invalid' && error.reason === 'max_age'
  );
}

/** The app's own part of a sign-in. If that fails, nobody is signed in and the tokens are given back. */
async function runOnSignIn(context: LoginContext, tokens: Tokens): Promise<void> {
  try {
    await context.config.onSignIn?.(toAuth(tokens, context));
  } catch (cause) {
    await revokeNew(tokens, context);
    throw new KindeError('hook_failed', 'The app could not finish signing in.', {
      reason: 'onSignIn',
      fix: 'Fix the exception that `onSignIn` throws: it is the `cause` of this error.',
      cause,
    });
  }
}
