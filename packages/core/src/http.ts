import { KindeError } from './errors.js';

/** What the core needs of a request. A web `Request` is one; Node adapters pass a small object. */
export interface HttpRequest {
  readonly method: string;
  /** Absolute, or a path with query. Only path and query are used: the host is never trusted. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /**
   * The body as it came; only back-channel logout and webhooks need one. A web stream is named beside the iterable that it
   * is, because the DOM library of TypeScript 5.9 does not say so.
   */
  readonly body?: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
  /** Something else has read the body already, so it cannot be had here. */
  readonly bodyUsed?: boolean;
}

/** Where to send the browser, and the `Set-Cookie` values to send along. */
export interface Redirect {
  readonly location: string;
  readonly cookies: readonly string[];
}

/** A complete answer, for adapters to write as it is. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body: string;
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

/** Path and query of a request, resolved against an origin that is known beforehand. */
export function requestUrl(request: HttpRequest, origin: string): URL {
  const { url } = request;
  const path = url.startsWith('/') || !URL.canParse(url) ? url : new URL(url).pathname + new URL(url).search;
  // Appending instead of resolving keeps `//evil.example` a path of ours; without the slash it would extend the host.
  return path.startsWith('/') && URL.canParse(origin + path) ? new URL(origin + path) : new URL(origin);
}

/**
 * A form that was posted (`application/x-www-form-urlencoded`).
 * @throws KindeError `body_too_large` beyond 32 KiB, before the rest is read; `param_invalid` for any other body.
 */
export async function readForm(request: HttpRequest): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded *(;|$)/i.test(type) || !request.body || request.bodyUsed === true) {
    throw new KindeError('param_invalid', 'A form is needed here, which nothing else has read before.', {
      reason: 'content-type',
    });
  }
  const decoder = new TextDecoder();
  let [text, size] = ['', 0];
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > 32 * 1024) {
      // The rest of the body is on its way, so the connection cannot carry another request.
      throw new KindeError('body_too_large', 'The form is too large.', { headers: { connection: 'close' } });
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return new URLSearchParams(text);
}

/** A person is looking at a page: a GET navigation that wants HTML. Everything else is treated as an API call. */
export function isNavigation(request: HttpRequest): boolean {
  const { method, headers } = request;
  const mode = headers.get('sec-fetch-mode');
  if (method !== 'GET' || (mode !== null && mode !== 'navigate') || isPrefetch(request)) return false;
  return /\btext\/html\b/.test(headers.get('accept') ?? '');
}

/** `Set-Cookie` lines with more of them; of two for the same cookie the newer stays. */
export function mergeCookies(before: string | number | string[] | undefined, added: readonly string[]): string[] {
  const nameOf = (line: string) => line.slice(0, line.indexOf('='));
  const names = added.map(nameOf);
  return [
    ...[before ?? []]
      .flat()
      .map(String)
      .filter((line) => !names.includes(nameOf(line))),
    ...added,
  ];
}

/** Headers that browsers send with guesses about where somebody might go next. */
export function isPrefetch({ headers }: HttpRequest): boolean {
  return /prefetch|prerender/.test(`${headers.get('sec-purpose')} ${headers.get('purpose')} ${headers.get('x-moz')}`);
}
