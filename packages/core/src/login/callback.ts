import { toAuth } from '../caller/auth.js';
import { deadlineIn, now, type Moment } from '../clock.js';
import {
  FINISH_TIME,
  LOGIN_TTL,
  type LoginContext,
  type CallbackFailure,
  type CallbackOutcome,
} from './context.js';
import { openCookie, sweepLeftovers } from '../cookies.js';
import { explainMissingLogin } from './missing-login.js';
import { KindeError, withHeaders, type KindeErrorCode } from '../errors.js';
import { requestUrl, type HttpRequest, type Redirect } from '../http/http.js';
import {
  forgetLogin,
  loginCookieName,
  readPending,
  startLogin,
  type PendingLogin,
} from './login.js';
import {
  afterError,
  askAgain,
  errorCode,
  withLoginError,
  type Callback,
} from './error-response.js';
import type { Tokens } from '../oauth/client.js';
import { canLogIn } from '../http/navigation.js';
import { single } from '../http/query.js';
import { fromReauthState } from './parameters.js';
import { safeReturnTo } from '../http/return-to.js';
import { navigationRequired } from '../http/same-origin.js';
import { sameText } from '../crypto/hash.js';
import {
  beginSession,
  readSession,
  revokeTokens,
  startSession,
  type Start,
} from '../session/session.js';

/** A callback that failed, and where its login was to return to, so that the next attempt can. */
export interface FailedCallback {
  readonly error: KindeError;
  readonly returnTo: string | undefined;
}

/**
 * Second half of a login: the browser is back. Checks that it is the same login, exchanges the code for tokens, starts a session.
 * @throws KindeError that tells which check failed; its `headers` take the login's cookie away.
 */
export async function callback(request: HttpRequest, context: LoginContext): Promise<Redirect> {
  const outcome = await tryCallback(request, context);
  if ('error' in outcome) {
    throw outcome.error;
  }
  return outcome;
}

/** The same, with an expected failure as a value. */
export async function tryCallback(
  request: HttpRequest,
  context: LoginContext,
): Promise<Redirect | FailedCallback> {
  const deadline = deadlineIn(context.config.timeout);
  let pending: PendingLogin | undefined;
  let state: string | undefined;
  let isDone = false;
  try {
    const query = requestUrl(request, context.config).searchParams;
    const expiredLink = query.get('error') === 'login_link_expired' && query.get('reauth_state');
    if (expiredLink && !query.has('state')) {
      if (!canLogIn(request)) {
        throw navigationRequired();
      }
      return await startLogin(request, context, {
        options: fromReauthState(expiredLink),
        isReauth: true,
      });
    }
    state = checkForm(query);
    pending = await findPending(request, context, state);
    const start = await beginSession(request, context);
    const outcome = await runCallbackOnce(
      request,
      context,
      {
        query,
        state,
        pending,
        start,
      },
      deadline,
    );
    if ('redirect' in outcome) {
      return outcome.redirect;
    }
    isDone = true;
    throw new KindeError(outcome.failure.code, outcome.failure.message, outcome.failure);
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    // A code that was not sent is as good as new, and so is its login: the page can be loaded again.
    const isUntried =
      !isDone && (context.oauth.isUnspent(error) || error.code === 'store_unavailable');
    const cookies = state === undefined || isUntried ? [] : forgetLogin(request, context, state);
    const location = continueAt(error, pending, context);
    if (location && (await isSignedIn(request, context))) {
      return { location, cookies };
    }
    return {
      error: withHeaders(error, cookies.length > 0 ? { 'set-cookie': cookies } : {}),
      returnTo: pending?.returnTo,
    };
  }
}

/** A callback that may start a session. */
type Begun = Callback & { readonly start: Start };

/** Failures that change nothing for a user who is signed in, in another tab or from before. */
const HARMLESS: readonly KindeErrorCode[] = [
  'state_mismatch',
  'transaction_missing',
  'transaction_expired',
  'transaction_consumed',
];

/**
 * Where a failure leads a user who is signed in all the same: no error page is due to them. A login that Kinde refused, such as
 * a cancelled change of organization, is told in the query, unless the app asked for a new proof of who the user is.
 */
function continueAt(
  { code, reason }: KindeError,
  pending: PendingLogin | undefined,
  context: LoginContext,
): string | undefined {
  const target = pending?.returnTo ?? context.config.returnRules.fallback;
  if (HARMLESS.includes(code)) {
    return target;
  }
  const isRefused = code === 'login_refused' && pending?.checks.maxAge === undefined;
  return isRefused ? withLoginError(target, reason ?? code) : undefined;
}

async function isSignedIn(request: HttpRequest, context: LoginContext): Promise<boolean> {
  const session = await readSession(request, context).catch(() => undefined);
  return typeof session === 'object';
}

