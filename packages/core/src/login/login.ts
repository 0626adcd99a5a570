import { bare } from '@kindling/internal';
import { now } from '../clock.js';
import { LOGIN_COOKIE_TTL, type LoginContext } from './context.js';
import {
  cookieSizes,
  expireCookies,
  formsSent,
  loginCookiesSent,
  setCookie,
  sweepLeftovers,
  type CookieContext,
} from '../cookies.js';
import { KindeError } from '../errors.js';
import { createLoginChecks, createLoginSecret } from './login-checks.js';
import { isElsewhere, requestUrl, type HttpRequest, type Redirect } from '../http/http.js';
import { isPageLoad } from '../http/navigation.js';
import type { LoginChecks } from '../oauth/client.js';
import { RETURN_NAMES, returnTarget } from '../http/query.js';
import { toWire, type AuthorizationParameters } from './parameters.js';
import { safeReturnTo } from '../http/return-to.js';

/** How to sign in, and where to go afterwards. */
export interface LoginOptions extends AuthorizationParameters {
  /** A path or URL of this app; everything outside it becomes `postLoginRedirect`. A very long one is kept by its path. */
  returnTo?: string;
  /** Seconds since the user last proved who they are, at most. @default whatever Kinde's own session allows */
  maxAge?: number;
}

/** A login between its two halves, in an encrypted cookie of its own, so that tabs do not disturb each other. */
export interface PendingLogin {
  /** What must match when the browser comes back. */
  readonly checks: LoginChecks;
  /** Where the browser goes afterwards: an absolute URL that was checked. */
  readonly returnTo: string;
  /** Unix seconds. */
  readonly startedAt: number;
  /** What was asked for, where Kinde may have to be asked once more: after `prompt=none` or `maxAge`. */
  readonly params?: Readonly<Record<string, string>>;
  /** A change of organization that asks the user only if it must. */
  readonly isSwitch?: boolean;
  /** `prompt=none`: Kinde's "nobody is signed in" is an answer, not a failure. */
  readonly isSilent?: boolean;
  /** Started by an expired e-mail link, which must not go on for ever. */
  readonly isReauth?: boolean;
  /** Kinde was asked with `prompt=login` because of `maxAge`, and is not asked twice. */
  readonly isRetry?: boolean;
}

/** The login in a cookie: the checks of one are made from its secret. */
export async function readPending(kept: Readonly<Record<string, unknown>>): Promise<PendingLogin> {
  const { secret, maxAge, ...members } = bare(
    kept as unknown as PendingLogin & { secret?: string; maxAge?: number },
  );
  const rest = bare(members);
  if (secret === undefined) {
    return rest;
  }
  const checks = await createLoginChecks(secret, rest.startedAt);
  return bare({ ...rest, checks: { ...checks, ...(maxAge !== undefined && { maxAge }) } });
}

/** Pending logins that one browser keeps, and the bytes of their cookies together: the oldest go first. */
const MOST_PENDING = 10;
const MOST_BYTES = 3584;
/** Bytes of one login's cookie, at most. */
const MOST_BYTES_EACH = 2048;
/** Bytes of a return target: as it was asked for, then cut to fit, then the app's own default. */
const TARGET_BYTES = [1024, 256, 0];
/** Characters of the state that name the cookie. The whole of it is compared inside the encrypted text. */
const STATE_PREFIX_LENGTH = 16;

/** First half: remember this login in a cookie, send the browser to Kinde. */
export async function login(
  request: HttpRequest,
  context: LoginContext,
  options: LoginOptions = {},
): Promise<Redirect> {
  return startLogin(request, context, { options: { supportsReauth: true, ...options } });
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
    throw new KindeError('param_invalid', 'Which organization to switch to is missing.', {
      reason: 'org_code',
    });
  }
  return startLogin(request, context, { options, isSwitch: true });
}

/** A login to start, new or in continuation of another one. */
export interface Beginning extends Pick<PendingLogin, 'isSwitch' | 'isReauth' | 'isRetry'> {
  readonly options: LoginOptions;
}

/** Puts a login into a cookie and answers the address at Kinde that begins it. */
export async function startLogin(
  request: HttpRequest,
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
    cookies: await startPendingLogin(request, context, {
      name,
      pending,
      target: returnTo,
    }),
  };
}

