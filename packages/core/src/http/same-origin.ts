import { KindeError } from '../errors.js';
import type { HttpRequest } from './http.js';
import { canLogIn } from './navigation.js';

/** The origins whose pages may change things. */
export interface Trust {
  /** The app's own. */
  readonly siteUrl: string;
  /** Those that the option `trustedOrigins` lists. */
  readonly trustedOrigins: readonly string[];
}

/** Methods that change nothing (RFC 9110 section 9.2.1). */
const SAFE = ['GET', 'HEAD', 'OPTIONS'];

/** Says whether a request may change something on behalf of the session that the browser sent along. */
export function isFromTrustedPage(request: HttpRequest, trust: Trust): boolean {
  // A WebSocket begins with a GET, and what is said on it later is said for the user.
  const opensSocket = /^websocket$/i.test(request.headers.get('upgrade') ?? '');
  return (SAFE.includes(request.method) && !opensSocket) || isFromOwnPage(request, trust);
}

/**
 * The browser's own word decides: `Sec-Fetch-Site`, else `Origin`. A request with neither comes from no browser, so it
 * cannot carry somebody else's cookies.
 */
export function isFromOwnPage({ headers }: HttpRequest, trust: Trust): boolean {
  const site = headers.get('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') {
    return true;
  }
  const origin = headers.get('origin');
  return origin === null ? site === null : isTrusted(origin, trust);
}

/**
 * Refuses a request to a route that ends or replaces a session, unless a page of this app or of a trusted origin made it: by
 * a form or a script (POST), or by a link that the user followed (GET).
 * @throws KindeError `cross_site`, `navigation_required`.
 */
export function requireOwnPage(request: HttpRequest, trust: Trust): void {
  const isFromOwn = request.method === 'GET' ? isOwnLink : isFromOwnPage;
  if (!isFromOwn(request, trust)) {
    throw crossSite();
  }
  const destination = request.headers.get('sec-fetch-dest');
  const isShown = canLogIn(request) && (destination === null || destination === 'document');
  if (request.method === 'GET' && !isShown) {
    throw navigationRequired();
  }
}

/** A link has no `Origin`: where the browser does not vouch for it, its page must be known by the referrer. */
function isOwnLink({ headers }: HttpRequest, trust: Trust): boolean {
  const site = headers.get('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') {
    return true;
  }
  const origin = headers.get('origin');
  if (origin !== null) {
    return isTrusted(origin, trust);
  }
  const referrer = headers.get('referer');
  return referrer !== null && URL.canParse(referrer) && isTrusted(new URL(referrer).origin, trust);
}

function isTrusted(origin: string, { siteUrl, trustedOrigins }: Trust): boolean {
  return origin === siteUrl || trustedOrigins.includes(origin);
}

/** The refusal of a request that a page of another site made. */
export function crossSite(): KindeError {
  return new KindeError('cross_site', 'This request is only accepted from a page of this site.', {
    fix:
      'Use a form or a script on a page of this site, or list the origin of the page in `trustedOrigins`. ' +
      'Signing out: <form method="post" action="/logout"><button>Sign out</button></form>',
  });
}

/** The refusal of a script, an image or a frame that calls a route which only a user's navigation can complete. */
export function navigationRequired(): KindeError {
  return new KindeError(
    'navigation_required',
    'This address only works as a navigation of the browser window.',
    {
      fix: 'Navigate there (`location.href = …`, a link or a form) instead of fetching it. Scripts sign out with `POST /logout`.',
    },
  );
}
