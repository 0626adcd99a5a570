import type { Access, User } from '@kindling/claims';
import { nearest } from './check.js';
import { KindeError } from './errors.js';
import type { HttpRequest, Problem, Reply } from './http.js';
import { filesystemStore } from './filesystem.js';
import { memoryStore } from './memory.js';
import type { SessionStore } from './store.js';

/** What the app tells the SDK. Four facts and a secret are required; everything else has one default. */
export interface KindeOptions {
  /** Your Kinde domain, e.g. `https://acme.kinde.com`, or your custom domain. */
  issuer: string;
  clientId: string;
  /** Leave it out only for applications that Kinde gave no secret. */
  clientSecret?: string;
  /** Public origin of this app. Redirect URIs, cookie flags and return targets derive from it, never from the request. */
  siteUrl: string;
  /** 32 or more random characters that seal the cookies. To rotate, pass several: the first seals, all of them open. */
  secret: string | readonly string[];
  /** The callback URL registered at Kinde; its path is where the callback is mounted. @default `${siteUrl}/callback` */
  redirectUri?: string;
  /** Where people land when nothing else was asked for. @default '/' */
  postLoginRedirect?: string;
  /** A logout URL registered at Kinde. @default siteUrl */
  postLogoutRedirectUri?: string;
  /** API identifiers to request tokens for. Bearer tokens are accepted only for these. @default none */
  audience?: string | readonly string[];
  /** @default 'openid profile email offline' */
  scope?: string;
  /** Paths of the auth routes; `false` leaves a route out. */
  paths?: Partial<{ [Name in keyof Paths]: string | false }>;
  session?: SessionOptions;
  /** Other origins that people may be returned to after signing in or out. @default none */
  returnOrigins?: readonly string[];
  /** How the secret is sent to the token endpoint. @default 'client_secret_post' */
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic';
  /** Seconds that clocks may disagree, below 300. @default 60 */
  clockTolerance?: number;
  /** Seconds for one whole request to Kinde. @default 10 */
  timeout?: number;
  /** Hides explanations from visitors and refuses development issuers. @default NODE_ENV === 'production' */
  production?: boolean;
  /** Accept an issuer on a private address in production. @default false */
  allowPrivateIssuer?: boolean;
  /** Renders the pages for failed logins and forbidden pages in the app's own design. Escape what you show. */
  renderProblem?: (problem: Problem) => string;
  /** Called with the person before their session starts, e.g. to save them. If it throws, they are not signed in. */
  onSignIn?: (person: Access & { readonly user: User; readonly accessToken: string }) => void | Promise<void>;
  /** Receives Kinde's webhooks, such as `createWebhooks()` of `@kindling/webhooks`. Mounted at its `path`. */
  webhooks?: WebhookReceiver;
  /** Used for every request to Kinde. Tests pass the emulator's. @default globalThis.fetch */
  fetch?: typeof fetch;
}

/** How sessions are kept. */
export interface SessionOptions {
  /** Keep sessions here instead of in the cookie. */
  store?: SessionStore;
  /** Keeps sessions in the cookie, but shares through this store what several processes must agree on: renewals and ends. */
  shared?: SessionStore;
  /** With a store: sessions go on from the cookie while it does not answer, as long as their access tokens live. @default false */
  fallback?: boolean;
  /** Cookie name; apps on one host need different ones. @default 'kinde', plus a short mark of site and client */
  cookie?: string;
  /** Share the cookie with the subdomains of this domain. @default this host only */
  domain?: string;
  /** Seconds until a session ends, however active. @default 604800 (7 days) */
  maxAge?: number;
  /** Seconds of inactivity that end a session. @default 86400 (1 day) */
  idle?: number;
  /** `false` makes the cookie go when the browser closes. @default what Kinde says (`ksp`), else true */
  persistent?: boolean;
}

/** Something that answers Kinde's webhooks: met by shape, so that it need not come from here. */
export interface WebhookReceiver {
  readonly path: string;
  handle(
    request: HttpRequest,
    host: {
      issuer: string;
      fetch: typeof fetch;
      store: SessionStore | undefined;
      sessions: SessionEffects | undefined;
    },
  ): Promise<Reply>;
}

/** What a webhook may do to sessions. See `Sessions`. */
export interface SessionEffects {
  revokeUser(userId: string): Promise<unknown>;
  revokeOrganization(orgCode: string): Promise<unknown>;
  refreshUser(userId: string): Promise<unknown>;
  refreshAll(): Promise<unknown>;
}

