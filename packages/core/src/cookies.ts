import { parseCookie, stringifySetCookie } from 'cookie';
import type { Context } from './context.js';
import { KindeError } from './errors.js';
import type { HttpRequest } from './http.js';
import type { Purpose } from './seal.js';

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

/** Node refuses requests with more than 16 KiB of headers: beyond this, sessions would lock their owners out. */
const BUDGET = 12 * 1024;

/** Names of the cookies that the browser sent. The first of two with the same name counts. */
export function cookieNames(request: HttpRequest): string[] {
  return Object.keys(jar(request));
}

/** How many bytes this cookie takes in the browser's requests. */
export function cookieSize(request: HttpRequest, name: string): number {
  return name.length + (jar(request)[name]?.length ?? 0);
}

/** Payload of a cookie that `sealCookie` made; `undefined` when it is absent, too old or not ours. */
export async function openCookie(
  request: HttpRequest,
  { seal }: Context,
  { name, purpose }: Pick<Cookie, 'name' | 'purpose'>,
) {
  const value = join(jar(request), name);
  if (!value || value.length > BUDGET) return undefined;
  return purpose === 'session' ? seal.reopen(value, purpose) : seal.open(value, purpose);
}

/** What `openCookie` remembers of a session's cookie is over. */
export function forgetCookie(request: HttpRequest, { seal }: Context, name: string): void {
  const value = join(jar(request), name);
  if (value) seal.forget(value, 'session');
}

/**
 * The value of a cookie, whole or in pieces, straight from a `Cookie` header: of two with the same name the first.
 * `undefined` where that is not plain to see, so that nothing is read here in another way than by the parser: every place
 * where the name stands is looked at, and one that is written as no browser writes it is enough.
 */
export function findCookie(header: string, name: string): string | undefined {
  let whole: string | undefined;
  const pieces: string[] = [];
  for (let [start, next] = [header.indexOf(name), 0]; start >= 0; start = header.indexOf(name, next)) {
    next = start + name.length;
    // Inside another name or value, where no parser looks for a cookie.
    if (start > 0 && !SEPARATORS.includes(header[start - 1]!)) continue;
    if (start > 0 && !header.startsWith('; ', start - 2)) return undefined;
    const end = header.indexOf(';', next);
    const value = header.slice(next, end < 0 ? undefined : end);
    const found = SUFFIX.exec(value);
    // Another cookie, whose name begins with this one.
    if (!found && OTHER.test(value)) continue;
    if (!found) return undefined;
    if (found[1] === undefined) whole ??= value.slice(1);
    else pieces[Number(found[1])] ??= value.slice(found[0].length);
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
  return pieces(request, name).length > 0;
}

/**
 * `Set-Cookie` values for a cookie of any size, split where needed, that also remove what is left of a larger predecessor.
 * @throws KindeError `session_too_large` when the browser could not send it back.
 */
export async function sealCookie(request: HttpRequest, context: Context, cookie: Cookie): Promise<string[]> {
  const { name, persistent = true } = cookie;
  const value = await context.seal.seal(cookie.payload, cookie.purpose, cookie.maxAge);
  const room = LARGEST - name.length - 3;
  const parts = value.length <= room ? [value] : value.match(new RegExp(`.{1,${room}}`, 'g'))!;
  const written = parts.map((part, index) => [parts.length === 1 ? name : `${name}.${index}`, part] as const);
  if (value.length + parts.length * (name.length + 4) > BUDGET) {
    throw new KindeError(
      'session_too_large',
      `A cookie of ${value.length} bytes would exceed what servers accept (${BUDGET}).`,
    );
  }
  const kept = written.map(([piece]) => piece);
  return [
    ...expire(
      context,
      pieces(request, name).filter((piece) => !kept.includes(piece)),
    ),
    ...written.map(([piece, part]) => setCookie(context, piece, part, persistent ? cookie.maxAge : undefined)),
  ];
}

/** `Set-Cookie` values that remove every piece of this cookie which the browser sent. */
export function clearCookie(request: HttpRequest, context: Context, name: string): string[] {
  return expire(context, pieces(request, name));
}

function pieces(request: HttpRequest, name: string): string[] {
  return cookieNames(request).filter(
    (sent) => sent === name || (sent.startsWith(`${name}.`) && /^\d{1,2}$/.test(sent.slice(name.length + 1))),
  );
}

function expire(context: Context, names: readonly string[]): string[] {
  return names.map((name) => setCookie(context, name, '', 0));
}

/** An undivided cookie wins over pieces; a gap ends the pieces. Never a mixture. */
function join(cookies: Readonly<Record<string, string | undefined>>, name: string): string | undefined {
  return cookies[name] ?? joined((index) => cookies[`${name}.${index}`]);
}

function joined(pieceAt: (index: number) => string | undefined): string | undefined {
  let value = '';
  for (let [index, piece] = [0, pieceAt(0)]; piece !== undefined; piece = pieceAt(++index)) value += piece;
  return value || undefined;
}

function jar(request: HttpRequest): Readonly<Record<string, string | undefined>> {
  return parseCookie(request.headers.get('cookie') ?? '', { decode: (value) => value });
}

/** Sealed values are base64url and dots, so nothing needs encoding. */
function setCookie({ config }: Context, name: string, value: string, maxAge: number | undefined): string {
  const { domain, secure } = config.session;
  return stringifySetCookie(
    {
      name,
      value,
      path: '/',
      httpOnly: true,
      sameSite: 'lax',
      secure,
      ...(domain && { domain }),
      ...(maxAge !== undefined && { maxAge }),
    },
    { encode: (text) => text },
  );
}
