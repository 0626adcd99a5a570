import { parseCookie, stringifySetCookie } from 'cookie';
import { withCache, type CachedSeal } from './cache/seal-cache.js';
import type { MemoryBudgets } from './cache/bounded.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http/http.js';
import type { Config } from './options/config.js';
import { createSeal, type Purpose } from './crypto/seal.js';

/** What encrypted cookies are made with. */
export interface CookieContext {
  /** Options with every default applied. */
  readonly config: Config;
  /** Encrypts, and knows what it opened a short while ago. */
  readonly seal: CachedSeal;
}

/** The application that texts are encrypted for: those of another one open nothing here. */
export function appName({ issuer, clientId }: Config): string {
  return `${issuer} ${clientId}`;
}

/** Puts together what cookies are made with. */
export function createCookieContext(config: Config, { common }: MemoryBudgets): CookieContext {
  const seal = createSeal(config.secrets, appName(config), config.session.format);
  return { config, seal: withCache(seal, common) };
}

/** A cookie to set. Its payload is sealed for one purpose, so one cookie can never pass for another. */
export interface Cookie {
  readonly name: string;
  readonly payload: object;
  readonly purpose: Purpose;
  /** Seconds for which the seal holds. */
  readonly maxAge: number;
  /** `false` lets the browser drop the cookie when it closes. @default true */
  readonly persistent?: boolean;
}

/** Browsers drop cookies whose name and value exceed 4096 bytes together. */
const LARGEST = 4000;

/** Bytes of a session that are read at most: whatever any version of this package can have written. */
const LONGEST_READ = 12 * 1024;

/** Names of the cookies that the browser sent. The first of two with the same name counts. */
export function cookieNames(request: HttpRequest): string[] {
  return Object.keys(jar(request));
}

/** Bytes that each cookie takes in the browser's requests. */
export function cookieSizes(request: HttpRequest): ReadonlyMap<string, number> {
  const cookies = Object.entries(jar(request));
  return new Map(
    cookies.map(([name, value = '']) => [name, name.length + value.length + '=; '.length]),
  );
}

/**
 * Names of this browser's pending logins, pieces included. Others that only begin like them are not ours: a page of another
 * host may have set them, with characters that no response can repeat.
 */
export function loginCookiesSent(request: HttpRequest, { config }: CookieContext): string[] {
  const start = `${config.session.loginCookie}-`;
  return cookieNames(request).filter(
    (name) => name.startsWith(start) && /^[\w.-]+$/.test(name.slice(start.length)),
  );
}

/** Payload of a cookie that `sealCookie` made; `undefined` when it is absent, too old or not ours. */
export async function openCookie(
  request: HttpRequest,
  { seal }: CookieContext,
  { name, purpose }: Pick<Cookie, 'name' | 'purpose'>,
) {
  const value = join(jar(request), name);
  if (!value || value.length > LONGEST_READ) {
    return undefined;
  }
  if (purpose === 'session') {
    return seal.openCached(value, purpose);
  }
  return seal.open(value, purpose);
}

/** Is this a cookie of a version, or under a key, that another process may know? Then it is to be left alone. */
export async function isForeignCookie(
  request: HttpRequest,
  { seal }: CookieContext,
  name: string,
): Promise<boolean> {
  const value = join(jar(request), name);
  return value !== undefined && seal.isForeign(value);
}

/** What `openCookie` remembers of a session's cookie is over. */
export function forgetCookie(request: HttpRequest, { seal }: CookieContext, name: string): void {
  const value = join(jar(request), name);
  if (value) {
    seal.forget(value, 'session');
  }
}

/**
 * The value of a cookie, whole or in pieces, straight from a `Cookie` header: of two with the same name the first.
 * `undefined` where that is not plain to see, so that nothing is read here in another way than by the parser: every place
 * where the name stands is looked at, and one that is written as no browser writes it is enough.
 */
export function findCookie(header: string, name: string): string | undefined {
  let whole: string | undefined;
  const pieces: string[] = [];
  for (
    let [start, next] = [header.indexOf(name), 0];
    start >= 0;
    start = header.indexOf(name, next)
  ) {
    next = start + name.length;
    // Inside another name or value, where no parser looks for a cookie.
    if (start > 0 && !SEPARATORS.includes(header[start - 1]!)) {
      continue;
    }
    if (start > 0 && !header.startsWith('; ', start - 2)) {
      return undefined;
    }
    const end = header.indexOf(';', next);
    const value = header.slice(next, end < 0 ? undefined : end);
    const found = SUFFIX.exec(value);
    // Another cookie, whose name begins with this one.
    if (!found && OTHER.test(value)) {
      continue;
    }
    if (!found) {
      return undefined;
    }
    if (found[1] === undefined) {
      whole ??= value.slice(1);
    } else {
      pieces[Number(found[1])] ??= value.slice(found[0].length);
    }
    // A value is a value, whatever stands in it.
    next += value.length;
  }
  return whole ?? joined((index) => pieces[index]);
}

