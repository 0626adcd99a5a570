import {
  checkOrigins,
  checkPath,
  checkText,
  checkUrl,
  HTTP,
  originsOf,
  type Checks,
} from './checks.js';
import type { KindeOptions, Paths } from './options.js';
import { bare } from '../own.js';
import type { ReturnRules } from '../http/return-to.js';

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

type GivenPaths = NonNullable<KindeOptions['paths']>;

/** The routes that have a path unless the app says otherwise. */
export const PATHS: Omit<Paths, 'callback' | 'backchannelLogout'> = {
  login: '/login',
  register: '/register',
  logout: '/logout',
  createOrganization: '/create-organization',
  switchOrganization: '/switch-organization',
  user: '/user',
  portal: '/portal',
};

/** The public URL of the app: an origin, or an origin and a path of plain segments. */
export function checkSite(value: unknown): string | undefined {
  const wrong = checkUrl(value, 'https://app.example');
  if (wrong === HTTP) {
    return `${HTTP} To open the app from other devices, use a certificate, or a tunnel with https.`;
  }
  if (wrong) {
    return wrong;
  }
  const isPlain = /^https?:\/\/[^/?#\\]+(\/(?!\.)[\w.~-]+)*\/?$/i.test(String(value));
  if (isPlain) {
    return undefined;
  }
  return 'must be an origin, or an origin and a path such as /app, without query or fragment.';
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

/** Whether the URLs of the app agree: elsewhere a callback finds no login, and users must not be led to strangers. */
export function checkUrls(options: Partial<KindeOptions>, site: Site | undefined): Checks {
  const { redirectUri, postLoginRedirect, postLogoutRedirectUri, returnOrigins, trustedOrigins } =
    options;
  const origins = originsOf(returnOrigins);
  const landing = site && resolved(postLoginRedirect, site);
  return [
    ['redirectUri', checkRedirectUri(redirectUri, site)],
    [
      'postLoginRedirect',
      site ? checkTarget(landing, site, origins) : checkText(postLoginRedirect),
    ],
    ['postLogoutRedirectUri', checkTarget(postLogoutRedirectUri, site, origins)],
    ...checkOrigins(returnOrigins).map((wrong) => ['returnOrigins', wrong] as const),
    ...checkOrigins(trustedOrigins).map((wrong) => ['trustedOrigins', wrong] as const),
  ];
}

/** Whether the paths are paths, each without that of the site, which is added to it. */
export function checkPaths(
  options: Partial<KindeOptions>,
  paths: GivenPaths,
  site: Site | undefined,
): Checks {
  const { redirectUri, webhooks } = options;
  const { callback } = paths;
  const expected = site && typeof callback === 'string' ? site.basePath + callback : undefined;
  const registered =
    redirectUri && URL.canParse(redirectUri) ? new URL(redirectUri).pathname : undefined;
  const contradicts = expected && registered && expected !== registered;
  return [
    ...Object.entries(paths).map(
      ([name, path]) =>
        [`paths.${name}`, path === false ? undefined : checkOwnPath(path, site)] as const,
    ),
    [
      'paths.callback',
      contradicts
        ? 'is another path than that of `redirectUri`: leave one of them out.'
        : undefined,
    ],
    ['webhooks', checkWebhooks(webhooks)],
    [
      'webhooks.path',
      checkWebhooks(webhooks) ? undefined : checkOwnPath(webhooks?.path ?? '/', site),
    ],
  ];
}

/** The places of an app whose options were checked. */
export function placesOf(
  options: KindeOptions,
  given: GivenPaths,
  { origin, basePath, home }: Site,
): Places {
  const { callback = '/callback', ...named } = bare({
    ...PATHS,
    ...given,
    webhooks: options.webhooks?.path,
  });
  const redirectUri = options.redirectUri ?? origin + basePath + (callback || '/callback');
  const full = Object.entries(named).map(([name, path]) => [
    name,
    path ? basePath + path : undefined,
  ]);
  const paths: Places['paths'] = {
    ...Object.fromEntries(full),
    callback: callback === false ? undefined : new URL(redirectUri).pathname,
  };
  const { login, register, logout, createOrganization, switchOrganization } = paths;
  const avoid = [login, register, logout, paths.callback, createOrganization, switchOrganization];
  return {
    siteUrl: origin,
    basePath,
    redirectUri,
    postLogoutRedirectUri: options.postLogoutRedirectUri ?? origin + basePath,
    paths: Object.freeze(bare(paths)),
    returnRules: Object.freeze({
      home,
      origins: Object.freeze([origin, ...originsOf(options.returnOrigins)]),
      fallback: resolved(options.postLoginRedirect, { home }) ?? home,
      avoid: Object.freeze(avoid.filter((path) => path !== undefined)),
    }),
  };
}

/** The callback URL, or nothing. Only on the site and below its path is the cookie of a login sent along. */
function checkRedirectUri(value: unknown, site: Site | undefined): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const wrong = checkUrl(value, 'https://app.example/callback');
  if (wrong || !site) {
    return wrong;
  }
  const url = new URL(String(value));
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

/** A URL that users are sent to, on the site or on one of the other origins, or nothing. */
function checkTarget(
  value: unknown,
  site: Site | undefined,
  origins: readonly string[],
): string | undefined {
  if (value === undefined) {
    return undefined;
  }
  const wrong = checkUrl(value, 'https://app.example/welcome');
  if (wrong || !site) {
    return wrong;
  }
  const url = new URL(String(value));
  const other = origins.includes(url.origin) ? undefined : difference(url, site);
  return (
    other && `has another ${other} than \`siteUrl\`, and its origin is not in \`returnOrigins\`.`
  );
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

/** A path as an option has it: below the path of the site, which is added to it. */
function checkOwnPath(value: unknown, site: Site | undefined): string | undefined {
  const wrong = checkPath(value);
  if (wrong || !site?.basePath) {
    return wrong;
  }
  const repeats = `${String(value)}/`.startsWith(`${site.basePath}/`);
  if (repeats) {
    return 'begins with the path of `siteUrl`, which is added to it: leave that out.';
  }
  return undefined;
}

function checkWebhooks(webhooks: KindeOptions['webhooks']): string | undefined {
  const fits =
    webhooks === undefined || (!checkPath(webhooks.path) && typeof webhooks.handle === 'function');
  if (fits) {
    return undefined;
  }
  return 'must be what createWebhooks of @kindling/webhooks makes: a path and a function `handle`.';
}

/** A target as a browser on the app's home page reads it. */
function resolved(target: string | undefined, { home }: Pick<Site, 'home'>): string | undefined {
  if (typeof target === 'string' && URL.canParse(target, home)) {
    return new URL(target, home).href;
  }
  return target;
}
