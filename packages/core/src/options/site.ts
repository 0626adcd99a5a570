import { bare } from '@kindling/internal';
import type { ReturnRules } from '../http/return-to.js';
import { checkPath, checkUrl, checkWebhooks, originsOf, type Problems } from './checks.js';
import { withDefaults } from './entries.js';
import { PATHS, type GivenPaths, type KindeOptions, type Paths } from './options.js';

/** The app's public URL in its parts. */
export interface Site {
  /** Scheme, host and port. */
  readonly origin: string;
  /** `''`, or the path below which the app lives, such as `/app`. */
  readonly basePath: string;
  /** The home page of the app, an absolute URL that ends in `/`. */
  readonly home: string;
}

/** All that follows from where the app lives. */
export interface Places {
  /** The origin of the app, without its path. */
  readonly siteUrl: string;
  /** The path of the app on its host: `''`, or such as `/app`, without a slash at its end. */
  readonly basePath: string;
  /** The callback URL, as registered at Kinde. */
  readonly redirectUri: string;
  /** Where Kinde sends users after a logout, as registered there. */
  readonly postLogoutRedirectUri: string;
  /** Full paths of all routes, base path included; `undefined` for those that are left out. */
  readonly paths: Readonly<{ [Name in keyof Paths | 'webhooks']: string | undefined }>;
  /** Where users may be returned to. */
  readonly returnRules: ReturnRules;
}

/** The parts of a site that `checkSite` has nothing against. */
export function siteOf(siteUrl: string): Site {
  const { origin, pathname } = new URL(siteUrl);
  const basePath = pathname.replace(/\/$/, '');
  return {
    origin,
    basePath,
    home: `${origin}${basePath}/`,
  };
}

/**
 * Checks that the URLs of the app fit to its site: elsewhere a callback finds no login, and redirects must not lead to other
 * origins than those that the app lists. Each URL by itself was checked before.
 */
export function checkUrls(options: Partial<KindeOptions>, site: Site): Problems {
  const { redirectUri, postLoginRedirect, postLogoutRedirectUri } = options;
  const origins = originsOf(options.returnOrigins);
  const landing = resolved(postLoginRedirect, site);
  return [
    ['redirectUri', checkRedirectUri(redirectUri, site)],
    ['postLoginRedirect', checkLanding(landing, site, origins)],
    ['postLogoutRedirectUri', checkTarget(postLogoutRedirectUri, site, origins)],
  ];
}

/** Checks that no path repeats the path of the site, which is added to it, and that the callback has one path. */
export function checkPaths(
  { redirectUri, webhooks }: Partial<KindeOptions>,
  paths: GivenPaths,
  site: Site | undefined,
): Problems {
  const routes = Object.entries(paths).map(
    ([name, path]) => [`paths.${name}`, checkOwnPath(path, site)] as const,
  );
  const isReceiver = webhooks !== undefined && !checkWebhooks(webhooks);
  return [
    ...routes,
    ['paths.callback', checkCallback(paths.callback, redirectUri, site)],
    ['webhooks.path', isReceiver ? checkOwnPath(webhooks.path, site) : undefined],
  ];
}

/** The places of an app whose options were checked. */
export function placesOf(
  options: KindeOptions,
  given: GivenPaths,
  { origin, basePath, home }: Site,
): Places {
  const { callback = '/callback', ...named } = withDefaults(PATHS, given);
  const redirectUri = options.redirectUri ?? origin + basePath + (callback || '/callback');
  const routes = Object.entries({ ...named, webhooks: options.webhooks?.path });
  const full = routes.map(([name, path]) => [name, path ? basePath + path : undefined]);
  const paths: Places['paths'] = bare({
    ...Object.fromEntries(full),
    callback: callback === false ? undefined : new URL(redirectUri).pathname,
  });
  const { login, register, logout, createOrganization, switchOrganization } = paths;
  const avoid = [login, register, logout, paths.callback, createOrganization, switchOrganization];
  return {
    siteUrl: origin,
    basePath,
    redirectUri,
    postLogoutRedirectUri: options.postLogoutRedirectUri ?? origin + basePath,
    paths: Object.freeze(paths),
    returnRules: Object.freeze({
      home,
      origins: Object.freeze([origin, ...originsOf(options.returnOrigins)]),
      fallback: resolved(options.postLoginRedirect, { home }) ?? home,
      avoid: Object.freeze(avoid.filter((path) => path !== undefined)),
    }),
  };
}

