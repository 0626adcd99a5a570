import type { Access, User } from '@kindling/claims';
import { nearest } from './checks.js';
import { KindeError } from '../errors.js';
import type { Problem } from '../http/http.js';
import { filesystemStore } from '../store/filesystem.js';
import { memoryStore } from '../store/memory.js';
import { bare, own } from '../own.js';
import type { SessionStore } from '../store/session-store.js';
import { READERS, VARIABLES } from './variables.js';
import type { WebhookReceiver } from './webhook-receiver.js';

/** What the app tells the SDK. Four facts and a secret are required; everything else has one default. */
export interface KindeOptions {
  /** Your Kinde domain, e.g. `https://acme.kinde.com`, or your custom domain. */
  issuer: string;
  /** The application's client ID at Kinde. */
  clientId: string;
  /** The application's client secret. Leave it out only for applications that Kinde gave none. */
  clientSecret?: string;
  /** Public URL of this app, path included: `https://example.com/app`. All URLs and cookies follow it, never the request. */
  siteUrl: string;
  /** 32 or more random characters that encrypt the cookies. To rotate, pass several: the first encrypts, all decrypt. */
  secret: string | readonly string[];
  /** The callback URL registered at Kinde, on `siteUrl` and below its path. @default `${siteUrl}/callback` */
  redirectUri?: string;
  /** Where users land when no other target was asked for: a path of the host, or a URL. @default `${siteUrl}/` */
  postLoginRedirect?: string;
  /** A logout URL registered at Kinde. @default siteUrl */
  postLogoutRedirectUri?: string;
  /** API identifiers to request tokens for. Bearer tokens are accepted only for these. @default none */
  audience?: string | readonly string[];
  /** Scopes, separated by spaces; `openid` is always among them. @default 'openid profile email offline' */
  scope?: string;
  /** Paths of the auth routes, below the path of `siteUrl`; `false` leaves a route out. @default `/login`, `/register`, … */
  paths?: Partial<{ [Name in keyof Paths]: string | false }>;
  /** Where sessions are kept, for how long, and in which cookie. @default in an encrypted cookie, for 7 days */
  session?: SessionOptions;
  /** Other origins that users may be returned to after signing in or out. They get no other rights. @default none */
  returnOrigins?: readonly string[];
  /** Other origins whose pages may post to guarded routes, sign out, switch organization and open WebSockets. @default none */
  trustedOrigins?: readonly string[];
  /** How the secret is sent to the token endpoint. @default 'client_secret_post' */
  clientAuthentication?: 'client_secret_post' | 'client_secret_basic';
  /** Seconds that clocks may disagree, below 300. @default 60 */
  clockTolerance?: number;
  /** Seconds for one whole request to Kinde. @default 10 */
  timeout?: number;
  /**
   * Hides explanations from visitors and refuses development issuers.
   * @default whether `NODE_ENV` is set to anything but development, dev, local, test, testing, ci or e2e
   */
  production?: boolean;
  /** Accept an issuer in production that is an address, or a name for one network such as `kinde.internal`. @default false */
  allowPrivateIssuer?: boolean;
  /** Renders the pages for failed logins and forbidden pages in the app's own design. Escape what you show. */
  renderProblem?: (problem: Problem) => string;
  /** Called with the user before their session starts, e.g. to save them. If it throws, they are not signed in. */
  onSignIn?: (
    person: Access & { readonly user: User; readonly accessToken: string },
  ) => void | Promise<void>;
  /** Receives Kinde's webhooks, such as `createWebhooks()` of `@kindling/webhooks`. Mounted at its `path`, below `siteUrl`'s. */
  webhooks?: WebhookReceiver;
  /** Used for every request to Kinde. Tests pass the emulator's. @default globalThis.fetch */
  fetch?: typeof fetch;
}

