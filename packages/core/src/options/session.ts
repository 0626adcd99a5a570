import type { Diagnostics } from '../diagnostics/diagnostics.js';
import type { Format } from '../crypto/envelope.js';
import type { SessionStore } from '../store/session-store.js';
import { withTimeout } from '../store/timeout.js';
import { checkDomain, hasFunctions, type Problems } from './checks.js';
import { withDefaults } from './entries.js';
import { SESSION, type SessionOptions } from './options.js';
import type { Site } from './site.js';

/** How sessions are kept, with every default applied. */
export interface SessionConfig {
  /** Where whole sessions are kept; `undefined` for in the cookie. */
  readonly store: SessionStore | undefined;
  /** Where refresh locks and revocations are shared between instances. Nothing is shared without it. */
  readonly coordination: (SessionStore & Required<Pick<SessionStore, 'compareAndSet'>>) | undefined;
  /** Where all sessions of a user or an organization are found. */
  readonly groups: Required<SessionStore> | undefined;
  /** Whether the cookie holds the whole session, too, for when the store does not answer. */
  readonly fallback: boolean;
  /** The format in which sessions are encrypted; both are read. */
  readonly format: Format;
  /** Name of the session's cookie, prefix included. */
  readonly cookie: string;
  /** Prefix of the names of cookies for pending logins. */
  readonly loginCookie: string;
  /** Cookies of ours that other apps, or other starts of this one, left in a developer's browser; else `undefined`. */
  readonly leftovers: Leftovers | undefined;
  /** The most bytes that all `Set-Cookie` lines of one response may take together. */
  readonly cookieBytes: number;
  /** `Path` of every cookie: the path of the site, or `/`. */
  readonly path: string;
  /** `Domain` of every cookie; `undefined` for this host only. */
  readonly domain: string | undefined;
  /** Whether cookies are `Secure`: always, but for plain http on localhost. */
  readonly secure: boolean;
  /** Seconds until a session expires, however active. */
  readonly maxAge: number;
  /** Seconds of inactivity after which a session expires. */
  readonly idle: number;
  /** Whether the cookie outlives the browser's window; `undefined` leaves it to what Kinde says. */
  readonly persistent: boolean | undefined;
}

/**
 * Names in a cookie jar that hold a session or a login of ours under another default name, whole or in pieces. Only on
 * plain http, that is on localhost, where apps on all ports share one jar and a local Kinde may have new clients each time.
 */
export interface Leftovers {
  /** Of this app, by its `siteUrl`, with another client: an earlier start. */
  readonly own: RegExp;
  /** Of apps with another `siteUrl`, and of versions whose marks were of six characters. */
  readonly others: RegExp;
}

/** `cookieBytes` of sessions in the earlier format, which are larger. */
const JWE_COOKIE_BYTES = 12_000;

/** Applies the defaults to options that were checked. */
export function resolveSession(
  session: SessionOptions,
  site: Site,
  clientId: string,
  diagnostics: Diagnostics,
): SessionConfig {
  const { format, fallback, maxAge, idle, persistent } = withDefaults(SESSION, session);
  return Object.freeze({
    ...storesOf(session, diagnostics),
    fallback,
    format,
    ...cookiesOf(session, site, clientId),
    maxAge,
    idle: Math.min(idle, maxAge),
    persistent,
  });
}

function storesOf({ store: whole, coordination: parts }: SessionOptions, told: Diagnostics) {
  const store = whole && withTimeout(whole, told);
  const common = store ?? (parts && withTimeout(parts, told));
  return {
    store,
    coordination: common?.compareAndSet && (common as SessionConfig['coordination']),
    groups: hasGroups(common) ? common : undefined,
  };
}

/** Cookies get the strongest prefix that fits: `__Host-` binds them to this host, over https, whatever subdomains do. */
function cookiesOf(session: SessionOptions, site: Site, clientId: string) {
  const { cookie: name, domain } = session;
  const secure = site.origin.startsWith('https:');
  const marks = marksOf(site, clientId, secure);
  const cookie = prefixOf(site, secure, domain) + (name ?? `kinde-${marks.join('')}`);
  const leftovers = secure || name ? undefined : leftoversOf(marks);
  return {
    cookie,
    loginCookie: `${cookie}-login`,
    leftovers,
    cookieBytes: cookieBytesOf(session),
    path: site.basePath || '/',
    domain,
    secure,
  };
}

