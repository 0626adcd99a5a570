// The options of `createKinde`: their types, and one table of names, checks, defaults and variables.
import type { Access, User } from '@kindling/claims';
import type { AuditEvent, KindeEvent } from '../diagnostics/events.js';
import type { Logger } from '../diagnostics/log.js';
import type { KindeError } from '../errors.js';
import type { HttpRequest, Problem, Reply } from '../http/http.js';
import { filesystemStore } from '../store/filesystem.js';
import { memoryStore } from '../store/memory.js';
import type { SessionStore } from '../store/session-store.js';
import {
  anything,
  checkCookieName,
  checkDomain,
  checkFunction,
  checkIdentifiers,
  checkOrigins,
  checkPath,
  checkPresent,
  checkSecrets,
  checkSite,
  checkString,
  checkText,
  checkWebhooks,
  functions,
  oneOf,
  orNull,
  url,
  whole,
} from './checks.js';
import { checkBackchannel, checkIssuer, readIssuer } from './issuer.js';
import { table, type Entries, type Variable } from './entries.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** Options of `createKinde`. Four facts and a secret are required; everything else has one default. */
export interface KindeOptions {
  /** The tenant's domain at Kinde, such as `https://acme.kinde.com`, or its custom domain. */
  issuer: string;
  /** The application's client ID at Kinde. */
  clientId: string;
  /** The application's client secret. Leave it out only for applications that have none. @default none */
  clientSecret?: string;
  /** Public URL of the app, path included: `https://example.com/app`. URLs and cookies depend on it, never on the request. */
  siteUrl: string;
  /** Encrypts the cookies: 32 or more random characters. To rotate, pass a list: the first encrypts, all decrypt. */
  secret: string | readonly string[];
  /** The callback URL registered at Kinde, on `siteUrl` and below its path. @default `${siteUrl}/callback` */
  redirectUri?: string;
  /** Where users land after sign-in if no other target was asked for: a path of the host, or a URL. @default `${siteUrl}/` */
  postLoginRedirect?: string;
  /** Where users land after sign-out: a logout URL registered at Kinde. @default `siteUrl` */
  postLogoutRedirectUri?: string;
  /** API identifiers to request tokens for. Bearer tokens are accepted only for these. @default none */
  audience?: string | readonly string[];
  /** Scopes to request, separated by spaces; `openid` is always added. @default 'openid profile email offline' */
  scope?: string;
  /** Paths of the auth routes, below the path of `siteUrl`; `false` disables a route. @default `/login`, `/register`, … */
  paths?: Partial<{ [Name in keyof Paths]: string | false }>;
  /** Where sessions are kept, for how long, and in which cookie. @default in an encrypted cookie, for 7 days */
  session?: SessionOptions;
  /** Other origins that redirects after sign-in and sign-out may lead to. They get no other rights. @default none */
  returnOrigins?: readonly string[];
  /** Other origins whose pages may post to guarded routes, sign out, switch organization and open WebSockets. @default none */
  trustedOrigins?: readonly string[];
  /** How the secret is sent to the token endpoint: `client_secret_post` or `client_secret_basic` (RFC 6749, 2.3.1). @default 'client_secret_post' */
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic';
  /** Tolerated clock difference in seconds, from 0 to 299. @default 60 */
  clockTolerance?: number;
  /** Timeout in seconds for one whole request to Kinde, from 1 to 120. @default 10 */
  timeout?: number;
  /**
   * Hides error details from visitors and refuses development issuers.
   * @default whether `NODE_ENV` is set to anything but development, dev, local, test, testing, ci or e2e
   */
  production?: boolean;
  /** Accepts an issuer that is an address, or a name of a private network: in production over https, in development over http, too. @default false */
  allowPrivateIssuer?: boolean;
  /** Origin at which this server reaches the issuer, where that is not the one of browsers: `http://kinde:4455` among containers. @default `issuer` */
  backchannelUrl?: string;
  /** Renders the pages for failed logins and forbidden pages in the app's own design. Escape every value. @default plain pages */
  renderProblem?: (problem: Problem) => string;
  /**
   * Called with every error that would become an error page or problem document, in auth routes and `protect()`. Return
   * nothing for that, or a reply in its place; throw the error to pass it to the framework's error handler. @default none
   */
  onError?: (
    error: KindeError,
    request: HttpRequest,
  ) => Partial<Reply> | undefined | void | Promise<Partial<Reply> | undefined | void>;
  /** Called with every event when it is over: sign-ins, refreshes, requests to Kinde, … Events hold no secrets. @default none */
  onEvent?: (event: KindeEvent) => void | Promise<void>;
  /** Called with what belongs in an audit log: who signed in, was refused or revoked, and by which means. @default none */
  onAudit?: (event: AuditEvent) => void | Promise<void>;
  /** Whether events have ids of users as a keyed hash or as they are. Audit events have the ids. @default 'hashed' */
  userIdsInEvents?: 'hashed' | 'plain';
  /** Logs refusals (`info`), outages of Kinde (`warn`) and failures (`error`), in pino's shape. @default the framework's; else stderr for failures */
  logger?: Logger;
  /** Called with the user before their session starts, e.g. to save them. If it throws, they are not signed in. @default none */
  onSignIn?: (
    person: Access & { readonly user: User; readonly accessToken: string },
  ) => void | Promise<void>;
  /** Receives Kinde's webhooks, e.g. `createWebhooks()` of `@kindling/webhooks`, at its `path` below `siteUrl`. @default none */
  webhooks?: WebhookReceiver;
  /** Used for every request to Kinde. Tests pass the emulator's. @default `globalThis.fetch` */
  fetch?: typeof fetch;
}

