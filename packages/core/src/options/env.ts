import { bare, isProduction as isProductionIn, nearest, own } from '@kindling/internal';
import type { Entry } from './entries.js';
import { OPTIONS, SESSION, type KindeOptions, type SessionOptions } from './options.js';
import { invalidConfig } from './problems.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A value from the environment, and the variable that had it. */
interface Finding {
  readonly value: unknown;
  readonly variable: string;
}

/** Values from the environment, by option. */
type Findings = Record<string, Finding | undefined>;

/** A variable that may have a few values only. */
interface Choice {
  /** The name of the variable. */
  readonly variable: string;
  /** Its values, in lower case. */
  readonly values: readonly string[];
}

/** `redis` and `postgres` name the store that the app passes: they have packages of their own. */
const SESSION_TYPE: Choice = {
  variable: 'SESSION_TYPE',
  values: ['cookie', 'memory', 'filesystem', 'redis', 'postgres'],
};
/** As in Kinde's other SDKs. There is one grant for users here, which always uses PKCE. */
const GRANT_TYPE: Choice = {
  variable: 'GRANT_TYPE',
  values: [
    'authorization_code',
    'authorization_code_with_pkce',
    'authorization_code_flow_with_pkce',
  ],
};

/** The clients that the stores of packages take. */
const CLIENTS = { redis: 'client', postgres: 'pool' } as const;

/** Key of the variables that options were read from. They are not enumerable, so a copy of the options has none. */
const READ_FROM = Symbol('variables');
/** Key of what `KINDE_LOCAL` says there. */
const LOCAL = Symbol('KINDE_LOCAL');

/**
 * Reads options from the environment: `KINDE_*` variables and those of Kinde's other SDKs, and only when called. `options` win.
 * `createKinde` checks the values; its errors name the variables that were set.
 * @throws KindeError `config_invalid` for variables that contradict this SDK.
 */
export function optionsFromEnv(
  env: Environment = environment(),
  options: Partial<KindeOptions> = {},
): KindeOptions {
  const given = bare(options);
  const found = findAll(env, OPTIONS);
  found['siteUrl'] ??= findSite(env, found['redirectUri']);
  // Of this environment, which need not be the process's. Where it says nothing, `createKinde` asks the process.
  if (isProduction(env)) {
    given.production ??= true;
  }
  checkChoices(env, given.session && bare(given.session));
  const inSession = findAll(env, SESSION);
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
  return Object.defineProperties(merged, {
    [READ_FROM]: { value: Object.freeze(bare(readFrom)) },
    [LOCAL]: { value: own(env, 'KINDE_LOCAL') ?? '' },
  }) as unknown as KindeOptions;
}

/** The environment variables of one option. */
export interface OptionVariables {
  /** Name of the option, such as `issuer` or `session.store`. */
  readonly option: string;
  /** Variables that the option is read from; the first one that is set wins. May be empty. */
  readonly variables: readonly string[];
  /** Variables that decide the value together with them, such as a port beside a host. May be empty. */
  readonly furtherVariables: readonly string[];
}

/** Lists the environment variables of all options that have any, for tools that explain a configuration. */
export function environmentVariables(): readonly OptionVariables[] {
  return [...listVariables(OPTIONS), ...listVariables(SESSION, 'session.')];
}

/** Finds the variable to name in a message: the one that an option was read from or, if it is missing, the one to set. */
export function variableOf(option: string, options: object): string | undefined {
  const { [READ_FROM]: readFrom } = options as { [READ_FROM]?: Readonly<Record<string, string>> };
  if (readFrom?.[option]) {
    return readFrom[option];
  }
  const isMissing = !bare(options as Readonly<Record<string, unknown>>)[option];
  if (isMissing) {
    return entriesOf(OPTIONS)[option]?.variables?.[0];
  }
  return undefined;
}

/**
 * Checks whether `NODE_ENV` stands for production: every name but the usual ones for development and tests does, in any
 * spelling. A missing or empty one is development.
 */
export function isProduction(env: Environment = environment()): boolean {
  return isProductionIn(env);
}