function cookieBytesOf({ cookieBytes, format }: SessionOptions): number {
  if (cookieBytes === undefined && format === 'jwe') {
    return JWE_COOKIE_BYTES;
  }
  return cookieBytes ?? SESSION.cookieBytes.default;
}

/** Checks that the options in `session` fit to each other and to the app. Each by itself was checked before. */
export function checkSession(
  session: SessionOptions,
  site: Site | undefined,
  needsGroups: boolean,
): Problems {
  return [
    ...checkStores(session, needsGroups),
    ['session.domain', checkCoverage(session.domain, site)],
    ['session.idle', checkIdle(session)],
  ];
}

function checkStores(
  { store, coordination, fallback }: SessionOptions,
  needsGroups: boolean,
): Problems {
  const problems: [string, string][] = [];
  if (needsGroups && !hasGroups(store ?? coordination)) {
    problems.push([
      'paths.backchannelLogout',
      'needs a session store that has groups (`addToGroup` and `groupMembers`), in `session.store` or `session.coordination`.',
    ]);
  }
  if (store && coordination) {
    problems.push([
      'session.coordination',
      'must be left out: it is for sessions in cookies, and `session.store` is shared already.',
    ]);
  }
  if (fallback && !store) {
    problems.push(['session.fallback', 'is for sessions in a store: set `session.store`, too.']);
  }
  return problems;
}

/** A cookie domain must cover the host of the site, or browsers refuse the cookies. */
function checkCoverage(domain: string | undefined, site: Site | undefined): string | undefined {
  if (domain === undefined || !site || checkDomain(domain)) {
    return undefined;
  }
  const { hostname } = new URL(site.origin);
  if (hostname === domain || hostname.endsWith(`.${domain}`)) {
    return undefined;
  }
  return 'must be the host of `siteUrl` or a parent of it.';
}

function checkIdle(session: SessionOptions): string | undefined {
  const { maxAge } = withDefaults(SESSION, session);
  if (session.idle !== undefined && session.idle > maxAge) {
    return 'must not be longer than `session.maxAge`.';
  }
  return undefined;
}

function hasGroups(store: SessionStore | undefined): store is Required<SessionStore> {
  return hasFunctions(store, ['compareAndSet', 'addToGroup', 'groupMembers']);
}

/** `__Host-` demands the path `/` and no domain (RFC 6265bis), `__Secure-` only https. */
function prefixOf({ basePath }: Site, secure: boolean, domain: string | undefined): string {
  if (!secure) {
    return '';
  }
  return domain || basePath ? '__Secure-' : '__Host-';
}

/**
 * Marks in the names of cookies that tell apps on one host apart: browsers would mix their cookies otherwise. On https there
 * is one mark of six characters, as in earlier versions; on localhost one of the site and one of the client, which tell
 * leftovers apart.
 */
function marksOf({ origin, basePath }: Site, clientId: string, secure: boolean): readonly string[] {
  const site = origin + basePath;
  if (secure) {
    return [mark(`${site} ${clientId}`, 6)];
  }
  return [mark(site, 4), mark(clientId, 4)];
}

function leftoversOf([site, client]: readonly string[]): Leftovers {
  return Object.freeze({
    own: new RegExp(`^kinde-${site}(?!${client})[0-9a-z]{4}(?![0-9a-z])[\\w.-]*$`),
    others: new RegExp(`^kinde-(?:(?!${site})[0-9a-z]{8}|[0-9a-z]{6})(?![0-9a-z])[\\w.-]*$`),
  });
}

/** The last characters of a hash in base 36: FNV-1a, not a secret. */
function mark(text: string, length: number): string {
  let hash = 0x811c9dc5;
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash.toString(36).padStart(length, '0').slice(-length);
}
