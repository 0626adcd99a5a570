import { bare } from '@kindling/internal';
import {
  cookieSize,
  expireCookies,
  formsSent,
  setCookie,
  type CookieContext,
  type CookieJar,
} from '../cookies.js';
import { KindeError } from '../errors.js';
import { safeReturnTo } from '../http/return-to.js';
import type { LoginChecks } from '../oauth/client.js';
import { LOGIN_COOKIE_TTL, type LoginContext } from './context.js';
import { createLoginChecks } from './login-checks.js';

/** A login between its two halves, in an encrypted cookie of its own, so that tabs do not disturb each other. */
export interface PendingLogin {
  /** State, nonce and code verifier, which must match when the browser comes back. */
  readonly checks: LoginChecks;
  /** Where the browser goes afterwards: an absolute URL that was checked. */
  readonly returnTo: string;
  /** Unix seconds. */
  readonly startedAt: number;
  /** The parameters of the request, where Kinde may have to be asked once more: after `prompt=none` or `maxAge`. */
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
export const TARGET_BYTES = [1024, 256, 0];
/** Characters of the state that name the cookie. The whole of it is compared inside the encrypted text. */
const STATE_PREFIX_LENGTH = 16;

/** A login to put into a cookie. */
export interface NewLogin {
  /** The name of its cookie. */
  readonly name: string;
  /** Its members but `returnTo`. */
  readonly pending: object;
  /** Where it asks to return to. */
  readonly target: string | undefined;
}

/** The cookie of a login, small enough to leave room for others, and lines that take older ones away to make room for it. */
export async function startPendingLogin(
  jar: CookieJar,
  context: LoginContext,
  { name, pending, target }: NewLogin,
): Promise<string[]> {
  const swept = sweepLeftovers(jar, context);
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
    const room = makeRoom(jar, context, size);
    return [...room, setCookie(context, name, value, LOGIN_COOKIE_TTL), ...swept];
  }
  throw new KindeError(
    'param_too_large',
    'The parameters of this login are too long for its cookie.',
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
export function forgetLogin(jar: CookieJar, context: CookieContext, state: string): string[] {
  return expireCookies(context, formsSent(jar, loginCookieName(context, state)));
}

/** `Set-Cookie` lines that take all logins away which this browser has begun and not finished. */
export function forgetLogins(jar: CookieJar, context: CookieContext): string[] {
  return expireCookies(context, loginCookiesSent(jar, context));
}

/** Lines that remove the oldest logins until a new one of this size has room: a state begins with the time. */
function makeRoom(jar: CookieJar, context: CookieContext, size: number): string[] {
  const sent = loginCookiesSent(jar, context).sort().reverse();
  let bytes = size;
  let count = 1;
  const gone = sent.filter((name) => {
    bytes += cookieSize(jar, name);
    count += 1;
    return count > MOST_PENDING || bytes > MOST_BYTES;
  });
  return expireCookies(context, gone);
}

/**
 * Names of this browser's pending logins, pieces included. Others that only begin like them are not ours: a page of another
 * host may have set them, with characters that no response can repeat.
 */
function loginCookiesSent({ values }: CookieJar, { config }: CookieContext): string[] {
  const start = `${config.session.loginCookie}-`;
  return [...values.keys()].filter(
    (name) => name.startsWith(start) && /^[\w.-]+$/.test(name.slice(start.length)),
  );
}

/** Bytes of a `Cookie` header from which on cookies of other apps are removed: Node refuses 16 KiB of headers with 431. */
const CROWDED = 9 * 1024;

/**
 * On localhost, where apps on all ports share one jar: `Set-Cookie` lines that remove what earlier starts of this app left in
 * it and, where it is crowded, the logins and then the sessions of other apps.
 */
export function sweepLeftovers(jar: CookieJar, context: CookieContext): string[] {
  const { leftovers } = context.config.session;
  if (!leftovers) {
    return [];
  }
  const names = [...jar.values.keys()];
  const own = names.filter((name) => leftovers.own.test(name));
  const others = names.filter((name) => leftovers.others.test(name));
  const isLogin = (name: string) => name.includes('-login-');
  const logins = others.filter(isLogin);
  const sessions = others.filter((name) => !isLogin(name));
  let bytes = 0;
  for (const name of names) {
    bytes += leftovers.own.test(name) ? 0 : cookieSize(jar, name);
  }
  const gone: string[] = [];
  for (const name of [...logins, ...sessions]) {
    if (bytes <= CROWDED) {
      break;
    }
    gone.push(name);
    bytes -= cookieSize(jar, name);
  }
  return expireCookies(context, [...own, ...gone]);
}

/** A callback that belongs to a login of this browser. */
export interface Callback {
  /** The request and its cookies. */
  readonly jar: CookieJar;
  /** The parameters of the callback. */
  readonly query: URLSearchParams;
  /** Its `state`. */
  readonly state: string;
  /** The login that this browser started with that state. */
  readonly pending: PendingLogin;
}