/** A double click redeems its code once, whichever processes it reaches. */
async function runCallbackOnce(
  request: HttpRequest,
  context: LoginContext,
  found: Begun,
  deadline: Moment,
): Promise<Exclude<CallbackOutcome, 'done'>> {
  const { state, pending } = found;
  if (pending.startedAt + LOGIN_TTL < now()) {
    throw new KindeError('transaction_expired', 'This login took too long. Please sign in again.', {
      fix: `A login must be finished within ${LOGIN_TTL / 60} minutes.`,
    });
  }
  // What leads to no exchange leaves nothing behind: anybody can send it, as often as they please.
  if (!isGrant(found.query, context)) {
    if (context.callbacksInFlight.peek(state) === 'done') {
      throw consumed();
    }
    return { redirect: await finishCallback(request, context, found, deadline) };
  }
  const work = async (): Promise<CallbackOutcome> => {
    try {
      return { redirect: await finishCallback(request, context, found, deadline) };
    } catch (error) {
      if (!(error instanceof KindeError) || context.oauth.isUnspent(error)) {
        throw error;
      }
      return { failure: failureOf(error) };
    }
  };
  const outcome = await context.callbacksInFlight.run(state, work, {
    deadline: deadline + FINISH_TIME * 1000,
    budget: context.storeBudgetOf(request),
  });
  if (outcome === 'done') {
    throw consumed();
  }
  return outcome;
}

/** Is there a code to be exchanged? */
function isGrant(query: URLSearchParams, { config }: LoginContext): boolean {
  const iss = query.get('iss') ?? config.issuer;
  return iss === config.issuer && query.get('error') === null && Boolean(query.get('code'));
}

function consumed(): KindeError {
  return new KindeError('transaction_consumed', 'This login was completed already.');
}

function failureOf({ code, message, reason, fix, headers, cause }: KindeError): CallbackFailure {
  return {
    code,
    message,
    reason,
    fix,
    headers,
    ...(cause !== undefined && { cause }),
  };
}

/** Everything that can be refused by looking at the query alone. Answers the state. */
function checkForm(query: URLSearchParams): string {
  const names = new Set<string>();
  for (const [name, value] of query) {
    // Whoever sends thousands of names must not have each of them compared with all others.
    if (names.has(name)) {
      single(query, name);
    }
    names.add(name);
    if (value.length > 4096) {
      throw new KindeError('param_too_large', 'The callback carries a parameter that is too long.');
    }
  }
  const state = query.get('state');
  const error = query.get('error');
  if (!state) {
    throw new KindeError(
      'state_missing',
      'The callback carries no state, so it belongs to no login of this app.',
      {
        ...(error !== null && {
          reason: errorCode(error),
          fix: 'Kinde ended a login with this error before it read the state: check the parameters of the request, and the callback URL in Kinde.',
        }),
      },
    );
  }
  if (['response', 'id_token', 'access_token', 'token'].some((name) => query.has(name))) {
    throw new KindeError(
      'response_unexpected',
      'The callback carries tokens, which this app never asks for.',
    );
  }
  return state;
}

async function findPending(
  request: HttpRequest,
  context: LoginContext,
  state: string,
): Promise<PendingLogin> {
  const name = loginCookieName(context, state);
  const opened = await openCookie(request, context, { name, purpose: 'login' });
  if (!opened) {
    throw explainMissingLogin(request, context.config, name);
  }
  const pending = await readPending(opened.payload);
  if (!sameText(pending.checks.state, state)) {
    throw new KindeError(
      'state_mismatch',
      'The callback belongs to another login than the one this browser started.',
    );
  }
  return pending;
}

async function finishCallback(
  request: HttpRequest,
  context: LoginContext,
  found: Begun,
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
    return afterError(request, context, found, error);
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
    return askAgain(request, context, found);
  }
  return signIn(request, context, found, tokens);
}

async function signIn(
  request: HttpRequest,
  context: LoginContext,
  found: Begun,
  tokens: Tokens,
): Promise<Redirect> {
  const { checks } = found.pending;
  const location = safeReturnTo(found.pending.returnTo, context.config.returnRules);
  await runOnSignIn(context, tokens);
  const before = await readSession(request, context).catch(() => undefined);
  const others = forgetLogin(request, context, checks.state);
  // A proxy counts the whole head of the response.
  const cookies = await startSession(request, context, { tokens, start: found.start }, [
    ...others,
    location,
  ]).catch(async (error: unknown) => {
    if (tokens.refreshToken) {
      await context.oauth.revoke(tokens.refreshToken).catch(() => {});
    }
    throw error;
  });
  if (typeof before === 'object') {
    void revokeTokens(before, context);
  }
  return {
    location,
    cookies: [...cookies, ...others, ...sweepLeftovers(request, context)],
  };
}

function isTooLongAgo(error: unknown): boolean {
  return (
    error instanceof KindeError && error.code === 'id_token_invalid' && error.reason === 'max_age'
  );
}

/** The app's own part of a sign-in. If that fails, nobody is signed in and the tokens are given back. */
async function runOnSignIn(context: LoginContext, tokens: Tokens): Promise<void> {
  const { config, oauth } = context;
  try {
    await config.onSignIn?.(toAuth(tokens, context));
  } catch (cause) {
    if (tokens.refreshToken) {
      await oauth.revoke(tokens.refreshToken).catch(() => {});
    }
    throw new KindeError('hook_failed', 'The app could not finish signing in.', {
      reason: 'onSignIn',
      cause,
    });
  }
}
