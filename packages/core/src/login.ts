import { toAuth } from './auth.js';
import { now } from './clock.js';
import type { Context } from './context.js';
import { clearCookie, cookieNames, cookieSize, openCookie, sealCookie } from './cookies.js';
import { explainMissing } from './diagnosis.js';
import { KindeError, withHeaders } from './errors.js';
import { requestUrl, type HttpRequest, type Redirect } from './http.js';
import type { LoginChecks, Tokens } from './oauth.js';
import { fromQuery, fromReauthState, single, toWire, type AuthorizationParameters } from './parameters.js';
import { safeReturnTo } from './return-to.js';
import { sameText } from './seal.js';
import { readSession, startSession } from './session.js';

/** How to sign in, and where to go afterwards. */
export interface LoginOptions extends AuthorizationParameters {
  /** A path or URL of this app; everything outside it becomes `postLoginRedirect`. */
  returnTo?: string;
  /** Seconds since the person last proved who they are, at most. @default whatever Kinde's own session allows */
  maxAge?: number;
}

/** A login between its two halves, in a sealed cookie of its own, so that tabs do not disturb each other. */
interface PendingLogin {
  readonly checks: LoginChecks;
  readonly returnTo: string;
  readonly startedAt: number;
  /** Parameters for asking the person after all, when `prompt=none` turns out not to be enough. */
  readonly fallback?: Record<string, string>;
  /** Started by an expired e-mail link, which must not go on for ever. */
  readonly isReauth?: boolean;
}

/** Seconds in which a login must be finished; and in which its cookie can still tell that it was not. */
const LOGIN_TIME = 600;
const COOKIE_TIME = 3600;
/** Pending logins that one browser keeps, and their bytes: the oldest go first. */
const [MOST_PENDING, MOST_BYTES] = [5, 3072];
/** Characters of the state that name the cookie. The whole of it is compared inside the seal. */
const NAMED = 16;

/** First half: remember this login in a cookie, send the browser to Kinde. */
export async function login(request: HttpRequest, context: Context, options: LoginOptions = {}): Promise<Redirect> {
  return begin(request, context, { options: { supportsReauth: true, ...options } });
}

/** Like `login`, on Kinde's sign-up page. */
export function register(request: HttpRequest, context: Context, options: LoginOptions = {}): Promise<Redirect> {
  return login(request, context, { prompt: 'create', ...options });
}

/** Sign up together with a new organization. */
export function createOrganization(request: HttpRequest, context: Context, options?: LoginOptions): Promise<Redirect> {
  return register(request, context, { ...options, isCreateOrg: true });
}

/** Tokens for another organization: without a question if Kinde's own session allows it, else by signing in again. */
export async function switchOrganization(
  request: HttpRequest,
  context: Context,
  options: LoginOptions,
): Promise<Redirect> {
  if (!options.orgCode)
    throw new KindeError('param_invalid', 'Which organization to switch to is missing.', { reason: 'org_code' });
  return begin(request, context, { options: { ...options, prompt: 'none' }, fallback: toWire(options) });
}

/**
 * Second half: the browser is back. Check that it is the same login, trade the code for tokens, start a session.
 * @throws KindeError that tells which check failed; its `headers` take the login's cookie away.
 */
export async function callback(request: HttpRequest, context: Context): Promise<Redirect> {
  const { config, callbacks } = context;
  const query = requestUrl(request, config.siteUrl).searchParams;
  const expiredLink = query.get('error') === 'login_link_expired' && query.get('reauth_state');
  if (expiredLink && !query.has('state'))
    return begin(request, context, { options: fromReauthState(expiredLink), isReauth: true });
  const state = checkForm(query);
  try {
    const pending = await findPending(request, context, state);
    const consumed = callbacks.state(state) === 'done';
    if (consumed) throw new KindeError('transaction_consumed', 'This login was completed already.');
    const outcome = await callbacks.run(state, () =>
      complete(request, context, query, pending).catch((error: unknown) => error as Error),
    );
    if (outcome instanceof Error) throw outcome;
    return outcome;
  } catch (error) {
    if (!(error instanceof KindeError)) throw error;
    if (error.code.startsWith('transaction_') && typeof (await readSession(request, context)) === 'object') {
      return {
        location: config.returnRules.fallback,
        cookies: clearCookie(request, context, cookieName(context, state)),
      };
    }
    const cookies = clearCookie(request, context, cookieName(context, state));
    throw withHeaders(error, cookies.length > 0 ? { 'set-cookie': cookies } : {});
  }
}

interface Beginning {
  readonly options: LoginOptions;
  /** Where the login that this one continues was to return to. */
  readonly returnTo?: string;
  readonly fallback?: Record<string, string>;
  readonly isReauth?: boolean;
}

