import { isLoopback } from '@kindling/internal';
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
  context: LoginContext,
  query: URLSearchParams,
): Redirect | undefined {
  const { config } = context;
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
  warnElsewhere(request, context);
  return { location: url.href, cookies: [] };
}

/** Characters of an address that a login is moved to. */
const LONGEST_MOVE = 3000;

/** The same for a page that needs a login: it begins at the login route of the configured site. */
export function loginElsewhere(
  request: HttpRequest,
  context: LoginContext,
  returnTo: string,
): Redirect | undefined {
  const { config } = context;
  const { siteUrl, paths } = config;
  if (!paths.login || !isElsewhere(request, siteUrl)) {
    return undefined;
  }
  warnElsewhere(request, context);
  const target = safeReturnTo(returnTo, config.returnRules, TARGET_BYTES[0]);
  const query = new URLSearchParams({ return_to: target, [MOVED]: '1' });
  return { location: `${siteUrl}${paths.login}?${query}`, cookies: [] };
}

/**
 * Tells a developer that the app was opened at another address of this machine than that of the site, where the browser is
 * sent now: nobody may listen there. Hosts of other machines are proxies and strangers, who are no news.
 */
function warnElsewhere({ headers }: HttpRequest, { config }: LoginContext): void {
  const site = new URL(config.siteUrl);
  const asked = new URL(`${site.protocol}//${headers.get('host')}`);
  const isProxied = headers.get('forwarded') ?? headers.get('x-forwarded-host');
  const isLocal = [site, asked].every(({ hostname }) => isLoopback(hostname, EVERY_NAME));
  if (config.production || isProxied || !isLocal) {
    return;
  }
  config.diagnostics.warn(
    'config_invalid',
    `The app was opened at ${asked.host}, but \`siteUrl\` (KINDE_SITE_URL) is ${site.origin}, where sign-ins go on. ` +
      `Open the app at ${site.origin}, or set KINDE_SITE_URL to the address and port where it listens. ` +
      'Only where a proxy in front of the app rewrites `Host` may both differ.',
  );
}

const EVERY_NAME = { network: true, subdomains: true } as const;
