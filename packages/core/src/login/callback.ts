import { deadlineIn, now, type Moment } from '../clock.js';
import { openCookie, readCookies, type CookieJar } from '../cookies.js';
import { sameText } from '../crypto/hash.js';
import { KindeError, withHeaders, type KindeErrorCode } from '../errors.js';
import { requestUrl, type HttpRequest, type Redirect } from '../http/http.js';
import { canLogIn } from '../http/navigation.js';
import { single } from '../http/query.js';
import { navigationRequired } from '../http/same-origin.js';
import { beginSession, readSession } from '../session/session.js';
import {
  FINISH_TIME,
  LOGIN_TTL,
  type CallbackFailure,
  type CallbackOutcome,
  type LoginContext,
} from './context.js';
import { errorCode, withLoginError } from './error-response.js';
import { finishCallback, type BegunCallback } from './finish-callback.js';
import { startLogin } from './login.js';
import { explainMissingLogin } from './missing-login.js';
import { fromReauthState } from './parameters.js';
import { forgetLogin, loginCookieName, readPending, type PendingLogin } from './pending-login.js';

/** A callback that failed, and where its login was to return to, so that the next attempt can. */
export interface FailedCallback {
  /** Names the check that failed; its `headers` delete the cookie of the login. */
  readonly error: KindeError;
  /** The absolute URL that the login was to return to, where that is known. */
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

/** The same, with an expected failure as a value. `query` is the query of the request, where that was read already. */
export async function tryCallback(
  request: HttpRequest,
  context: LoginContext,
  query?: URLSearchParams,
): Promise<Redirect | FailedCallback> {
  const jar = readCookies(request);
  const progress: Progress = {};
  try {
    return await attemptCallback(jar, context, progress, query);
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    return recoverCallback(jar, context, progress, error);
  }
}

/** How far a callback came before it failed. */
interface Progress {
  state?: string;
  pending?: PendingLogin;
  /** Its code was exchanged, or may have been. */
  isDone?: boolean;
}

async function attemptCallback(
  jar: CookieJar,
  context: LoginContext,
  progress: Progress,
  query = requestUrl(jar.request, context.config).searchParams,
): Promise<Redirect> {
  const deadline = deadlineIn(context.config.timeout);
  const expiredLink = query.get('error') === 'login_link_expired' && query.get('reauth_state');
  if (expiredLink && !query.has('state')) {
    if (!canLogIn(jar.request)) {
      throw navigationRequired();
    }
    const options = fromReauthState(expiredLink);
    return startLogin(jar, context, { options, isReauth: true });
  }
  const state = checkQuery(query);
  progress.state = state;
  const pending = await findPending(jar, context, state);
  progress.pending = pending;
  const start = await beginSession(jar, context);
  const found: BegunCallback = { jar, query, state, pending, start };
  const outcome = await runCallbackOnce(context, found, deadline);
  if ('redirect' in outcome) {
    return outcome.redirect;
  }
  progress.isDone = true;
  throw new KindeError(outcome.failure.code, outcome.failure.message, outcome.failure);
}

/** Takes the login's cookie away, unless it is of use, and goes on where the user is signed in all the same. */
async function recoverCallback(
  jar: CookieJar,
  context: LoginContext,
  { state, pending, isDone }: Progress,
  error: KindeError,
): Promise<Redirect | FailedCallback> {
  // A code that was not sent is as good as new, and so is its login: the page can be loaded again.
  const isUntried =
    !isDone && (context.oauth.isUnspent(error) || error.code === 'store_unavailable');
  const cookies = state === undefined || isUntried ? [] : forgetLogin(jar, context, state);
  const location = continueAt(error, pending, context);
  const { diagnostics } = context.config;
  if (location && (await isSignedIn(jar, context))) {
    diagnostics.tell(error, jar.request);
    return { location, cookies };
  }
  const { code, reason } = error;
  diagnostics.audit({ type: 'sign_in_refused', code, reason }, jar.request);
  return {
    error: withHeaders(error, cookies.length > 0 ? { 'set-cookie': cookies } : {}),
    returnTo: pending?.returnTo,
  };
}

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

async function isSignedIn(jar: CookieJar, context: LoginContext): Promise<boolean> {
  const session = await readSession(jar, context).catch(() => undefined);
  return typeof session === 'object';
}

/** A double click redeems its code once, whichever processes it reaches. */
async function runCallbackOnce(
  context: LoginContext,
  callback: BegunCallback,
  deadline: Moment,
): Promise<Exclude<CallbackOutcome, 'done'>> {
  const { jar, state, pending } = callback;
  if (pending.startedAt + LOGIN_TTL < now()) {
    throw new KindeError('transaction_expired', 'This login took too long. Please sign in again.', {
      fix: `A login must be finished within ${LOGIN_TTL / 60} minutes.`,
    });
  }
  // A request that leads to no exchange leaves nothing behind: anybody can send it, as often as they please.
  if (!isGrant(callback.query, context)) {
    if (context.callbacksInFlight.peek(state) === 'done') {
      throw consumed();
    }
    return { redirect: await finishCallback(context, callback, deadline) };
  }
  const work = async (): Promise<CallbackOutcome> => {
    try {
      return { redirect: await finishCallback(context, callback, deadline) };
    } catch (error) {
      if (!(error instanceof KindeError) || context.oauth.isUnspent(error)) {
        throw error;
      }
      return { failure: failureOf(error) };
    }
  };
  const outcome = await context.callbacksInFlight.run(state, work, {
    deadline: deadline + FINISH_TIME * 1000,
    budget: () => context.storeBudgetOf(jar.request),
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

/** Everything that can be refused by looking at the query alone. Returns the state. */
function checkQuery(query: URLSearchParams): string {
  const names = new Set<string>();
  for (const [name, value] of query) {
    // Thousands of names must not each be compared with all others.
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
  jar: CookieJar,
  context: LoginContext,
  state: string,
): Promise<PendingLogin> {
  const name = loginCookieName(context, state);
  const opened = await openCookie(jar, context, { name, purpose: 'login' });
  if (!opened) {
    throw explainMissingLogin(jar.request, [...jar.values.keys()], context.config, name);
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