/** The auth routes by name. */
export interface Paths {
  login: string;
  register: string;
  callback: string;
  logout: string;
  createOrganization: string;
  switchOrganization: string;
  user: string;
  portal: string;
  /** Where Kinde's server may end sessions (OpenID Connect Back-Channel Logout). Needs a store that has groups. @default none */
  backchannelLogout: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Option → the variables it is read from, first match wins. */
const VARIABLES = {
  issuer: ['KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
  clientId: ['KINDE_CLIENT_ID'],
  clientSecret: ['KINDE_CLIENT_SECRET'],
  siteUrl: ['KINDE_SITE_URL', 'SITE_URL'],
  secret: ['KINDE_SESSION_SECRET', 'SESSION_SECRET', 'SECRET_KEY'],
  redirectUri: ['KINDE_REDIRECT_URI', 'KINDE_REDIRECT_URL', 'KINDE_CALLBACK_URL'],
  postLoginRedirect: ['KINDE_POST_LOGIN_REDIRECT_URL'],
  postLogoutRedirectUri: ['KINDE_POST_LOGOUT_REDIRECT_URL', 'KINDE_LOGOUT_REDIRECT_URI', 'LOGOUT_REDIRECT_URL'],
  audience: ['KINDE_AUDIENCE'],
  scope: ['KINDE_SCOPE', 'KINDE_SCOPES'],
} as const;

/** The variable to name in a message about an option. */
export function variableOf(option: string): string | undefined {
  return (VARIABLES as Readonly<Record<string, readonly string[]>>)[option]?.[0];
}

/**
 * Reads `KINDE_*` and its aliases; `options` win over the environment. The only place that looks at the environment,
 * and only when called. Values are checked by `createKinde`, together with everything else.
 * @throws KindeError `config_invalid` for variables that contradict this SDK.
 */
export function optionsFromEnv(env: Environment = environment(), options: Partial<KindeOptions> = {}): KindeOptions {
  const found: Record<string, unknown> = {};
  for (const [option, names] of Object.entries(VARIABLES)) {
    const value = names.map((name) => env[name]?.trim()).find((candidate) => candidate);
    if (value) found[option] = value;
  }
  if (typeof found['issuer'] === 'string') found['issuer'] = withScheme(found['issuer']).replace(/\/+$/, '');
  if (typeof found['siteUrl'] === 'string') found['siteUrl'] = found['siteUrl'].replace(/\/+$/, '');
  found['siteUrl'] ??= originOf(found['redirectUri']) ?? siteFromHost(env);
  if (typeof found['audience'] === 'string') found['audience'] = found['audience'].split(/[\s,]+/).filter(Boolean);
  if (typeof found['scope'] === 'string') found['scope'] = found['scope'].split(/[\s,]+/).join(' ');
  const session = sessionFromEnv(env, options.session);
  const merged = { ...found, ...options, ...(session && { session: { ...session, ...options.session } }) };
  return merged as unknown as KindeOptions;
}

/** Not every runtime has one. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}

/** Is this process a production one? Asked where `production` was left open. */
export function isProduction(env: Environment = environment()): boolean {
  return env['NODE_ENV'] === 'production';
}

/** What is wrong with the process itself. */
export function environmentProblems(production: boolean, env: Environment = environment()): string[] {
  const unverified = production && env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0';
  return unverified ? ['NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody pretend to be Kinde. Unset it in production.'] : [];
}

/** `SESSION_TYPE`, `SESSION_PERMANENT`, `KINDE_COOKIE_DOMAIN` and `GRANT_TYPE`, which mean the same here as in Kinde's other SDKs. */
function sessionFromEnv(env: Environment, given: SessionOptions = {}): SessionOptions | undefined {
  const problems = [problemOf(env, 'SESSION_TYPE', SESSION_TYPES), problemOf(env, 'GRANT_TYPE', GRANT_TYPES)].filter(
    (problem) => problem !== undefined,
  );
  if (problems.length > 0) throw invalidConfig(problems);
  const type = env['SESSION_TYPE']?.trim().toLowerCase();
  if ((type === 'redis' || type === 'postgres') && !given.store && !given.shared)
    throw invalidConfig([
      `SESSION_TYPE is ${type}: pass \`session: { store: ${type}Store(...) }\` of @kindling/${type}.`,
    ]);
  const persistent = env['SESSION_PERMANENT']?.toLowerCase();
  const session: SessionOptions = {
    ...(type === 'memory' && { store: memoryStore() }),
    ...(type === 'filesystem' && { store: filesystemStore(env['SESSION_FILE_DIR'] ?? '.kindling-sessions') }),
    ...(env['KINDE_COOKIE_DOMAIN'] && { domain: env['KINDE_COOKIE_DOMAIN'] }),
    ...(persistent && { persistent: persistent === 'true' || persistent === '1' }),
  };
  return Object.keys(session).length > 0 ? session : undefined;
}

/** `redis` and `postgres` say which store the app passes: they have packages of their own. */
const SESSION_TYPES = ['cookie', 'memory', 'filesystem', 'redis', 'postgres'];
const GRANT_TYPES = ['authorization_code', 'authorization_code_with_pkce', 'authorization_code_flow_with_pkce'];

function problemOf(env: Environment, name: string, known: readonly string[]): string | undefined {
  const value = env[name]?.trim().toLowerCase();
  if (!value || known.includes(value)) return undefined;
  const guess = nearest(value, known);
  return `${name} must be one of ${known.join(', ')}${guess ? `; did you mean ${guess}?` : '.'}`;
}

/** One error for everything that is wrong with the configuration. */
export function invalidConfig(problems: readonly string[]): KindeError {
  const list = problems.map((problem) => `  - ${problem}`).join('\n');
  return new KindeError('config_invalid', `Kinde is not configured correctly:\n${list}`, { problems });
}

function withScheme(domain: string): string {
  return domain.includes('://') ? domain : `https://${domain}`;
}

function originOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).origin : undefined;
}

/** `SITE_HOST` and `SITE_PORT`, with the defaults that Kinde documents for them. */
function siteFromHost(env: Environment): string | undefined {
  if (!env['SITE_HOST'] && !env['SITE_PORT']) return undefined;
  return `http://${env['SITE_HOST'] ?? '127.0.0.1'}:${env['SITE_PORT'] ?? '5000'}`;
}
