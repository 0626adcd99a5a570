// Encrypted cookies: read once per request, in pieces where they are large, within a budget per response.

import { stringifySetCookie } from 'cookie';
import type { MemoryBudgets } from './cache/bounded.js';
import { withCache, type CachedSeal } from './cache/seal-cache.js';
import type { Purpose } from './crypto/cipher.js';
import { createSeal, type Opened } from './crypto/seal.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http/http.js';
import type { Config } from './options/config.js';

/** State behind encrypted cookies. */
export interface CookieContext {
  /** Options with every default applied. */
  readonly config: Config;
  /** Encrypts, and caches what it decrypted a short while ago. */
  readonly seal: CachedSeal;
}

/** The application that texts are encrypted for: those of another one cannot be decrypted here. */
export function appName({ issuer, clientId }: Config): string {
  return `${issuer} ${clientId}`;
}

/** Creates the state behind encrypted cookies. */
export function createCookieContext(config: Config, { common }: MemoryBudgets): CookieContext {
  const seal = createSeal(config.secrets, appName(config), config.session.format);
  return { config, seal: withCache(seal, common) };
}

/** A request and its cookies, so that each request's `Cookie` header is parsed once. */
export interface CookieJar {
  /** The request that brought the cookies. */
  readonly request: HttpRequest;
  /** Values by name, in the order of the header. The first of two with the same name counts. */
  readonly values: ReadonlyMap<string, string>;
}

/** A cookie to set. Its payload is encrypted for one purpose, so one cookie can never pass for another. */
export interface Cookie {
  /** The name of the whole cookie; pieces add `.0`, `.1` and so on. */
  readonly name: string;
  /** Plain data to encrypt. */
  readonly payload: object;
  /** The one purpose for which the text can be decrypted. */
  readonly purpose: Purpose;
  /** Seconds for which the encrypted text is valid. */
  readonly maxAge: number;
  /** `false` lets the browser drop the cookie when it closes. @default true */
  readonly persistent?: boolean;
}

/** Browsers drop cookies whose name and value exceed 4096 bytes together. */
const MAX_COOKIE_BYTES = 4000;

/** Bytes of a value that are read at most: no version of this package writes a longer one. */
const MAX_VALUE_BYTES = 12 * 1024;

/** Parses the cookies of a request. */
export function readCookies(request: HttpRequest): CookieJar {
  return { request, values: parseCookies(request.headers.get('cookie') ?? '', '') };
}

/** The value of one cookie, whole or in pieces, straight from a `Cookie` header: no other cookie is read. */
export function findCookie(header: string, name: string): string | undefined {
  let whole: string | undefined;
  // Sessions are read at every request, and a map of one name costs as much as all the rest.
  eachCookie(header, name, (found, value) => {
    if (found === name) {
      whole ??= value;
    }
  });
  return whole === undefined ? join(parseCookies(header, name), name) : whole || undefined;
}

/** Cookies of a header whose names begin with a prefix. The first of two with the same name counts. */
export function parseCookies(header: string, prefix: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  eachCookie(header, prefix, (name, value) => {
    if (!cookies.has(name)) {
      cookies.set(name, value);
    }
  });
  return cookies;
}

/** Passes on each cookie whose name begins with a prefix. The segments of all others are stepped over. */
function eachCookie(
  header: string,
  prefix: string,
  pass: (name: string, value: string) => void,
): void {
  let next = header.indexOf(prefix);
  while (next >= 0 && next < header.length) {
    const start = skipBlanks(header, header.lastIndexOf(';', next) + 1);
    const end = endOfSegment(header, Math.max(start, next));
    const equals = start + header.slice(start, end).indexOf('=');
    // Elsewhere in its segment, the prefix is part of another name or of a value.
    if (start >= next && equals >= start) {
      const from = skipBlanks(header, equals + 1);
      const name = header.slice(start, trimmedEnd(header, start, equals));
      pass(name, header.slice(from, trimmedEnd(header, from, end)));
    }
    next = header.indexOf(prefix, end + 1);
  }
}

function endOfSegment(header: string, from: number): number {
  const semicolon = header.indexOf(';', from);
  return semicolon < 0 ? header.length : semicolon;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) {
    at += 1;
  }
  return at;
}

