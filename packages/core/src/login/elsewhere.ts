import { isElsewhere, requestUrl, type HttpRequest, type Redirect } from '../http/http.js';
import { isPageLoad } from '../http/navigation.js';
import { RETURN_NAMES, returnTarget } from '../http/query.js';
import { safeReturnTo } from '../http/return-to.js';
import type { LoginContext } from './context.js';
import { TARGET_BYTES } from './pending-login.js';

/** Marks a login that was moved to the configured host, so that it moves once, whatever a proxy makes of `Host`. */
const MOVED = 'moved';

/**
 * A login that begins on another host than `siteUrl` can never be finished, since its cookie stays there: the browser goes to
 * the same address on the configured site first. `undefined` where it is there already, or was sent there before.
 */
export function moveToSite(
  request: HttpRequest,
  { config }: LoginContext,
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
  { config }: LoginContext,
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