/** How sessions are kept. */
export interface SessionOptions {
  /** Keeps sessions in this store instead of in the cookie. @default none: sessions are in the cookie */
  store?: SessionStore;
  /** Shares refresh locks and revocations between instances while sessions stay in the cookie. @default none */
  coordination?: SessionStore;
  /** Keeps users signed in from the cookie while `store` fails, until their access tokens expire. @default false */
  fallback?: boolean;
  /** Encryption format of new sessions: `jwe` while older instances run. Both are read. @default 'packed' */
  format?: 'packed' | 'jwe';
  /** Name of the cookie; apps on one host need different ones. @default `kinde`, and a short mark of site and client */
  cookie?: string;
  /** Maximum size in bytes of all `Set-Cookie` lines of one response, 1,500 to 12,000. @default 3800, with `jwe` 12000 */
  cookieBytes?: number;
  /** Shares the cookie with the subdomains of this domain. @default this host only */
  domain?: string;
  /** Seconds until a session expires, however active: from 60 to 34560000 (400 days). @default 604800 (7 days) */
  maxAge?: number;
  /** Seconds without a request after which a session expires, at most `maxAge`. @default 86400 (1 day) */
  idle?: number;
  /** Keeps the cookie when the browser closes; `false` removes it. @default Kinde's "remember me" (`ksp`), else true */
  persistent?: boolean;
}

/** The auth routes by name. */
export interface Paths {
  /** Starts a login. @default '/login' */
  login: string;
  /** Starts a login on Kinde's sign-up page. @default '/register' */
  register: string;
  /** Finishes a login. @default the path of `redirectUri` */
  callback: string;
  /** Signs out, here and at Kinde. @default '/logout' */
  logout: string;
  /** Signs up together with a new organization. @default '/create-organization' */
  createOrganization: string;
  /** Gets tokens for another organization. @default '/switch-organization' */
  switchOrganization: string;
  /** Returns the signed-in user as JSON, for scripts in the browser. @default '/user' */
  user: string;
  /** Redirects to Kinde's self-serve portal. @default '/portal' */
  portal: string;
  /** Receives OpenID Connect Back-Channel Logout from Kinde. Needs a store that has groups. @default none */
  backchannelLogout: string;
}

/** The paths of the auth routes as an app gives them. */
export type GivenPaths = NonNullable<KindeOptions['paths']>;

const DAY = 24 * 60 * 60;