/** How sessions are kept. */
export interface SessionOptions {
  /** Keep sessions here instead of in the cookie. */
  store?: SessionStore;
  /** Keeps sessions in the cookie; refresh locks and revocations, which all processes must know, are in this store. */
  coordination?: SessionStore;
  /** With a store: sessions go on from the cookie while it does not answer, as long as their access tokens live. @default false */
  fallback?: boolean;
  /**
   * How sessions are encrypted: `jwe` writes the form of earlier versions, for as long as processes run that read no other.
   * Both are read. Sessions of the earlier form are larger, so `cookieBytes` is 12,000 with it. @default 'packed'
   */
  format?: 'packed' | 'jwe';
  /** Cookie name; apps on one host need different ones. @default 'kinde', plus a short mark of site and client */
  cookie?: string;
  /** The most bytes that all `Set-Cookie` lines of one response may take together, 1,500 to 12,000. @default 3800, with `jwe` 12000 */
  cookieBytes?: number;
  /** Share the cookie with the subdomains of this domain. @default this host only */
  domain?: string;
  /** Seconds until a session expires, however active. @default 604800 (7 days) */
  maxAge?: number;
  /** Seconds of inactivity after which a session expires. @default 86400 (1 day) */
  idle?: number;
  /** `false` makes the cookie go when the browser closes. @default what Kinde says (`ksp`), else true */
  persistent?: boolean;
}

/** The auth routes by name. */
export interface Paths {
  /** Starts a login. @default '/login' */
  login: string;
  /** Starts a login on Kinde's sign-up page. @default '/register' */
  register: string;
  /** Ends a login. @default the path of `redirectUri` */
  callback: string;
  /** Signs out, here and at Kinde. @default '/logout' */
  logout: string;
  /** Signs up together with a new organization. @default '/create-organization' */
  createOrganization: string;
  /** Gets tokens for another organization. @default '/switch-organization' */
  switchOrganization: string;
  /** Tells scripts in the browser who is signed in, as JSON. @default '/user' */
  user: string;
  /** Leads to Kinde's self-serve portal. @default '/portal' */
  portal: string;
  /** Where Kinde's server may end sessions (OpenID Connect Back-Channel Logout). Needs a store that has groups. @default none */
  backchannelLogout: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Option → the variable it was read from: beside the options, not among them. Not enumerable, so a copy has none. */
const READ_FROM = Symbol('variables');

/** The variable to name in a message: the one that an option was read from or, where it is missing, the one to set. */
export function variableOf(option: string, options: object): string | undefined {
  const { [READ_FROM]: readFrom } = options as { [READ_FROM]?: Readonly<Record<string, string>> };
  const isMissing = !bare(options as Readonly<Record<string, unknown>>)[option];
  const toSet = bare(VARIABLES as Readonly<Record<string, readonly string[]>>)[option]?.[0];
  return readFrom?.[option] ?? (isMissing ? toSet : undefined);
}

/** What the environment says, by option. */
type Found = Record<string, { readonly value: unknown; readonly variable: string } | undefined>;

/**
 * Reads `KINDE_*` and its aliases; `options` win over the environment. The only place that looks at the environment,
 * and only when called. Values are checked by `createKinde`, whose errors name the variable that was set.
 * @throws KindeError `config_invalid` for variables that contradict this SDK.
 */
export function optionsFromEnv(
  env: Environment = environment(),
  options: Partial<KindeOptions> = {},
): KindeOptions {
  const found: Found = bare({});
  for (const [option, names] of Object.entries(VARIABLES)) {
    found[option] = lookUp(env, names, READERS[option]);
  }
  found['siteUrl'] ??= siteFrom(env, found['redirectUri']);
  const given = bare(options);
  // Of this environment, which need not be the process's. Where it says nothing, `createKinde` asks the process.
  if (isProduction(env)) {
    given.production ??= true;
  }
  const inSession = sessionFrom(env, given.session && bare(given.session));
  const session = { ...valuesOf(inSession), ...given.session };
  const merged = {
    ...valuesOf(found),
    ...given,
    ...(Object.keys(session).length > 0 && { session }),
  };
  const readFrom = {
    ...variablesOf(found, given),
    ...variablesOf(inSession, given.session, 'session.'),
  };
  return Object.defineProperty(merged, READ_FROM, {
    value: Object.freeze(bare(readFrom)),
  }) as unknown as KindeOptions;
}

function lookUp(
  env: Environment,
  names: readonly string[],
  read = (text: string): unknown => text,
): Found[string] {
  const [first] = names.flatMap((variable) => {
    const text = own(env, variable)?.trim();
    return text ? [{ value: read(text), variable }] : [];
  });
  return first;
}

function valuesOf(found: Found): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).flatMap(([option, of]) => {
      if (of?.value === undefined) {
        return [];
      }
      return [[option, of.value]];
    }),
  );
}

