import { readText } from '@kindling/internal';
import { KindeError } from '../errors.js';

/** The parts of a request that the core reads. A web `Request` is one; Node adapters pass a small object. */
export interface HttpRequest {
  /** The HTTP method, in capitals. */
  readonly method: string;
  /** Absolute, or a path with query. Only path and query are used: the host is never trusted. */
  readonly url: string;
  /** Request headers by lower-case name; `null` for one that was not sent. */
  readonly headers: { get(name: string): string | null };
  /**
   * The body as it was sent; only forms, back-channel logout and webhooks need one. A web stream is named beside the iterable
   * that it is, because the DOM library of TypeScript 5.9 does not say so.
   */
  readonly body?: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
  /** True when another reader has consumed the body already. */
  readonly bodyUsed?: boolean;
}

/** Where to send the browser, and the `Set-Cookie` values to send along. */
export interface Redirect {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** A complete answer, for adapters to write as it is. */
export interface Reply {
  /** HTTP status code. */
  readonly status: number;
  /** Response headers by lower-case name, without `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[];
  /** The body; `null` for an answer that has none. */
  readonly body: string | null;
  /** Present on refusals, for frameworks that throw them as exceptions. */
  readonly problem?: Problem;
}

/** What went wrong, for a page or a problem document (RFC 9457). Texts may quote the request: escape them. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  /** For the visitor: what happened and what to do. */
  readonly detail: string;
  /** For the developer, absent in production: which check failed and the fix. */
  readonly reason?: string;
  readonly fix?: string;
  /** Where to try again, if that can help. */
  readonly retry?: string;
}

/** One auth route, as data: adapters mount `path` for every method and write what `handle` answers. */
export interface Route {
  readonly path: string;
  handle(request: HttpRequest): Promise<Reply>;
}

/** Headers of every answer that depends on who is asking or that sets a cookie. */
export const PRIVATE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'cache-control': 'private, no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

/** The address of the app: its origin, and the path that it lives under (`''` for the root). */
export interface Address {
  readonly siteUrl: string;
  readonly basePath: string;
}

/** Path and query of a request, resolved against the app's own address. */
export function requestUrl({ url }: HttpRequest, site: Address): URL {
  const parsed = url.startsWith('/') || !URL.canParse(url) ? undefined : new URL(url);
  const path = publicPath(parsed ? parsed.pathname + parsed.search : url, site);
  // Appending instead of resolving keeps `//evil.example` a path of ours; without the slash it would extend the host.
  const whole = site.siteUrl + path;
  return new URL(
    path.startsWith('/') && URL.canParse(whole) ? whole : site.siteUrl + site.basePath,
  );
}

/** The path of a request, without its query, as the browser knows it. */
export function requestPath({ url }: HttpRequest, site: Address): string {
  const path = url.startsWith('/') || !URL.canParse(url) ? url : new URL(url).pathname;
  const query = path.indexOf('?');
  return publicPath(query < 0 ? path : path.slice(0, query), site);
}

/** A proxy in front of an app that lives under a path may have taken that path away. */
function publicPath(path: string, { basePath }: Address): string {
  if (basePath === '' || path === basePath) {
    return path;
  }
  const isBelow = path.startsWith(basePath) && ['/', '?'].includes(path.charAt(basePath.length));
  return isBelow ? path : basePath + path;
}

/** Did the browser, as far as `Host` tells, ask another host than the configured one? */
export function isElsewhere({ headers }: HttpRequest, siteUrl: string): boolean {
  const host = headers.get('host');
  const { protocol, host: expected } = new URL(siteUrl);
  const asked = `${protocol}//${host}`;
  return host !== null && URL.canParse(asked) && new URL(asked).host !== expected;
}

/**
 * A form that was posted (`application/x-www-form-urlencoded`).
 * @throws KindeError `body_too_large` beyond 32 KiB, before the rest is read; `param_invalid` for any other body.
 */
export async function readForm(request: HttpRequest): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (
    !/^application\/x-www-form-urlencoded *(;|$)/i.test(type) ||
    !request.body ||
    request.bodyUsed === true
  ) {
    throw new KindeError(
      'param_invalid',
      'A form is needed here, which nothing else has read before.',
      {
        reason: 'content-type',
      },
    );
  }
  const text = await readText(request.body, LARGEST_FORM);
  if (text === undefined) {
    // The rest of the body is on its way, so the connection cannot carry another request.
    throw new KindeError('body_too_large', 'The form is too large.', {
      headers: { connection: 'close' },
    });
  }
  return new URLSearchParams(text);
}

/** Bytes of a form, at most. */
const LARGEST_FORM = 32 * 1024;

type CookieLines = string | number | readonly string[] | undefined;

/** `Set-Cookie` lines with more of them; of two for the same cookie the newer stays. */
export function mergeCookies(before: CookieLines, added: readonly string[]): string[] {
  return [...withoutCookies(linesOf(before), added), ...added];
}

/** The lines for cookies that `others` do not set. */
export function withoutCookies(lines: readonly string[], others: CookieLines): string[] {
  const names = linesOf(others).map(nameOf);
  return lines.filter((line) => !names.includes(nameOf(line)));
}

function linesOf(lines: CookieLines): string[] {
  return [lines ?? []].flat().map(String);
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf('='));
}

/** The value of `Vary` with one more field name. */
export function withField(
  before: number | string | readonly string[] | undefined,
  field: string,
): string {
  if (before === undefined || before === '') {
    return field;
  }
  const text = String(before);
  const isNamed = text === '*' || text.toLowerCase().split(/ *, */).includes(field.toLowerCase());
  return isNamed ? text : `${text}, ${field}`;
}