/** What may stand in front of a name. */
const SEPARATORS = '; \t';
const SUFFIX = /^(?:\.(0|[1-9]\d?))?=/;
const OTHER = /^[\w!#$%&'*+.^`|~-]+=/;

/** Did the browser send this cookie, whole or in pieces? */
export function hasCookie(request: HttpRequest, name: string): boolean {
  return formsSent(request, name).length > 0;
}

/**
 * `Set-Cookie` lines for a cookie, split where the budget allows more than one, that also remove every other form it can
 * have. `others` are header values that go along: all of them together stay within `session.cookieBytes`.
 * @throws KindeError `session_too_large` beyond that: proxies refuse larger responses, and servers larger requests.
 */
export async function sealCookie(
  request: HttpRequest,
  context: CookieContext,
  cookie: Cookie,
  others: readonly string[] = [],
): Promise<string[]> {
  const { name, purpose, persistent = true } = cookie;
  const value = await context.seal.seal(cookie.payload, purpose, cookie.maxAge);
  const maxAge = persistent ? cookie.maxAge : undefined;
  const written = split(name, value).map(
    ([piece, part]) => [piece, setCookie(context, piece, part, maxAge)] as const,
  );
  const kept = written.map(([piece]) => piece);
  const lines = [...clearCookie(request, context, name, kept), ...written.map(([, line]) => line)];
  const budget = context.config.session.cookieBytes;
  const size = [...lines, ...others].reduce((sum, line) => sum + line.length + HEADER_BYTES, 0);
  if (size <= budget && (written.length === 1 || budget > LARGEST)) {
    return lines;
  }
  throw new KindeError(
    'session_too_large',
    `The cookies of this response would take ${size} bytes, and ${budget} are allowed.`,
  );
}

/** Bytes of `Set-Cookie: ` and of the end of a line. */
const HEADER_BYTES = 14;

/** The names and values of the cookies that hold a value: one, or numbered pieces. */
function split(name: string, value: string): [string, string][] {
  if (name.length + value.length <= LARGEST) {
    return [[name, value]];
  }
  const room = LARGEST - name.length - '.99'.length;
  const parts = Array.from({ length: Math.ceil(value.length / room) }, (_, index) =>
    value.slice(index * room, (index + 1) * room),
  );
  return parts.map((part, index) => [`${name}.${index}`, part]);
}

/**
 * `Set-Cookie` lines that remove every form of this cookie but those that are `kept`: the whole one, the pieces that the
 * browser sent, and those that another response, or this one before, may have written.
 */
export function clearCookie(
  request: HttpRequest,
  context: CookieContext,
  name: string,
  kept: readonly string[] = [],
): string[] {
  const { cookieBytes } = context.config.session;
  const most = cookieBytes > LARGEST ? Math.ceil(cookieBytes / LARGEST) : 0;
  const possible = Array.from({ length: most }, (_, index) => `${name}.${index}`);
  const forms = new Set([name, ...possible, ...formsSent(request, name)]);
  return [...forms]
    .filter((form) => !kept.includes(form))
    .map((form) => setCookie(context, form, '', 0));
}

/** `Set-Cookie` lines that remove cookies by their exact names, as many as one response may carry. */
export function expireCookies(context: CookieContext, names: readonly string[]): string[] {
  return names.slice(0, MOST_REMOVED).map((name) => setCookie(context, name, '', 0));
}

/** More than a browser has of ours: whoever makes it send hundreds must not make responses too large for proxies. */
const MOST_REMOVED = 20;

/** Bytes of a `Cookie` header from which on other apps make room: Node refuses 16 KiB of headers with 431. */
const CROWDED = 9 * 1024;

/**
 * On localhost, where apps on all ports share one jar: `Set-Cookie` lines that remove what earlier starts of this app left in
 * it and, where it is crowded, the logins and then the sessions of other apps.
 */
export function sweepLeftovers(request: HttpRequest, context: CookieContext): string[] {
  const { leftovers } = context.config.session;
  if (!leftovers) {
    return [];
  }
  const sizes = cookieSizes(request);
  const names = [...sizes.keys()];
  const own = names.filter((name) => leftovers.own.test(name));
  const others = names.filter((name) => leftovers.others.test(name));
  const isLogin = (name: string) => name.includes('-login-');
  const sizeOf = (name: string) => sizes.get(name)!;
  let bytes = [...sizes].reduce(
    (sum, [name, size]) => sum + (leftovers.own.test(name) ? 0 : size),
    0,
  );
  const gone = [...others.filter(isLogin), ...others.filter((name) => !isLogin(name))].filter(
    (name) => {
      const isGone = bytes > CROWDED;
      if (isGone) {
        bytes -= sizeOf(name);
      }
      return isGone;
    },
  );
  return expireCookies(context, [...own, ...gone]);
}

/** Names under which the browser sent this cookie: the whole one, and its pieces. */
export function formsSent(request: HttpRequest, name: string): string[] {
  return cookieNames(request).filter(
    (sent) =>
      sent === name ||
      (sent.startsWith(`${name}.`) && /^\d{1,2}$/.test(sent.slice(name.length + 1))),
  );
}

/** An undivided cookie wins over pieces; a gap ends the pieces. Never a mixture. */
function join(
  cookies: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  return cookies[name] ?? joined((index) => cookies[`${name}.${index}`]);
}

function joined(pieceAt: (index: number) => string | undefined): string | undefined {
  let value = '';
  for (let [index, piece] = [0, pieceAt(0)]; piece !== undefined; piece = pieceAt(++index)) {
    value += piece;
  }
  return value || undefined;
}

function jar(request: HttpRequest): Readonly<Record<string, string | undefined>> {
  return parseCookie(request.headers.get('cookie') ?? '', { decode: (value) => value });
}

/** One `Set-Cookie` line. Encrypted values are base64url, and dots in a JWE, so nothing needs encoding. */
export function setCookie(
  { config }: CookieContext,
  name: string,
  value: string,
  maxAge: number | undefined,
): string {
  const { domain, path, secure } = config.session;
  return stringifySetCookie(
    {
      name,
      value,
      path,
      httpOnly: true,
      sameSite: 'lax',
      secure,
      ...(domain && { domain }),
      ...(maxAge !== undefined && { maxAge }),
    },
    { encode: (text) => text },
  );
}