/** Option → variable, for the options that the code does not set itself. */
function variablesOf(found: Found, given: object = {}, prefix = ''): Record<string, string> {
  const entries = Object.entries(found).filter(([option]) => !Object.hasOwn(given, option));
  return Object.fromEntries(
    entries.flatMap(([option, of]) => (of ? [[prefix + option, of.variable]] : [])),
  );
}

/** Not every runtime has one. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}

/** What `NODE_ENV` is called where developers and tests run. */
const DEVELOPMENT = ['', 'development', 'dev', 'local', 'test', 'testing', 'ci', 'e2e'];

/**
 * Whether `NODE_ENV` stands for production: every name but the usual ones for development and tests does, however it is
 * written. A name that nobody has heard of must not open what is for developers only. Nothing at all is development.
 */
export function isProduction(env: Environment = environment()): boolean {
  return !DEVELOPMENT.includes((own(env, 'NODE_ENV') ?? '').trim().toLowerCase());
}

/** What is wrong with the process itself. */
export function environmentProblems(
  production: boolean,
  env: Environment = environment(),
): string[] {
  const unverified = production && own(env, 'NODE_TLS_REJECT_UNAUTHORIZED') === '0';
  if (unverified) {
    return [
      'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody pretend to be Kinde. Unset it in production.',
    ];
  }
  return [];
}

/** `SESSION_TYPE`, `SESSION_PERMANENT`, `KINDE_COOKIE_DOMAIN` and `GRANT_TYPE` mean the same as in Kinde's other SDKs. */
function sessionFrom(env: Environment, given: SessionOptions = {}): Found {
  const problems = [
    problemOf(env, 'SESSION_TYPE', SESSION_TYPES),
    problemOf(env, 'GRANT_TYPE', GRANT_TYPES),
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) {
    throw invalidConfig(problems);
  }
  const type = own(env, 'SESSION_TYPE')?.trim().toLowerCase();
  if ((type === 'redis' || type === 'postgres') && !given.store && !given.coordination) {
    throw invalidConfig([
      `SESSION_TYPE is ${type}: pass \`session: { store: ${type}Store(...) }\` of @kindling/${type}.`,
    ]);
  }
  return {
    store: lookUp(env, ['SESSION_TYPE'], () => storeOf(type, env)),
    domain: lookUp(env, ['KINDE_COOKIE_DOMAIN']),
    persistent: lookUp(env, ['SESSION_PERMANENT'], (text) =>
      ['true', '1'].includes(text.toLowerCase()),
    ),
  };
}

/** Of the kinds of store, those that need nothing but this process. */
function storeOf(type: string | undefined, env: Environment): SessionStore | undefined {
  if (type === 'memory') {
    return memoryStore();
  }
  if (type === 'filesystem') {
    return filesystemStore(own(env, 'SESSION_FILE_DIR') ?? '.kindling-sessions');
  }
  return undefined;
}

/** `redis` and `postgres` say which store the app passes: they have packages of their own. */
const SESSION_TYPES = ['cookie', 'memory', 'filesystem', 'redis', 'postgres'];
const GRANT_TYPES = [
  'authorization_code',
  'authorization_code_with_pkce',
  'authorization_code_flow_with_pkce',
];

function problemOf(env: Environment, name: string, known: readonly string[]): string | undefined {
  const value = own(env, name)?.trim().toLowerCase();
  if (!value || known.includes(value)) {
    return undefined;
  }
  const guess = nearest(value, known);
  return `${name} must be one of ${known.join(', ')}${guess ? `; did you mean ${guess}?` : '.'}`;
}

/** One error for everything that is wrong with the configuration. */
export function invalidConfig(problems: readonly string[]): KindeError {
  const list = problems.map((problem) => `  - ${problem}`).join('\n');
  return new KindeError('config_invalid', `Kinde is not configured correctly:\n${list}`, {
    problems,
  });
}

/** Without a variable for the site: the origin of the redirect URI, or `SITE_HOST` and `SITE_PORT` with Kinde's defaults. */
function siteFrom(env: Environment, redirectUri: Found[string]): Found[string] {
  const url = String(redirectUri?.value);
  if (redirectUri && URL.canParse(url)) {
    return { ...redirectUri, value: new URL(url).origin };
  }
  const host = own(env, 'SITE_HOST')?.trim() || '127.0.0.1';
  const port = own(env, 'SITE_PORT')?.trim() || '5000';
  return lookUp(env, ['SITE_HOST', 'SITE_PORT'], () => `http://${host}:${port}`);
}