/** Checks whether `KINDE_LOCAL` is `true` where the options were read from, else in the environment of the process. */
export function asksForLocalKinde(options: object): boolean {
  const { [LOCAL]: text = own(environment(), 'KINDE_LOCAL') } = options as { [LOCAL]?: string };
  return text?.trim().toLowerCase() === 'true';
}

/** Finds what is wrong with the process itself. */
export function environmentProblems(
  production: boolean,
  env: Environment = environment(),
): string[] {
  if (production && own(env, 'NODE_TLS_REJECT_UNAUTHORIZED') === '0') {
    return [
      'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates, so that anybody can pretend to be Kinde. Unset it in production.',
    ];
  }
  return [];
}

/** Not every runtime has one. */
function environment(): Environment {
  return (globalThis as { process?: { env?: Environment } }).process?.env ?? {};
}

/** A table, to be walked through. */
function entriesOf(table: Readonly<Record<string, Entry>>): Readonly<Record<string, Entry>> {
  return table;
}

function listVariables(
  table: Readonly<Record<string, Entry>>,
  prefix = '',
): readonly OptionVariables[] {
  const lists = Object.entries(table).map(([name, { variables = [], furtherVariables = [] }]) => ({
    option: prefix + name,
    variables,
    furtherVariables,
  }));
  return lists.filter(
    ({ variables, furtherVariables }) => variables.length + furtherVariables.length > 0,
  );
}

function findAll(env: Environment, table: Readonly<Record<string, Entry>>): Findings {
  const found: Findings = bare({});
  for (const [option, { variables = [], read }] of Object.entries(table)) {
    found[option] = find(env, variables, read);
  }
  return found;
}

/** The first of the variables that is set. */
function find(
  env: Environment,
  variables: readonly string[],
  read: Entry['read'] = (text) => text,
): Finding | undefined {
  for (const variable of variables) {
    const text = own(env, variable)?.trim();
    if (text) {
      return { value: read(text, (name) => own(env, name)), variable };
    }
  }
  return undefined;
}

/** Without a variable for the site: the origin of the redirect URI, or `SITE_HOST` and `SITE_PORT` with Kinde's defaults. */
function findSite(env: Environment, redirectUri: Finding | undefined): Finding | undefined {
  const url = String(redirectUri?.value);
  if (redirectUri && URL.canParse(url)) {
    return { value: new URL(url).origin, variable: redirectUri.variable };
  }
  const host = own(env, 'SITE_HOST')?.trim() || '127.0.0.1';
  const port = own(env, 'SITE_PORT')?.trim() || '5000';
  return find(env, ['SITE_HOST', 'SITE_PORT'], () => `http://${host}:${port}`);
}

function valuesOf(found: Findings): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).flatMap(([option, finding]) => {
      if (finding?.value === undefined) {
        return [];
      }
      return [[option, finding.value]];
    }),
  );
}

/** Option → variable, for the options that the code does not set itself. */
function variablesOf(found: Findings, given: object = {}, prefix = ''): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [option, finding] of Object.entries(found)) {
    if (finding && !Object.hasOwn(given, option)) {
      variables[prefix + option] = finding.variable;
    }
  }
  return variables;
}

/** Refuses values that mean something in Kinde's other SDKs and nothing here. */
function checkChoices(env: Environment, given: SessionOptions = {}): void {
  const problems = [SESSION_TYPE, GRANT_TYPE].flatMap((choice) => choiceProblems(env, choice));
  if (problems.length > 0) {
    throw invalidConfig(problems);
  }
  const type = own(env, 'SESSION_TYPE')?.trim().toLowerCase();
  const isPackage = type === 'redis' || type === 'postgres';
  if (isPackage && !given.store && !given.coordination) {
    throw invalidConfig([
      `SESSION_TYPE is ${type}: pass \`session: { store: ${type}Store(${CLIENTS[type]}) }\` of @kindling/${type}.`,
    ]);
  }
}

function choiceProblems(env: Environment, { variable, values }: Choice): string[] {
  const value = own(env, variable)?.trim().toLowerCase();
  if (!value || values.includes(value)) {
    return [];
  }
  const list = `${variable} must be one of ${values.join(', ')}`;
  const guess = nearest(value, values);
  if (guess) {
    return [`${list}; did you mean ${guess}?`];
  }
  return [`${list}.`];
}
