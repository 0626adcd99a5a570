import { bare, isLoopback, isProduction, isPublic, nearest } from '@kindling/internal';
import { KindeApiError, type Problem } from './errors.js';
import type { ManagementEvent } from './events.js';

/** Shares the access token between processes, since Kinde counts the tokens that it issues. */
export interface TokenStore {
  /** Reads the value of a key; null or `undefined` where there is none or it expired. */
  get(key: string): Promise<string | null | undefined>;
  /** Keeps a value for `maxAge` seconds. */
  set(key: string, value: string, maxAge: number): Promise<unknown>;
}

/** Options of a Management API client. */
export interface ManagementOptions {
  /** The domain of your tenant, `https://<tenant>.kinde.com`. Not a custom domain: Kinde does not serve this API there. */
  issuer: string;
  /** Accepts an issuer in production that is an address, or a name for one network. @default false */
  allowPrivateIssuer?: boolean;
  /** Client ID of a machine-to-machine application that is authorized for the Management API. */
  clientId: string;
  /** Client secret of that application. */
  clientSecret: string;
  /** Audience of the access token. @default the issuer and `/api` */
  audience?: string;
  /** Scopes of the access token, separated by spaces. @default all that the application was given */
  scope?: string;
  /** Attempts of one call, the first included. @default 3 */
  maxAttempts?: number;
  /** Seconds for one attempt, its response included. @default 30 */
  timeout?: number;
  /** Seconds for a whole call, with all attempts and the waits between them. @default 120 */
  deadline?: number;
  /** Calls at the same time; others wait for their turn. @default 10 */
  maxConcurrent?: number;
  /** Reaction to an answer that does not match the contract. @default 'off' */
  validate?: 'off' | 'warn' | 'throw';
  /** Shares the access token between processes. @default each process requests its own */
  tokenStore?: TokenStore;
  /** Called with every event, such as a retry; an error that it throws is ignored. */
  onEvent?: (event: ManagementEvent) => void;
  /** Sends the requests. @default globalThis.fetch */
  fetch?: typeof globalThis.fetch;
}

/** Options that are or hold a secret: they stay out of `Settings`, so that nobody prints them together with a client. */
const PRIVATE = ['clientSecret', 'tokenStore', 'onEvent'] as const;
type Private = (typeof PRIVATE)[number];
type Optional = 'scope' | 'allowPrivateIssuer';

/** Options with their defaults, without secrets. */
export type Settings = Readonly<
  Required<Omit<ManagementOptions, Private | Optional>> & Pick<ManagementOptions, Optional>
>;

const NUMBERS = {
  maxAttempts: 3,
  timeout: 30,
  deadline: 120,
  maxConcurrent: 10,
};
const WHOLE = ['maxAttempts', 'maxConcurrent'];
const LARGEST = 86_400;

/** Expectation and test of each option that is not a number. */
const OPTIONS: Record<string, { expected: string; test: (value: unknown) => boolean }> = {
  issuer: {
    expected: 'the origin of your tenant, such as https://acme.kinde.com, without a path',
    test: (value) => originOf(value) !== undefined,
  },
  allowPrivateIssuer: {
    expected: 'true or false',
    test: (value) => value === undefined || typeof value === 'boolean',
  },
  clientId: {
    expected: 'text',
    test: isText,
  },
  clientSecret: {
    expected: 'text',
    test: isText,
  },
  audience: {
    expected: 'text',
    test: (value) => value === undefined || isText(value),
  },
  scope: {
    expected: 'text',
    test: (value) => value === undefined || isText(value),
  },
  validate: {
    expected: "'off', 'warn' or 'throw'",
    test: (value) => [undefined, 'off', 'warn', 'throw'].includes(value as string),
  },
  tokenStore: {
    expected: 'an object with get and set',
    test: (value) => value === undefined || isStore(value),
  },
  onEvent: {
    expected: 'a function',
    test: (value) => value === undefined || typeof value === 'function',
  },
  fetch: {
    expected: 'a function',
    test: (value) => value === undefined || typeof value === 'function',
  },
};

/**
 * Checks options and adds the defaults.
 * @throws KindeApiError `config_invalid`, listing everything that is wrong.
 */
export function settingsOf(options: ManagementOptions): Settings {
  const problems = problemsWith(options);
  const issuer = originOf(bare(options ?? {}).issuer);
  if (problems.length > 0 || issuer === undefined) {
    throw invalid(problems);
  }
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && !PRIVATE.includes(name as Private),
  );
  const defaults = {
    ...NUMBERS,
    validate: 'off',
    fetch: globalThis.fetch,
    audience: `${issuer}/api`,
  } as const;
  return Object.freeze({
    ...defaults,
    ...(Object.fromEntries(given) as unknown as ManagementOptions),
    issuer,
  });
}

