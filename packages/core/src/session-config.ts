import { checkCookieDomain, checkCookieName, checkOrigin, checkSeconds, type Checks } from './check.js';
import type { KindeOptions, SessionOptions } from './options.js';
import { patient } from './patience.js';
import type { SessionStore } from './store.js';

/** How sessions are kept, with every default applied. */
export interface SessionConfig {
  /** Where whole sessions are. None: in the cookie. */
  readonly store: SessionStore | undefined;
  /** What processes agree by. Nothing is agreed without it. */
  readonly shared: (SessionStore & Required<Pick<SessionStore, 'swap'>>) | undefined;
  /** Where all sessions of a person or an organization are found. */
  readonly groups: Required<SessionStore> | undefined;
  /** The cookie has the whole session, too, for when the store does not answer. */
  readonly fallback: boolean;
  readonly cookie: string;
  readonly loginCookie: string;
  readonly domain: string | undefined;
  readonly secure: boolean;
  readonly path: string;
  readonly cookieBytes: number;
  readonly maxAge: number;
  readonly idle: number;
  readonly persistent: boolean | undefined;
}

/** The names of the options in `session`. */
export const SESSION = ['store', 'shared', 'fallback', 'cookie', 'domain', 'maxAge', 'idle', 'persistent'];
const DAY = 24 * 60 * 60;

/** Cookies get the strongest prefix that fits: `__Host-` binds them to this host, over https, whatever subdomains do. */
export function resolveSession(session: SessionOptions, siteUrl: string, clientId: string): SessionConfig {
  const { domain, maxAge = 7 * DAY, idle = DAY, persistent, fallback = false } = session;
  const secure = siteUrl.startsWith('https:');
  const prefix = !secure ? '' : domain ? '__Secure-' : '__Host-';
  const cookie = prefix + (session.cookie ?? `kinde-${mark(`${siteUrl} ${clientId}`)}`);
  const store = session.store && patient(session.store);
  const common = store ?? (session.shared && patient(session.shared));
  return Object.freeze({
    store,
    shared: common?.swap && (common as SessionConfig['shared']),
    groups: common && hasGroups(common) ? common : undefined,
    fallback,
    cookie,
    loginCookie: `${cookie}-login`,
    domain,
    secure,
    path: '/',
    cookieBytes: 12288,
    maxAge,
    idle: Math.min(idle, maxAge),
    persistent,
  });
}

/** What is wrong with the options in `session`. */
export function checkSession(session: SessionOptions, { siteUrl, paths }: Partial<KindeOptions>): Checks {
  const { store, shared, fallback, cookie, domain, maxAge = 7 * DAY, idle = DAY } = session;
  const has = (given: unknown, methods: readonly string[]) =>
    methods.every((method) => typeof (given as Record<string, unknown> | null)?.[method] === 'function');
  const isStore = store === undefined || has(store, ['get', 'set', 'delete']);
  const isShared = shared === undefined || has(shared, ['get', 'set', 'delete', 'swap', 'enlist', 'members']);
  const common = store ?? shared;
  return [
    [
      'paths.backchannelLogout',
      paths?.backchannelLogout && !(common && isStore && isShared && hasGroups(common))
        ? 'needs a session store that has groups (`enlist` and `members`), in `session.store` or `session.shared`.'
        : undefined,
    ],
    ['session.store', isStore ? undefined : 'must have the functions get, set and delete.'],
    ['session.shared', isShared ? undefined : 'must have the functions get, set, delete, swap, enlist and members.'],
    ['session.shared', store && shared ? 'is for sessions in cookies: `session.store` is shared already.' : undefined],
    ['session.fallback', fallback && !store ? 'is for sessions in a store: pass `session.store`.' : undefined],
    ['session.cookie', cookie === undefined ? undefined : checkCookieName(cookie)],
    ['session.domain', domain === undefined || checkOrigin(siteUrl) ? undefined : checkCookieDomain(domain, siteUrl!)],
    ['session.maxAge', checkSeconds(maxAge, [60, 400 * DAY])],
    [
      'session.idle',
      checkSeconds(idle, [60, 400 * DAY]) ??
        (session.idle !== undefined && idle > maxAge ? 'must not be longer than `session.maxAge`.' : undefined),
    ],
  ];
}

function hasGroups(store: SessionStore): store is Required<SessionStore> {
  return [store.swap, store.enlist, store.members].every((method) => typeof method === 'function');
}

/** Six characters that tell apps on one host apart, whose cookies the browser would otherwise mix: FNV-1a, not a secret. */
function mark(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return hash.toString(36).padStart(6, '0').slice(-6);
}
