import {
  checkFunction,
  checkIssuer,
  checkSecret,
  checkText,
  checkWhole,
  originsOf,
  sentences,
  unknown,
  type Checks,
} from './checks.js';
import type { Problem } from '../http/http.js';
import { bare } from '../own.js';
import {
  environmentProblems,
  invalidConfig,
  isProduction,
  variableOf,
  type KindeOptions,
} from './options.js';
import { checkSession, DECIDED, resolveSession, SESSION, type SessionConfig } from './session.js';
import { checkPaths, checkSite, checkUrls, PATHS, placesOf, siteOf, type Places } from './site.js';

/** Options with every default applied. Frozen: nothing that belongs to one request is ever stored on it. */
export interface Config extends Places {
  /** Kinde's issuer, without a slash at its end. */
  readonly issuer: string;
  /** The application's client ID. */
  readonly clientId: string;
  /** The application's client secret; `undefined` for a public client. */
  readonly clientSecret: string | undefined;
  /** How the client authenticates at the token endpoint. */
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  /** The first encrypts, all decrypt. */
  readonly secrets: readonly string[];
  /** API identifiers whose bearer tokens are accepted. */
  readonly audience: readonly string[];
  /** Scopes, separated by spaces. */
  readonly scope: string;
  /** Origins beside the app's own whose pages may act for its users. */
  readonly trustedOrigins: readonly string[];
  /** How sessions are kept. */
  readonly session: SessionConfig;
  /** Seconds that clocks may disagree. */
  readonly clockTolerance: number;
  /** Seconds for one whole request to Kinde. */
  readonly timeout: number;
  /** Whether explanations are hidden from visitors. */
  readonly production: boolean;
  /** Called with the user before their session starts. */
  readonly onSignIn: KindeOptions['onSignIn'];
  /** Renders error pages; `undefined` for the plain ones. */
  readonly renderProblem: ((problem: Problem) => string) | undefined;
  /** Receives Kinde's webhooks, at `paths.webhooks`. */
  readonly webhooks: KindeOptions['webhooks'];
  /** Used for every request to Kinde. */
  readonly fetch: typeof fetch;
}

const OPTIONS = [
  ...'issuer clientId clientSecret siteUrl secret redirectUri postLoginRedirect postLogoutRedirectUri'.split(
    ' ',
  ),
  ...'audience scope paths session returnOrigins trustedOrigins clientAuthentication clockTolerance'.split(
    ' ',
  ),
  ...'timeout production allowPrivateIssuer renderProblem onSignIn webhooks fetch'.split(' '),
];

/**
 * Checks every option and applies the defaults.
 * @throws KindeError `config_invalid`, listing every problem at once and repeating no value.
 */
export function resolveConfig(given: KindeOptions): Config {
  // Without a prototype, nothing can be smuggled in through Object.prototype.
  const options = bare(given);
  const session = bare(options.session ?? {});
  const paths = (options.paths = bare(options.paths ?? {}));
  const production = options.production ?? isProduction();
  const site = checkSite(options.siteUrl) ? undefined : siteOf(options.siteUrl);
  const checks = [
    ...checkOptions(options, production),
    ...checkUrls(options, site),
    ...checkPaths(options, paths, site),
    ...checkSession(session, options),
  ];
  const problems = [
    ...environmentProblems(production),
    ...unknown('', options, { known: OPTIONS }),
    ...unknown('session.', session, { known: SESSION, decided: DECIDED }),
    ...unknown('paths.', paths, {
      known: [...Object.keys(PATHS), 'callback', 'backchannelLogout'],
    }),
    ...sentences(checks, (option) => variableOf(option, given)),
  ];
  if (problems.length > 0 || !site) {
    throw invalidConfig(problems);
  }
  return Object.freeze({
    issuer: options.issuer.replace(/\/$/, ''),
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    clientAuthentication: options.clientAuthentication ?? 'client_secret_post',
    ...placesOf(options, paths, site),
    secrets: Object.freeze([options.secret].flat()),
    audience: Object.freeze([options.audience ?? []].flat()),
    scope: scopeOf(options.scope),
    trustedOrigins: originsOf(options.trustedOrigins),
    session: resolveSession(session, site, options.clientId),
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
  const { issuer, clientId, secret } = options;
  const secrets = [secret].flat();
  const knowsClient = ['client_secret_post', 'client_secret_basic', undefined].includes(
    options.clientAuthentication,
  );
  return [
    [
      'issuer',
      checkIssuer(issuer, { production, allowPrivate: options.allowPrivateIssuer === true }),
    ],
    ['clientId', typeof clientId === 'string' && clientId ? undefined : 'is missing.'],
    ['siteUrl', checkSite(options.siteUrl)],
    ...(secrets.length > 0 ? secrets : [undefined]).map(
      (one) => ['secret', checkSecret(one)] as const,
    ),
    ['audience', texts(options.audience) ? undefined : 'must be one or more API identifiers.'],
    ...(['clientSecret', 'scope'] as const).map(
      (name) => [name, checkText(options[name])] as const,
    ),
    ['clockTolerance', checkWhole(options.clockTolerance ?? 60, [0, 299])],
    ['timeout', checkWhole(options.timeout ?? 10, [1, 120])],
    [
      'clientAuthentication',
      knowsClient ? undefined : 'must be client_secret_post or client_secret_basic.',
    ],
    ...(['fetch', 'renderProblem', 'onSignIn'] as const).map(
      (name) => [name, checkFunction(options[name])] as const,
    ),
  ];
}

function texts(value: unknown): boolean {
  return (
    value === undefined || [value].flat().every((item) => typeof item === 'string' && item !== '')
  );
}

/** OpenID Connect needs `openid`; Kinde's name for the refresh scope is `offline` and it ignores the usual one. */
function scopeOf(scope = 'openid profile email offline'): string {
  const names = scope
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => (name === 'offline_access' ? 'offline' : name));
  return [...new Set(['openid', ...names])].join(' ');
}
