import { checkCookieDomain, checkCookieName, checkWhole, type Checks } from './checks.js';
import type { Format } from '../crypto/envelope.js';
import type { KindeOptions, SessionOptions } from './options.js';
import { withTimeout } from '../store/timeout.js';
import { checkSite, type Site } from './site.js';
import type { SessionStore } from '../store/session-store.js';

/** How sessions are kept, with every default applied. */
export interface SessionConfig {
  /** Where whole sessions are. None: in the cookie. */
  readonly store: SessionStore | undefined;
  /** What processes agree by. Nothing is agreed without it. */
  readonly coordination: (SessionStore & Required<Pick<SessionStore, 'compareAndSet'>>) | undefined;
  /** Where all sessions of a user or an organization are found. */
  readonly groups: Required<SessionStore> | undefined;
  /** The cookie has the whole session, too, for when the store does not answer. */
  readonly fallback: boolean;
  /** The form in which texts are encrypted; both are read. */
  readonly format: Format;
  /** Name of the session's cookie, prefix included. */
  readonly cookie: string;
  /** What the names of pending logins' cookies begin with. */
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

/** The names of the options in `session`. */
export const SESSION = [
  ...[
    'store',
    'coordination',
    'fallback',
    'cookie',
    'cookieBytes',
    'domain',
    'format',
    'maxAge',
    'idle',
    'persistent',
  ],
];

/** Options of other libraries that there are none for, and why. */
export const DECIDED = {
  sameSite:
    'cookies are SameSite=Lax, so that no page of another site acts for your users. In an iframe of another site nobody is signed in: open the app in a window of its own.',
  secure: 'cookies are Secure, but for a `siteUrl` with http on localhost.',
  path: 'it is the path of `siteUrl`.',
};
/** Bytes of `Set-Cookie` lines unless the app says otherwise. Sessions of the earlier form are larger, and had this much room. */
const COOKIE_BYTES = { packed: 3800, jwe: 12_000 } as const;
const DAY = 24 * 60 * 60;
const FORMATS: readonly unknown[] = ['packed', 'jwe', undefined];

/** Applies the defaults to options that were checked. */
export function resolveSession(
  session: SessionOptions,
  site: Site,
  clientId: string,
): SessionConfig {
  const { maxAge = 7 * DAY, idle = DAY, persistent, fallback = false } = session;
  const times = {
    maxAge,
    idle: Math.min(idle, maxAge),
    persistent,
  };
  const { format = 'packed' } = session;
  return Object.freeze({
    ...storesOf(session),
    fallback,
    format,
    ...cookiesOf(session, site, clientId),
    ...times,
  });
}

function storesOf({ store: whole, coordination: parts }: SessionOptions) {
  const store = whole && withTimeout(whole);
  const common = store ?? (parts && withTimeout(parts));
  return {
    store,
    coordination: common?.compareAndSet && (common as SessionConfig['coordination']),
    groups: hasGroups(common) ? common : undefined,
  };
}

/** Cookies get the strongest prefix that fits: `__Host-` binds them to this host, over https, whatever subdomains do. */
function cookiesOf(session: SessionOptions, site: Site, clientId: string) {
  const { cookie: name, format = 'packed', cookieBytes = COOKIE_BYTES[format], domain } = session;
  const secure = site.origin.startsWith('https:');
  const marks = marksOf(site, clientId, secure);
  const cookie = prefixOf(site, secure, domain) + (name ?? `kinde-${marks.join('')}`);
  const leftovers = secure || name ? undefined : leftoversOf(marks);
  return {
    cookie,
    loginCookie: `${cookie}-login`,
    leftovers,
    cookieBytes,
    path: site.basePath || '/',
    domain,
    secure,
  };
}

/** What is wrong with the options in `session`. */
export function checkSession(
  session: SessionOptions,
  { siteUrl, paths }: Partial<KindeOptions>,
): Checks {
  const {
    cookie,
    cookieBytes = COOKIE_BYTES.packed,
    domain,
    maxAge = 7 * DAY,
    idle = DAY,
  } = session;
  const outlives = session.idle !== undefined && idle > maxAge;
  return [
    ...checkStores(session, Boolean(paths?.backchannelLogout)),
    ['session.format', FORMATS.includes(session.format) ? undefined : 'must be packed or jwe.'],
    ['session.cookie', cookie === undefined ? undefined : checkCookieName(cookie)],
    ['session.cookieBytes', checkWhole(cookieBytes, [1500, 12000], 'bytes')],
    [
      'session.domain',
      domain === undefined || checkSite(siteUrl) ? undefined : checkCookieDomain(domain, siteUrl!),
    ],
    ['session.maxAge', checkWhole(maxAge, [60, 400 * DAY])],
    ['session.idle', checkWhole(idle, [60, 400 * DAY])],
    ['session.idle', outlives ? 'must not be longer than `session.maxAge`.' : undefined],
  ];
}

function checkStores(
  { store, coordination, fallback }: SessionOptions,
  needsGroups: boolean,
): Checks {
  const isStore = store === undefined || has(store, ['get', 'set', 'delete']);
  const isShared =
    coordination === undefined ||
    has(coordination, ['get', 'set', 'delete', 'compareAndSet', 'addToGroup', 'groupMembers']);
  const lacksGroups = needsGroups && !hasGroups(store ?? coordination);
  return [
    [
      'paths.backchannelLogout',
      lacksGroups
        ? 'needs a session store that has groups (`addToGroup` and `groupMembers`), in `session.store` or `session.coordination`.'
        : undefined,
    ],
    ['session.store', isStore ? undefined : 'must have the functions get, set and delete.'],
    [
      'session.coordination',
      isShared
        ? undefined
        : 'must have the functions get, set, delete, compareAndSet, addToGroup and groupMembers.',
    ],
    [
      'session.coordination',
      store && coordination
        ? 'is for sessions in cookies: `session.store` is shared already.'
        : undefined,
    ],
    [
      'session.fallback',
      fallback && !store ? 'is for sessions in a store: pass `session.store`.' : undefined,
    ],
  ];
}

function has(given: unknown, methods: readonly string[]): boolean {
  return methods.every(
    (method) => typeof (given as Record<string, unknown> | null)?.[method] === 'function',
  );
}

function hasGroups(store: SessionStore | undefined): store is Required<SessionStore> {
  return has(store, ['compareAndSet', 'addToGroup', 'groupMembers']);
}

/** `__Host-` demands the path `/` and no domain (RFC 6265bis), `__Secure-` only https. */
function prefixOf({ basePath }: Site, secure: boolean, domain: string | undefined): string {
  if (!secure) {
    return '';
  }
  return domain || basePath ? '__Secure-' : '__Host-';
}

/**
 * What tells apps on one host apart, whose cookies the browser would otherwise mix. On https one mark of six characters, so
 * that no name changes for users; on localhost one of the site and one of the client, so that leftovers can be told.
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
    hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  }
  return hash.toString(36).padStart(length, '0').slice(-length);
}
