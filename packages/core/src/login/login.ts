// Signs users in: sends the browser to Kinde (state, nonce, PKCE), and finishes in the callback.

import { bare } from '@kindling/internal';
import { now } from '../clock.js';
import { readCookies, type CookieJar } from '../cookies.js';
import { KindeError } from '../errors.js';
import type { HttpRequest, Redirect } from '../http/http.js';
import type { LoginContext } from './context.js';
import { createLoginChecks, createLoginSecret } from './login-checks.js';
import { toWire, type AuthorizationParameters } from './parameters.js';
import { loginCookieName, startPendingLogin, type PendingLogin } from './pending-login.js';

/** Options for a sign-in: parameters for Kinde's pages, and where to go afterwards. */
export interface LoginOptions extends AuthorizationParameters {
  /** A path or URL of this app to go to afterwards. A foreign URL becomes `postLoginRedirect`; a very long one loses its query. */
  returnTo?: string;
  /** Seconds since the user last entered credentials, at most; else Kinde asks for them again. @default no limit */
  maxAge?: number;
}

/** First half: remember this login in a cookie, send the browser to Kinde. */
export async function login(
  request: HttpRequest,
  context: LoginContext,
  options: LoginOptions = {},
): Promise<Redirect> {
  return startLogin(readCookies(request), context, {
    options: { supportsReauth: true, ...options },
  });
}

/** Like `login`, on Kinde's sign-up page. */
export function register(
  request: HttpRequest,
  context: LoginContext,
  options: LoginOptions = {},
): Promise<Redirect> {
  return login(request, context, { prompt: 'create', ...options });
}

/** Sign up together with a new organization. */
export function createOrganization(
  request: HttpRequest,
  context: LoginContext,
  options?: LoginOptions,
): Promise<Redirect> {
  return register(request, context, { ...options, isCreateOrg: true });
}

/** Tokens for another organization: without a question if Kinde's own session allows it, else by signing in again. */
export async function switchOrganization(
  request: HttpRequest,
  context: LoginContext,
  options: LoginOptions,
): Promise<Redirect> {
  if (!options.orgCode) {
    throw new KindeError(
      'param_invalid',
      'The parameter org_code is missing: it names the organization to switch to.',
      {
        reason: 'org_code',
      },
    );
  }
  return startLogin(readCookies(request), context, { options, isSwitch: true });
}

/** A login to start, new or in continuation of another one. */
export interface Beginning extends Pick<PendingLogin, 'isSwitch' | 'isReauth' | 'isRetry'> {
  /** Options as the app or a link gave them. */
  readonly options: LoginOptions;
}

/** Keeps a login in a cookie and returns the address at Kinde that begins it. */
export async function startLogin(
  jar: CookieJar,
  context: LoginContext,
  beginning: Beginning,
): Promise<Redirect> {
  const { options: given, ...kinds } = beginning;
  const options = bare(given);
  const flags = bare(kinds);
  const { maxAge, audience, returnTo } = options;
  const params = toWire(options);
  const asked = {
    ...params,
    ...(flags.isSwitch && { prompt: 'none' }),
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
  };
  const secret = createLoginSecret();
  const startedAt = now();
  const checks = {
    ...(await createLoginChecks(secret, startedAt)),
    ...(maxAge !== undefined && { maxAge }),
  };
  const url = await context.oauth.startLogin(checks, asked, audience);
  const pending = {
    // Processes that write the earlier form run beside others that read no other.
    ...(context.config.session.format === 'jwe' ? { checks } : { secret, maxAge }),
    startedAt,
    ...((flags.isSwitch || maxAge !== undefined) && { params }),
    ...(options.prompt === 'none' && { isSilent: true }),
    ...flags,
  };
  const name = loginCookieName(context, checks.state);
  return {
    location: url.href,
    cookies: await startPendingLogin(jar, context, {
      name,
      pending,
      target: returnTo,
    }),
  };
}
