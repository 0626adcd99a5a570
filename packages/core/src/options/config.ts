import { bare } from '@kindling/internal';
import { createDiagnostics, type Diagnostics } from '../diagnostics/diagnostics.js';
import type { Problem } from '../http/http.js';
import { originsOf, type Problems } from './checks.js';
import { checkEach, unknownNames, withDefaults } from './entries.js';
import { asksForLocalKinde, environmentProblems, isProduction, variableOf } from './env.js';
import { checkCredentials, firstSteps } from './first-steps.js';
import { checkIssuerHost, localRefusal } from './issuer.js';
import { OPTIONS, PATHS, SESSION, SESSION_HINTS, type KindeOptions } from './options.js';
import { invalidConfig, sentences } from './problems.js';
import { checkSession, resolveSession, type SessionConfig } from './session.js';
import { checkPaths, checkUrls, placesOf, siteOf, type Places, type Site } from './site.js';

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
  /** Why a local Kinde is refused; `undefined` where one is accepted. */
  readonly localRefusal: string | undefined;
  /** Origin that requests of this server go to in place of the issuer's. */
  readonly backchannelUrl: string | undefined;
  /** Called with errors before they become replies. */
  readonly onError: KindeOptions['onError'];
  /** Tells the operator what happens. */
  readonly diagnostics: Diagnostics;
  /** Called with the user before their session starts. */
  readonly onSignIn: KindeOptions['onSignIn'];
  /** Renders error pages; `undefined` for the plain ones. */
  readonly renderProblem: ((problem: Problem) => string) | undefined;
  /** Receives Kinde's webhooks, at `paths.webhooks`. */
  readonly webhooks: KindeOptions['webhooks'];
  /** Used for every request to Kinde. */
  readonly fetch: typeof fetch;
  /** How messages name an option: by the variable that it was read from or is missing in, else by its own name. */
  readonly nameOf: (option: keyof KindeOptions) => string;
}

/**
 * Checks every option and applies the defaults.
 * @throws KindeError `config_invalid`, listing every problem at once and repeating no value.
 */
export function resolveConfig(given: KindeOptions): Config {
  const parts = partsOf(given);
  const { options, session, paths, site, production, localRefused } = parts;
  const problems = [
    ...environmentProblems(production),
    ...unknownNames(OPTIONS, options),
    ...unknownNames(SESSION, session, 'session.', SESSION_HINTS),
    ...unknownNames(PATHS, paths, 'paths.'),
    ...sentences(problemsOf(parts), (option) => variableOf(option, given)),
  ];
  if (problems.length > 0 || !site) {
    throw invalidConfig(problems, firstSteps(options, production));
  }
  const complete = withDefaults(OPTIONS, options);
  const secrets = Object.freeze([complete.secret].flat());
  const { onError, onEvent, onAudit, logger, userIdsInEvents, backchannelUrl } = complete;
  const diagnostics = createDiagnostics({ secrets, onEvent, onAudit, logger, userIdsInEvents });
  if (production && localRefused === undefined) {
    diagnostics.warn('emulator_in_production', LOCAL);
  }
  return Object.freeze({
    issuer: complete.issuer.replace(/\/$/, ''),
    clientId: complete.clientId,
    clientSecret: complete.clientSecret,
    clientAuthentication: complete.clientAuthentication,
    ...placesOf(options, paths, site),
    secrets,
    onError,
    diagnostics,
    audience: Object.freeze([complete.audience].flat()),
    scope: scopeOf(complete.scope),
    trustedOrigins: originsOf(complete.trustedOrigins),
    session: resolveSession(session, site, complete.clientId, diagnostics),
    clockTolerance: complete.clockTolerance,
    timeout: complete.timeout,
    production,
    localRefusal: localRefused,
    backchannelUrl: backchannelUrl && new URL(backchannelUrl).origin,
    onSignIn: complete.onSignIn,
    renderProblem: complete.renderProblem,
    webhooks: complete.webhooks,
    fetch: complete.fetch ?? globalThis.fetch,
    nameOf: (option: keyof KindeOptions) => variableOf(option, given) ?? `\`${option}\``,
  });
}

const LOCAL =
  'KINDE_LOCAL=true: this production build accepts a local Kinde, whose tokens anybody can make. It is for tests on this machine.';

/** Options, taken apart for their checks. */
interface Parts {
  readonly options: KindeOptions;
  readonly session: NonNullable<KindeOptions['session']>;
  readonly paths: NonNullable<KindeOptions['paths']>;
  /** The app's URL; `undefined` if it is missing or wrong. */
  readonly site: Site | undefined;
  readonly production: boolean;
  /** Whether `KINDE_LOCAL` is `true`. */
  readonly isAsked: boolean;
  /** Why a local Kinde is refused. */
  readonly localRefused: string | undefined;
}

/** Copies without prototypes, so that nothing is smuggled in through `Object.prototype`. */
function partsOf(given: KindeOptions): Parts {
  const options = bare(given);
  const { issuer, siteUrl, production = isProduction() } = options;
  const isAsked = asksForLocalKinde(given);
  return {
    options,
    session: bare(options.session ?? {}),
    paths: bare(options.paths ?? {}),
    site: siteOf(options.siteUrl),
    production,
    isAsked,
    localRefused: localRefusal({ issuer, siteUrl, production, isAsked }),
  };
}

/** Checks each option by itself, then those that have to fit to each other. */
function problemsOf(parts: Parts): Problems {
  const { options, session, paths, site, isAsked, localRefused } = parts;
  const rules = {
    production: localRefused !== undefined,
    allowPrivate: options.allowPrivateIssuer === true,
    note: isAsked ? ` ${localRefused}` : '',
  };
  // It has no other purpose in development than to name such a host.
  const ofBackchannel = { ...rules, allowPrivate: rules.allowPrivate || !rules.production };
  return [
    ...checkEach(OPTIONS, options),
    ['clientSecret', checkCredentials(options)],
    ['issuer', checkIssuerHost(options.issuer, rules)],
    ['backchannelUrl', checkIssuerHost(options.backchannelUrl, ofBackchannel)],
    ...checkUrls(options, site),
    ...checkEach(PATHS, paths, 'paths.'),
    ...checkPaths(options, paths, site),
    ...checkEach(SESSION, session, 'session.'),
    ...checkSession(session, site, Boolean(paths.backchannelLogout)),
  ];
}

/** OpenID Connect needs `openid`; Kinde's name for the refresh scope is `offline` and it ignores the usual one. */
function scopeOf(scope: string): string {
  const names = new Set(['openid']);
  for (const name of scope.split(/\s+/).filter(Boolean)) {
    names.add(name === 'offline_access' ? 'offline' : name);
  }
  return [...names].join(' ');
}