/** Only on the site and below its path is the cookie of a login sent along. */
function checkRedirectUri(value: string | undefined, site: Site): string | undefined {
  if (value === undefined || checkUrl(value, '')) {
    return undefined;
  }
  const url = new URL(value);
  const other = difference(url, site);
  if (other) {
    return `has another ${other} than \`siteUrl\`: both need one origin, where the cookie of a login is sent.`;
  }
  const isBelow =
    url.pathname.startsWith(`${site.basePath}/`) && url.pathname.length > site.basePath.length + 1;
  const fits = isBelow && !url.hash && !checkPath(url.pathname);
  if (fits) {
    return undefined;
  }
  return 'must be `siteUrl` and a path such as /callback, without fragment.';
}

/** Checks a target that was relative, and is a URL only where it could be resolved. */
function checkLanding(
  value: string | undefined,
  site: Site,
  origins: readonly string[],
): string | undefined {
  if (typeof value !== 'string') {
    return undefined;
  }
  return checkUrl(value, 'https://app.example/welcome') ?? checkTarget(value, site, origins);
}

/** Checks a URL that users are sent to: on the site or on one of the other origins. */
function checkTarget(
  value: string | undefined,
  site: Site,
  origins: readonly string[],
): string | undefined {
  if (value === undefined || checkUrl(value, '')) {
    return undefined;
  }
  const url = new URL(value);
  const other = origins.includes(url.origin) ? undefined : difference(url, site);
  if (other) {
    return `has another ${other} than \`siteUrl\`, and its origin is not in \`returnOrigins\`.`;
  }
  return undefined;
}

/** The callback has the path of the redirect URI, which is registered at Kinde. */
function checkCallback(
  callback: unknown,
  redirectUri: unknown,
  site: Site | undefined,
): string | undefined {
  if (!site || !callback || typeof callback !== 'string') {
    return undefined;
  }
  if (typeof redirectUri !== 'string' || !URL.canParse(redirectUri)) {
    return undefined;
  }
  if (new URL(redirectUri).pathname === site.basePath + callback) {
    return undefined;
  }
  return 'is another path than that of `redirectUri`: leave one of them out.';
}

/** A path as an option has it: below the path of the site. One that is given as `undefined` names no route. */
function checkOwnPath(value: unknown, site: Site | undefined): string | undefined {
  if (value === undefined) {
    return checkPath(value);
  }
  if (!site?.basePath || checkPath(value)) {
    return undefined;
  }
  const repeats = `${String(value)}/`.startsWith(`${site.basePath}/`);
  if (repeats) {
    return 'begins with the path of `siteUrl`, which is added to it: leave that out.';
  }
  return undefined;
}

/** The part in which a URL is not of this site, if there is one. */
function difference(url: URL, { origin }: Site): string | undefined {
  const site = new URL(origin);
  const parts = [
    ['protocol', 'scheme'],
    ['hostname', 'host'],
    ['port', 'port'],
  ] as const;
  return parts.find(([part]) => url[part] !== site[part])?.[1];
}

/** A target as a browser on the app's home page reads it. */
function resolved(target: string | undefined, { home }: Pick<Site, 'home'>): string | undefined {
  if (typeof target === 'string' && URL.canParse(target, home)) {
    return new URL(target, home).href;
  }
  return target;
}
