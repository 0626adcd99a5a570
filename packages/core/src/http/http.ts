// Requests, replies and error pages in any framework, and the rules for origins and return addresses.
import { readText } from '@kindling/internal';
import type { Logger } from '../diagnostics/log.js';
import { KindeError, type KindeErrorCode } from '../errors.js';

/** The parts of a request that the core reads. A web `Request` is one; Node adapters pass a small object. */
export interface HttpRequest {
  /** The HTTP method, in capitals. */
  readonly method: string;
  /** Absolute, or a path with query. Only path and query are used: the host is never trusted. */
  readonly url: string;
  /** Request headers by lower-case name, such as a web `Headers`. */
  readonly headers: {
    /** The value of a header, several joined with `, ` as in RFC 9110 section 5.3; `null` for one that was not sent. */
    get(name: string): string | null;
  };
  /**
   * The body as it was sent; only forms, back-channel logout and webhooks need one. A web stream is named beside the iterable
   * that it is, because the DOM library of TypeScript 5.9 does not say so.
   */
  readonly body?: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
  /** True when another reader has consumed the body already. */
  readonly bodyUsed?: boolean;
  /** The framework's id of the request, for events and log lines. @default the header `X-Request-Id` */
  readonly id?: string | undefined;
  /** The framework's logger for the request. @default none: failures are printed on stderr */
  readonly log?: Logger | undefined;
}

/** A redirect for the app to send, such as the start of a login. */
export interface Redirect {
  /** The absolute URL for the `Location` header. */
  readonly location: string;
  /** `Set-Cookie` lines, all of which have to be sent along. */
  readonly cookies: readonly string[];
}

/** A complete response, for adapters to write as it is. */
export interface Reply {
  /** HTTP status code. */
  readonly status: number;
  /** Response headers by lower-case name, without `set-cookie`. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[];
  /** The body; `null` for a response that has none. */
  readonly body: string | null;
  /** Present on refusals, for frameworks that throw them as exceptions. */
  readonly problem?: Problem;
  /** The code of the error to which this is the answer. */
  readonly code?: KindeErrorCode;
}

/** An error for an error page or a problem document (RFC 9457). Texts may quote the request: escape them. */
export interface Problem {
  /** The HTTP status code. */
  readonly status: number;
  /** The code of the error, such as `login_refused`. */
  readonly code: string;
  /** A headline for the visitor. */
  readonly title: string;
  /** Tells the visitor what happened and what to do. */
  readonly detail: string;
  /** The reason of the error in one word, for the developer. Absent in production. */
  readonly reason?: string;
  /** Tells the developer what to do. Absent in production. */
  readonly fix?: string;
  /** What the cause of the error says, such as a system error or an exception of the app. Absent in production. */
  readonly cause?: string;
  /** The address of the page about this error, for the developer. Absent in production. */
  readonly docs?: string;
  /** The page of the local Kinde about this sign-in, for the developer. Absent in production. */
  readonly inspect?: string;
  /** The path at which the visitor can sign in again; absent where that cannot help. */
  readonly retry?: string;
}

/** One auth route, as data: adapters mount `path` for every method and write the reply of `handle`. */
export interface Route {
  /** The path of the route, without the path that the app lives under. */
  readonly path: string;
  /** Answers a request. Errors become replies, so this rejects only where the app's `onError` throws. */
  handle(request: HttpRequest): Promise<Reply>;
}

/** Headers of every response that depends on the user or sets a cookie. */
export const PRIVATE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'cache-control': 'private, no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

/** The address of the app. */
export interface Address {
  /** Its origin. */
  readonly siteUrl: string;
  /** The path that it lives under; `''` for the root. */
  readonly basePath: string;
}

/** Path and query of a request, resolved against the app's own address. */
export function requestUrl({ url }: HttpRequest, site: Address): URL {
  const parsed = url.startsWith('/') || !URL.canParse(url) ? undefined : new URL(url);
  const path = publicPath(parsed ? parsed.pathname + parsed.search : url, site);
  // Appending instead of resolving keeps `//evil.example` a path of ours; without the slash it would extend the host.
  const whole = site.siteUrl + path;
  if (path.startsWith('/') && URL.canParse(whole)) {
    return new URL(whole);
  }
  return new URL(site.siteUrl + site.basePath);
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
  if (isBelow) {
    return path;
  }
  return basePath + path;
}

/** Says whether the browser, as far as `Host` tells, asked another host than the configured one. */
export function isElsewhere({ headers }: HttpRequest, siteUrl: string): boolean {
  const host = headers.get('host');
  const { protocol, host: expected } = new URL(siteUrl);
  const asked = `${protocol}//${host}`;
  return host !== null && URL.canParse(asked) && new URL(asked).host !== expected;
}

/**
 * Reads a form that was posted (`application/x-www-form-urlencoded`).
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
      'Expected a form body that no other body parser has consumed.',
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
