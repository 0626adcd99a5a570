import {
  checkFunction,
  checkIssuer,
  checkOrigin,
  checkPath,
  checkSeconds,
  checkSecret,
  checkText,
  sentences,
  unknown,
  type Checks,
} from './check.js';
import type { Problem } from './http.js';
import {
  environmentProblems,
  invalidConfig,
  isProduction,
  variableOf,
  type KindeOptions,
  type Paths,
} from './options.js';
import type { ReturnRules } from './return-to.js';
import { checkSession, resolveSession, SESSION, type SessionConfig } from './session-config.js';

/** Options with every default applied. Frozen: nothing that belongs to one request is ever stored on it. */
export interface Config {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  readonly siteUrl: string;
  readonly basePath: string;
  readonly trustedOrigins: readonly string[];
  readonly secrets: readonly string[];
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
  readonly audience: readonly string[];
  readonly scope: string;
  readonly paths: Readonly<{ [Name in keyof Paths]: string | undefined }>;
  readonly returnRules: ReturnRules;
  readonly session: SessionConfig;
  readonly clockTolerance: number;
  readonly timeout: number;
  readonly production: boolean;
  readonly onSignIn: KindeOptions['onSignIn'];
  readonly renderProblem: ((problem: Problem) => string) | undefined;
  readonly webhooks: KindeOptions['webhooks'];
  readonly fetch: typeof fetch;
}

const OPTIONS = [
  ...[
    'issuer',
    'clientId',
    'clientSecret',
    'siteUrl',
    'secret',
    'redirectUri',
    'postLoginRedirect',
    'postLogoutRedirectUri',
  ],
  ...['audience', 'scope', 'paths', 'session', 'returnOrigins', 'clientAuthentication', 'clockTolerance', 'timeout'],
  ...['production', 'allowPrivateIssuer', 'renderProblem', 'onSignIn', 'webhooks', 'fetch'],
];
const PATHS: Omit<Paths, 'callback' | 'backchannelLogout'> = {
  login: '/login',
  register: '/register',
  logout: '/logout',
  createOrganization: '/create-organization',
  switchOrganization: '/switch-organization',
  user: '/user',
  portal: '/portal',
};

/**
 * Checks every option and applies the defaults.
 * @throws KindeError `config_invalid`, listing every problem at once and repeating no value.
 */
export function resolveConfig(given: KindeOptions): Config {
  // Without a prototype, nothing can be smuggled in through Object.prototype.
  const options = bare(given);
  const session = bare(options.session ?? {});
  const paths = bare(options.paths ?? {});
  const production = options.production ?? isProduction();
  const problems = [
    ...environmentProblems(production),
    ...unknown('', options, OPTIONS),
    ...unknown('session.', session, SESSION),
    ...unknown('paths.', paths, [...Object.keys(PATHS), 'callback', 'backchannelLogout']),
    ...sentences([...checkOptions(options, production), ...checkSession(session, options)], variableOf),
  ];
  if (problems.length > 0) throw invalidConfig(problems);

  const siteUrl = new URL(options.siteUrl).origin;
  const redirectUri = options.redirectUri ?? siteUrl + (paths.callback || '/callback');
  const routes = { ...PATHS, callback: new URL(redirectUri).pathname, ...paths };
  const named = Object.fromEntries(
    Object.entries(routes).map(([name, path]) => [name, path || undefined]),
  ) as Config['paths'];
  const avoid = [
    named.login,
    named.register,
    named.logout,
    named.callback,
    named.createOrganization,
    named.switchOrganization,
  ];
  return Object.freeze({
    issuer: options.issuer.replace(/\/$/, ''),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuthentication: options.clientAuthentication ?? 'client_secret_post',
    siteUrl,
    basePath: '',
    trustedOrigins: [],
    secrets: Object.freeze([options.secret].flat()),
    redirectUri,
    postLogoutRedirectUri: options.postLogoutRedirectUri ?? siteUrl,
    audience: Object.freeze([options.audience ?? []].flat()),
    scope: scopeOf(options.scope),
    paths: Object.freeze(named),
    returnRules: Object.freeze({
      origins: Object.freeze([siteUrl, ...(options.returnOrigins ?? [])]),
      fallback: new URL(options.postLoginRedirect ?? '/', siteUrl).href,
      avoid: Object.freeze(avoid.filter((path) => path !== undefined)),
    }),
    session: resolveSession(session, siteUrl, options.clientId),
    clockTolerance: options.clockTolerance ?? 60,
    timeout: options.timeout ?? 10,
    production,
    onSignIn: options.onSignIn,
    renderProblem: options.renderProblem,
    webhooks: options.webhooks,
    fetch: options.fetch ?? globalThis.fetch,
  });
}

function checkOptions(options: Partial<KindeOptions>, production: boolean): Checks {
  const { issuer, clientId, siteUrl, secret, redirectUri, postLogoutRedirectUri } = options;
  const secrets = [secret].flat();
  const onSite = (url: string | undefined) =>
    url === undefined || (URL.canParse(url) && new URL(url).protocol.startsWith('http'));
  return [
    ['issuer', checkIssuer(issuer, { production, allowPrivate: options.allowPrivateIssuer === true })],
    ['clientId', typeof clientId === 'string' && clientId ? undefined : 'is missing.'],
    ['siteUrl', checkOrigin(siteUrl)],
    ...(secrets.length > 0 ? secrets : [undefined]).map((one) => ['secret', checkSecret(one)] as const),
    ['redirectUri', onSite(redirectUri) ? undefined : 'must be an absolute URL that ends in your callback path.'],
    ['postLogoutRedirectUri', onSite(postLogoutRedirectUri) ? undefined : 'must be an absolute URL.'],
    ['audience', texts(options.audience) ? undefined : 'must be one or more API identifiers.'],
    ...(['clientSecret', 'postLoginRedirect', 'scope'] as const).map(
      (name) => [name, checkText(options[name])] as const,
    ),
    ...Object.entries(options.paths ?? {}).map(
      ([name, path]) => [`paths.${name}`, path === false ? undefined : checkPath(path)] as const,
    ),
    ...(options.returnOrigins ?? []).map((origin) => ['returnOrigins', checkOrigin(origin)] as const),
    ['clockTolerance', checkSeconds(options.clockTolerance ?? 60, [0, 299])],
    ['timeout', checkSeconds(options.timeout ?? 10, [1, 120])],
    [
      'clientAuthentication',
      ['client_secret_post', 'client_secret_basic', undefined].includes(options.clientAuthentication)
        ? undefined
        : 'must be client_secret_post or client_secret_basic.',
    ],
    ['webhooks', checkWebhooks(options.webhooks)],
    ...(['fetch', 'renderProblem', 'onSignIn'] as const).map((name) => [name, checkFunction(options[name])] as const),
  ];
}

function checkWebhooks(webhooks: KindeOptions['webhooks']): string | undefined {
  const fits = webhooks === undefined || (!checkPath(webhooks.path) && typeof webhooks.handle === 'function');
  return fits ? undefined : 'must be what createWebhooks of @kindling/webhooks makes: a path and a function `handle`.';
}

function texts(value: unknown): boolean {
  return value === undefined || [value].flat().every((item) => typeof item === 'string' && item !== '');
}

/** OpenID Connect needs `openid`; Kinde's name for the refresh scope is `offline` and it ignores the usual one. */
function scopeOf(scope = 'openid profile email offline'): string {
  const names = scope
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => (name === 'offline_access' ? 'offline' : name));
  return [...new Set(['openid', ...names])].join(' ');
}

function bare<T extends object>(given: T): T {
  return Object.assign(Object.create(null), given);
}