/** The cookie of a login, small enough to leave room for others, and lines that take older ones away to make room for it. */
async function startPendingLogin(
  request: HttpRequest,
  context: LoginContext,
  {
    name,
    pending,
    target,
  }: {
    name: string;
    pending: object;
    target: string | undefined;
  },
): Promise<string[]> {
  for (const bytes of TARGET_BYTES) {
    const returnTo = safeReturnTo(
      bytes === 0 ? undefined : target,
      context.config.returnRules,
      bytes,
    );
    const value = await context.seal.seal({ ...pending, returnTo }, 'login', LOGIN_COOKIE_TTL);
    const size = name.length + value.length;
    if (size > MOST_BYTES_EACH) {
      continue;
    }
    const line = setCookie(context, name, value, LOGIN_COOKIE_TTL);
    return [...makeRoom(request, context, size), line, ...sweepLeftovers(request, context)];
  }
  throw new KindeError(
    'param_too_large',
    'The parameters of this login are too long to be remembered.',
    {
      reason: 'login',
    },
  );
}

/** The name of the cookie that belongs to a state. */
export function loginCookieName({ config }: CookieContext, state: string): string {
  return `${config.session.loginCookie}-${state.slice(0, STATE_PREFIX_LENGTH).replace(/[^\w-]/g, '_')}`;
}

/** `Set-Cookie` lines that take the cookie of one login away. */
export function forgetLogin(request: HttpRequest, context: CookieContext, state: string): string[] {
  return expireCookies(context, formsSent(request, loginCookieName(context, state)));
}

/** `Set-Cookie` lines that take all logins away which this browser has begun and not finished. */
export function forgetLogins(request: HttpRequest, context: CookieContext): string[] {
  return expireCookies(context, loginCookiesSent(request, context));
}

/** Lines that remove the oldest logins until a new one of this size has room: a state begins with the time. */
function makeRoom(request: HttpRequest, context: CookieContext, size: number): string[] {
  const sent = loginCookiesSent(request, context).sort().reverse();
  const sizes = cookieSizes(request);
  let bytes = size;
  let count = 1;
  const gone = sent.filter((name) => {
    bytes += sizes.get(name) ?? 0;
    count += 1;
    return count > MOST_PENDING || bytes > MOST_BYTES;
  });
  return expireCookies(context, gone);
}

/** Marks a login that was moved to the configured host, so that it moves once, whatever a proxy makes of `Host`. */
const MOVED = 'moved';

/**
 * A login that begins on another host than `siteUrl` can never be finished, since its cookie stays there: the browser goes to
 * the same address on the configured site first. `undefined` where it is there already, or was sent there before.
 */
export function moveToSite(
  request: HttpRequest,
  { config }: CookieContext,
  query: URLSearchParams,
): Redirect | undefined {
  if (query.has(MOVED) || !isPageLoad(request) || !isElsewhere(request, config.siteUrl)) {
    return undefined;
  }
  const url = requestUrl(request, config);
  url.searchParams.set(MOVED, '1');
  const target = returnTarget(query);
  if (target !== undefined && url.href.length > LONGEST_MOVE) {
    RETURN_NAMES.forEach((name) => url.searchParams.delete(name));
    url.searchParams.set('return_to', safeReturnTo(target, config.returnRules, TARGET_BYTES[0]));
  }
  // Longer ones would not pass the proxy that may be the reason why `Host` differs.
  if (url.href.length > LONGEST_MOVE) {
    return undefined;
  }
  return { location: url.href, cookies: [] };
}

/** Characters of an address that a login is moved to. */
const LONGEST_MOVE = 3000;

/** The same for a page that needs a login: it begins at the login route of the configured site. */
export function loginElsewhere(
  request: HttpRequest,
  { config }: CookieContext,
  returnTo: string,
): Redirect | undefined {
  const { siteUrl, paths } = config;
  if (!paths.login || !isElsewhere(request, siteUrl)) {
    return undefined;
  }
  const target = safeReturnTo(returnTo, config.returnRules, TARGET_BYTES[0]);
  const query = new URLSearchParams({ return_to: target, [MOVED]: '1' });
  return { location: `${siteUrl}${paths.login}?${query}`, cookies: [] };
}
