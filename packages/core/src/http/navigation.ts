import type { HttpRequest } from './http.js';

/** Says whether a user opens a page: a GET navigation that wants HTML. Only such a request can begin a login and end one. */
export function isPageLoad(request: HttpRequest): boolean {
  return request.method === 'GET' && wantsPage(request) && !isPrefetch(request);
}

/** Says whether a browser shows the response in a window: a navigation of any method that wants HTML. */
export function wantsPage({ headers }: HttpRequest): boolean {
  return isNavigation(headers) && /\btext\/html\b/.test(headers.get('accept') ?? '');
}

/** Says whether a script of a page asks: the response is read, not shown. */
export function isScript({ headers }: HttpRequest): boolean {
  const accept = headers.get('accept') ?? '';
  return (
    !isNavigation(headers) ||
    (/\bapplication\/json\b/.test(accept) && !/\btext\/html\b/.test(accept))
  );
}

/** `Sec-Fetch-Mode` where the browser sends it; every other client gets the benefit of the doubt. */
function isNavigation(headers: HttpRequest['headers']): boolean {
  const mode = headers.get('sec-fetch-mode');
  return mode === null || mode === 'navigate';
}

/**
 * Says whether a request can end in a login. Not a script's, and not one in a frame of another site, where no cookie of ours arrives.
 * Browsers send `Sec-Fetch-Site` with `Sec-Fetch-Mode`; Node's `fetch`, as in tests, sends the second alone.
 */
export function canLogIn({ headers }: HttpRequest): boolean {
  const site = headers.get('sec-fetch-site');
  const isFrame = FRAMES.includes(headers.get('sec-fetch-dest') ?? '');
  return (isNavigation(headers) || site === null) && !(isFrame && site === 'cross-site');
}

const FRAMES = ['iframe', 'frame', 'embed', 'object', 'fencedframe'];

/** Says whether a browser asks if a page of another origin may send a request (CORS). */
export function isPreflight({ method, headers }: HttpRequest): boolean {
  return method === 'OPTIONS' && headers.get('access-control-request-method') !== null;
}

/** Headers whose value says that a request is a guess about the user's next step. */
const PURPOSES = ['sec-purpose', 'x-sec-purpose', 'purpose', 'x-purpose', 'x-moz'];
/** Headers that frameworks send with such guesses, and only with them. */
const MARKS = [
  'next-router-prefetch',
  'next-router-segment-prefetch',
  'x-middleware-prefetch',
  'hx-preloaded',
];

/** Says whether a browser or a framework asks before the user did: to prefetch, to prerender or to show a preview. */
export function isPrefetch({ headers }: HttpRequest): boolean {
  const isGuess = (name: string) => /prefetch|prerender|preview/i.test(headers.get(name) ?? '');
  return PURPOSES.some(isGuess) || MARKS.some((name) => headers.get(name) !== null);
}