function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isBlank(text.charCodeAt(at - 1))) {
    at -= 1;
  }
  return at;
}

/** A space or a tab: no other white space surrounds names and values (RFC 6265). */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** An undivided cookie wins over pieces; a gap ends the pieces. Never a mixture. */
function join(values: ReadonlyMap<string, string>, name: string): string | undefined {
  const whole = values.get(name);
  if (whole !== undefined) {
    return whole || undefined;
  }
  let value = '';
  let index = 0;
  let piece = values.get(`${name}.0`);
  while (piece !== undefined) {
    value += piece;
    index += 1;
    piece = values.get(`${name}.${index}`);
  }
  return value || undefined;
}

/** Bytes that one cookie takes in the browser's requests. */
export function cookieSize({ values }: CookieJar, name: string): number {
  return name.length + (values.get(name) ?? '').length + '=; '.length;
}

/** Decrypted payload of a cookie that `sealCookie` made; `undefined` when it is absent, expired or not ours. */
export async function openCookie(
  { values }: CookieJar,
  { seal }: CookieContext,
  { name, purpose }: Pick<Cookie, 'name' | 'purpose'>,
): Promise<Opened | undefined> {
  const value = join(values, name);
  if (!value || value.length > MAX_VALUE_BYTES) {
    return undefined;
  }
  if (purpose === 'session') {
    return seal.openCached(value, purpose);
  }
  return seal.open(value, purpose);
}

/** Is this a cookie of a version, or under a key, that another process may know? Then it is left alone. */
export async function isForeignCookie(
  { values }: CookieJar,
  { seal }: CookieContext,
  name: string,
): Promise<boolean> {
  const value = join(values, name);
  return value !== undefined && seal.isForeign(value);
}

/** Removes a session's cookie from the cache of decrypted ones. */
export function forgetCookie({ values }: CookieJar, { seal }: CookieContext, name: string): void {
  const value = join(values, name);
  if (value) {
    seal.forget(value, 'session');
  }
}

/** Did the browser send this cookie, whole or in pieces? */
export function hasCookie(jar: CookieJar, name: string): boolean {
  return formsSent(jar, name).length > 0;
}

/**
 * `Set-Cookie` lines for a cookie, split where the budget allows more than one, that also remove every other form it can
 * have. `others` are header values that go along: all of them together stay within `session.cookieBytes`.
 * @throws KindeError `session_too_large` beyond that: proxies refuse larger responses, and servers larger requests.
 */
export async function sealCookie(
  jar: CookieJar,
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
  const lines = [...clearCookie(jar, context, name, kept), ...written.map(([, line]) => line)];
  const budget = context.config.session.cookieBytes;
  const size = [...lines, ...others].reduce((sum, line) => sum + line.length + HEADER_BYTES, 0);
  if (size <= budget && (written.length === 1 || budget > MAX_COOKIE_BYTES)) {
    return lines;
  }
  throw new KindeError(
    'session_too_large',
    `The cookies of this response would take ${size} bytes, and \`session.cookieBytes\` allows ${budget}.`,
  );
}

/** Bytes of `Set-Cookie: ` and of the end of a line. */
const HEADER_BYTES = 14;

/** The names and values of the cookies that hold a value: one, or numbered pieces. */
function split(name: string, value: string): [string, string][] {
  if (name.length + value.length <= MAX_COOKIE_BYTES) {
    return [[name, value]];
  }
  const room = MAX_COOKIE_BYTES - name.length - '.99'.length;
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
  jar: CookieJar,
  context: CookieContext,
  name: string,
  kept: readonly string[] = [],
): string[] {
  const { cookieBytes } = context.config.session;
  const most = cookieBytes > MAX_COOKIE_BYTES ? Math.ceil(cookieBytes / MAX_COOKIE_BYTES) : 0;
  const possible = Array.from({ length: most }, (_, index) => `${name}.${index}`);
  const forms = new Set([name, ...possible, ...formsSent(jar, name)]);
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

/** Names under which the browser sent this cookie: the whole one, and its pieces. */
export function formsSent({ values }: CookieJar, name: string): string[] {
  return [...values.keys()].filter(
    (sent) =>
      sent === name ||
      (sent.startsWith(`${name}.`) && /^\d{1,2}$/.test(sent.slice(name.length + 1))),
  );
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