function problemsWith(options: ManagementOptions): Problem[] {
  const given = bare((options ?? {}) as unknown as Record<string, unknown>);
  const known = [...Object.keys(OPTIONS), ...Object.keys(NUMBERS)];
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  const wrong = Object.entries(OPTIONS).filter(([name, { test }]) => !test(given[name]));
  const problems = [
    ...unknown.map((name) => problemWith(name, unknownOption(name, known))),
    ...wrong.map(([name, { expected }]) => problemWith(name, `${name} must be ${expected}.`)),
  ];
  if (isForOneNetwork(given)) {
    problems.push(problemWith('issuer', PRIVATE_ISSUER));
  }
  return [...problems, ...problemsWithNumbers(given)];
}

function problemWith(field: string, message: string): Problem {
  return {
    code: 'OPTION_INVALID',
    message,
    field,
  };
}

function unknownOption(name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  if (guess === undefined) {
    return `${name} is not an option.`;
  }
  return `${name} is not an option (did you mean ${guess}?).`;
}

const PRIVATE_ISSUER =
  'issuer must have a public host name and https in production; set allowPrivateIssuer to use one for this machine or network.';

/** Checks whether the client secret would go, in production, to an address or a name that is not valid everywhere. */
function isForOneNetwork({
  issuer,
  allowPrivateIssuer,
}: Readonly<Record<string, unknown>>): boolean {
  const origin = originOf(issuer);
  if (origin === undefined || allowPrivateIssuer === true || !isProduction(environment())) {
    return false;
  }
  const { protocol, hostname } = new URL(origin);
  return protocol !== 'https:' || !isPublic(hostname);
}

/** The environment variables; none in runtimes without `process`. */
function environment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as {
    process?: { env?: Readonly<Record<string, string | undefined>> };
  };
  return process?.env ?? {};
}

/** Checks the numbers among options. Each may be left out, but not be null. */
export function problemsWithNumbers(given: Readonly<Record<string, unknown>>): Problem[] {
  const wrong = Object.keys(NUMBERS).filter(
    (name) => given[name] !== undefined && !isAmount(given[name], WHOLE.includes(name)),
  );
  return wrong.map((name) => {
    const kind = WHOLE.includes(name) ? 'a whole number' : 'a number';
    return problemWith(name, `${name} must be ${kind} above 0 and at most ${LARGEST}.`);
  });
}

function isAmount(value: unknown, isWhole: boolean): boolean {
  if (typeof value !== 'number' || (isWhole && !Number.isInteger(value))) {
    return false;
  }
  return value > 0 && value <= LARGEST;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== '';
}

function isStore(value: unknown): boolean {
  const { get, set } = (value ?? {}) as Partial<TokenStore>;
  return typeof get === 'function' && typeof set === 'function';
}

const VARIABLES = {
  issuer: ['KINDE_MANAGEMENT_DOMAIN', 'KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
  clientId: ['KINDE_MANAGEMENT_CLIENT_ID', 'MGMT_API_CLIENT_ID'],
  clientSecret: ['KINDE_MANAGEMENT_CLIENT_SECRET', 'MGMT_API_CLIENT_SECRET'],
} as const;
type Field = keyof typeof VARIABLES;

/**
 * Reads options from the environment. `options` win over variables. Nothing else in this package reads credentials there.
 * @throws KindeApiError `config_invalid`, naming every variable that is missing and every option that is wrong.
 */
export function managementOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = environment(),
  options: Partial<ManagementOptions> = {},
): ManagementOptions {
  const names = Object.entries(VARIABLES) as [Field, readonly string[]][];
  const found = Object.fromEntries(
    names.map(([field, variables]) => [
      field,
      bare(options)[field] ?? fromVariables(env, field, variables),
    ]),
  );
  const all = { ...options, ...found } as ManagementOptions;
  const missing = names.filter(([field]) => found[field] === undefined);
  const problems = [
    ...missing.map(([field, variables]) => ({
      code: 'VARIABLE_MISSING',
      message: `${variables.join(' or ')} is missing.`,
      field,
    })),
    ...problemsWith(all).filter(({ field }) => !missing.some(([name]) => name === field)),
  ];
  if (problems.length > 0) {
    throw invalid(problems);
  }
  return all;
}

/** The first variable that is set. A domain may be given without `https://`. */
function fromVariables(
  env: Readonly<Record<string, string | undefined>>,
  field: Field,
  variables: readonly string[],
): string | undefined {
  const value = variables.map((name) => bare(env)[name]?.trim()).find(Boolean);
  if (field === 'issuer' && value && !value.includes('://')) {
    return `https://${value}`;
  }
  return value;
}

function invalid(errors: readonly Problem[]): KindeApiError {
  const list = errors.map(({ message }) => `  - ${message}`);
  const message = `The options of the Management API client are invalid:\n${list.join('\n')}`;
  return new KindeApiError('config_invalid', message, { errors });
}

/** The origin of a URL that is nothing more than an origin. Plain http is for this machine only. */
function originOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    return undefined;
  }
  const url = new URL(value);
  if (!isSecure(url) || !isOriginOnly(url) || /[?#]/.test(value)) {
    return undefined;
  }
  return url.origin;
}

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function isOriginOnly({ pathname, search, hash, username, password }: URL): boolean {
  return pathname === '/' && !search && !hash && !username && !password;
}