/** The options of `createKinde`. Their order is that of messages and of the reference. */
export const OPTIONS = table({
  issuer: {
    required: true,
    check: checkIssuer,
    variables: ['KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
    read: readIssuer,
  },
  clientId: { required: true, check: checkPresent, variables: ['KINDE_CLIENT_ID'] },
  clientSecret: { check: checkText, variables: ['KINDE_CLIENT_SECRET'] },
  siteUrl: {
    required: true,
    check: checkSite,
    variables: ['KINDE_SITE_URL', 'SITE_URL'],
    furtherVariables: ['SITE_HOST', 'SITE_PORT'],
  },
  secret: {
    required: true,
    check: checkSecrets,
    variables: ['KINDE_SESSION_SECRET', 'SESSION_SECRET', 'SECRET_KEY'],
  },
  redirectUri: {
    check: url('https://app.example/callback'),
    variables: ['KINDE_REDIRECT_URI', 'KINDE_REDIRECT_URL', 'KINDE_CALLBACK_URL'],
  },
  postLoginRedirect: { check: checkString, variables: ['KINDE_POST_LOGIN_REDIRECT_URL'] },
  postLogoutRedirectUri: {
    check: url('https://app.example/welcome'),
    variables: [
      'KINDE_POST_LOGOUT_REDIRECT_URL',
      'KINDE_LOGOUT_REDIRECT_URI',
      'LOGOUT_REDIRECT_URL',
    ],
  },
  audience: {
    check: checkIdentifiers,
    default: [],
    variables: ['KINDE_AUDIENCE'],
    read: (text) => wordsOf(text).filter(Boolean),
  },
  scope: {
    check: checkText,
    default: 'openid profile email offline',
    variables: ['KINDE_SCOPE', 'KINDE_SCOPES'],
    read: (text) => wordsOf(text).join(' '),
  },
  paths: { check: anything },
  session: { check: anything },
  returnOrigins: { check: checkOrigins, default: [] },
  trustedOrigins: { check: checkOrigins, default: [] },
  clientAuthentication: {
    check: oneOf('client_secret_post', 'client_secret_basic'),
    default: 'client_secret_post',
  },
  clockTolerance: { check: orNull(whole(0, 299)), default: 60 },
  timeout: { check: orNull(whole(1, 120)), default: 10 },
  production: { check: anything, furtherVariables: ['NODE_ENV'] },
  allowPrivateIssuer: { check: anything, default: false, furtherVariables: ['KINDE_LOCAL'] },
  backchannelUrl: { check: checkBackchannel, variables: ['KINDE_BACKCHANNEL_URL'] },
  renderProblem: { check: checkFunction },
  onError: { check: checkFunction },
  onEvent: { check: checkFunction },
  onAudit: { check: checkFunction },
  userIdsInEvents: { check: oneOf('hashed', 'plain'), default: 'hashed' },
  logger: { check: functions('error', 'warn', 'info', 'debug') },
  onSignIn: { check: checkFunction },
  webhooks: { check: checkWebhooks },
  fetch: { check: checkFunction },
} satisfies Entries<KindeOptions>);

/** The options in `session`. */
export const SESSION = table({
  store: {
    check: functions('get', 'set', 'delete'),
    variables: ['SESSION_TYPE'],
    furtherVariables: ['SESSION_FILE_DIR'],
    read: readStore,
  },
  coordination: {
    check: functions('get', 'set', 'delete', 'compareAndSet', 'addToGroup', 'groupMembers'),
  },
  fallback: { check: anything, default: false },
  format: { check: oneOf('packed', 'jwe'), default: 'packed' },
  cookie: { check: checkCookieName },
  cookieBytes: { check: whole(1500, 12_000, 'bytes'), default: 3800 },
  domain: { check: checkDomain, variables: ['KINDE_COOKIE_DOMAIN'] },
  maxAge: { check: whole(60, 400 * DAY), default: 7 * DAY },
  idle: { check: whole(60, 400 * DAY), default: DAY },
  persistent: {
    check: anything,
    variables: ['SESSION_PERMANENT'],
    read: (text) => ['true', '1'].includes(text.toLowerCase()),
  },
} satisfies Entries<SessionOptions>);

/** Options of other libraries that there are none for in `session`, and what decides the matter here. */
export const SESSION_HINTS = {
  sameSite:
    'cookies are SameSite=Lax, so that no page of another site can send requests for your users. In an iframe of another site users are signed out: open the app in a window of its own.',
  secure: 'cookies are Secure, except for a `siteUrl` with http on localhost.',
  path: 'it is the path of `siteUrl`.',
};

/** The options in `paths`. */
export const PATHS = table({
  login: { check: checkRoute, default: '/login' },
  register: { check: checkRoute, default: '/register' },
  callback: { check: checkRoute },
  logout: { check: checkRoute, default: '/logout' },
  createOrganization: { check: checkRoute, default: '/create-organization' },
  switchOrganization: { check: checkRoute, default: '/switch-organization' },
  user: { check: checkRoute, default: '/user' },
  portal: { check: checkRoute, default: '/portal' },
  backchannelLogout: { check: checkRoute },
} satisfies Entries<GivenPaths>);

/** A path, or `false` for a route that is left out. */
function checkRoute(value: unknown): string | undefined {
  if (value === false) {
    return undefined;
  }
  return checkPath(value);
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/);
}

/** `SESSION_TYPE` as a store. Those of packages, such as `redis`, are passed by the app; cookies need none. */
function readStore(text: string, variable: Variable): SessionStore | undefined {
  const type = text.toLowerCase();
  if (type === 'memory') {
    return memoryStore();
  }
  if (type === 'filesystem') {
    return filesystemStore(variable('SESSION_FILE_DIR') ?? '.kindling-sessions');
  }
  return undefined;
}