async function begin(
  request: HttpRequest,
  context: Context,
  { options, returnTo, ...more }: Beginning,
): Promise<Redirect> {
  const { maxAge, audience } = options;
  const params = { ...toWire(options), ...(maxAge !== undefined && { max_age: String(maxAge) }) };
  const { url, checks } = await context.oauth.startLogin(params, audience);
  const payload: PendingLogin = {
    checks: { ...checks, ...(maxAge !== undefined && { maxAge }) },
    returnTo: returnTo ?? safeReturnTo(options.returnTo, context.config.returnRules),
    startedAt: now(),
    ...more,
  };
  const name = cookieName(context, checks.state);
  const cookies = await sealCookie(request, context, { name, payload, purpose: 'login', maxAge: COOKIE_TIME });
  return { location: url.href, cookies: [...evict(request, context), ...cookies] };
}

/** Everything that can be refused by looking at the query alone. Answers the state. */
function checkForm(query: URLSearchParams): string {
  for (const [name, value] of query) {
    single(query, name);
    if (value.length > 4096)
      throw new KindeError('param_too_large', 'The callback carries a parameter that is too long.');
  }
  const state = query.get('state');
  if (!state)
    throw new KindeError('state_missing', 'The callback carries no state, so it belongs to no login of this app.');
  if (['response', 'id_token', 'access_token', 'token'].some((name) => query.has(name))) {
    throw new KindeError('response_unexpected', 'The callback carries tokens, which this app never asks for.');
  }
  return state;
}

async function findPending(request: HttpRequest, context: Context, state: string): Promise<PendingLogin> {
  const name = cookieName(context, state);
  const pending = (await openCookie(request, context, { name, purpose: 'login' }))?.payload as PendingLogin | undefined;
  if (!pending) throw explainMissing(request, context.config, name);
  if (!sameText(pending.checks.state, state)) {
    throw new KindeError('state_mismatch', 'The callback belongs to another login than the one this browser started.');
  }
  if (pending.startedAt + LOGIN_TIME < now()) {
    throw new KindeError('transaction_expired', 'This login took too long. Please sign in again.', {
      fix: `A login must be finished within ${LOGIN_TIME / 60} minutes.`,
    });
  }
  return pending;
}

async function complete(
  request: HttpRequest,
  context: Context,
  query: URLSearchParams,
  pending: PendingLogin,
): Promise<Redirect> {
  const { config, oauth } = context;
  const iss = query.get('iss');
  if (iss !== null && iss !== config.issuer)
    throw new KindeError('iss_mismatch', 'The callback comes from another issuer than this app signs in with.');
  const { returnTo, fallback, isReauth } = pending;
  const error = query.get('error');
  if (error === 'login_required' && fallback)
    return begin(request, context, { options: fromQuery(new URLSearchParams(fallback)), returnTo });
  if (error === 'login_link_expired' && !isReauth) {
    return begin(request, context, {
      options: fromReauthState(query.get('reauth_state') ?? ''),
      returnTo,
      isReauth: true,
    });
  }
  if (error !== null) throw refused(error);
  if (!query.get('code')) throw new KindeError('code_missing', 'The callback carries neither a code nor an error.');
  const tokens = await oauth.finishLogin(query, pending.checks);
  await welcome(context, tokens);
  const cookies = await startSession(request, context, tokens);
  const location = safeReturnTo(returnTo, config.returnRules);
  return {
    location,
    cookies: [...cookies, ...clearCookie(request, context, cookieName(context, pending.checks.state))],
  };
}

/** The app's own part of a sign-in. If that fails, nobody is signed in and the tokens are given back. */
async function welcome(context: Context, tokens: Tokens): Promise<void> {
  const { config, oauth } = context;
  try {
    await config.onSignIn?.(toAuth(tokens, context));
  } catch (cause) {
    if (tokens.refreshToken) await oauth.revoke(tokens.refreshToken).catch(() => {});
    throw new KindeError('hook_failed', 'The app could not finish signing in.', { reason: 'onSignIn', cause });
  }
}

/** RFC 6749 4.1.2.1 bounds the characters of an error code; the description is somebody's text and stays behind. */
function refused(error: string): KindeError {
  const reason = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(error) ? error : 'invalid_error_code';
  return new KindeError('login_refused', 'Kinde ended this login without signing anybody in.', { reason });
}

function cookieName({ config }: Context, state: string): string {
  return `${config.session.loginCookie}-${state.slice(0, NAMED).replace(/[^\w-]/g, '_')}`;
}

/** Names of this browser's pending logins, newest first: the state begins with the time. */
function pendingNames(request: HttpRequest, { config }: Context): string[] {
  const own = (name: string) =>
    name.startsWith(`${config.session.loginCookie}-`) && name.length === config.session.loginCookie.length + 1 + NAMED;
  return cookieNames(request).filter(own).sort().reverse();
}

function evict(request: HttpRequest, context: Context): string[] {
  let bytes = 0;
  return pendingNames(request, context).flatMap((name, index) => {
    bytes += cookieSize(request, name);
    return index + 1 < MOST_PENDING && bytes < MOST_BYTES ? [] : clearCookie(request, context, name);
  });
}
