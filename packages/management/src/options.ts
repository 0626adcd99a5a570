import { KindeApiError, type Problem } from './errors.js';
import type { ManagementEvent } from './events.js';
import { isProduction, isPublic } from './issuer.js';

/** Where an application's token is kept for all processes that share it: Kinde counts the tokens it issues. */
export interface TokenStore {
  get(key: string): Promise<string | null | undefined>;
  /** `maxAge` in seconds. */
  set(key: string, value: string, maxAge: number): Promise<unknown>;
}

/** How to reach the Management API. */
export interface ManagementOptions {
  /** `https://<tenant>.kinde.com`. Never a custom domain: Kinde serves this API only on its own. */
  issuer: string;
  /** Accept an issuer in production that is an address, or a name for one network. @default false */
  allowPrivateIssuer?: boolean;
  /** Credentials of a machine-to-machine application that is authorized for the Management API. */
  clientId: string;
  clientSecret: string;
  /** @default the issuer and `/api` */
  audience?: string;
  /** What the token may do, separated by spaces. @default everything the application was given */
  scope?: string;
  /** Attempts of one call, the first included. @default 3 */
  maxAttempts?: number;
  /** Seconds for one attempt, its answer included. @default 30 */
  timeout?: number;
  /** Seconds for a whole call, with all attempts and the waits between them. @default 120 */
  deadline?: number;
  /** Calls at the same time; others wait for their turn. @default 10 */
  maxConcurrent?: number;
  /** What to do when an answer is not what the contract says. @default 'off' */
  validate?: 'off' | 'warn' | 'throw';
  tokenStore?: TokenStore;
  /** Called with everything that happens; what it throws is ignored. */
  onEvent?: (event: ManagementEvent) => void;
  fetch?: typeof globalThis.fetch;
}

/** Options with their defaults, but for those that are or hold a secret: whoever prints a client must not print that. */
export type Settings = Readonly<
  Required<Omit<ManagementOptions, (typeof PRIVATE)[number] | 'scope' | 'allowPrivateIssuer'>> &
    Pick<ManagementOptions, 'scope' | 'allowPrivateIssuer'>
>;

const PRIVATE = ['clientSecret', 'tokenStore', 'onEvent'] as const;

const NUMBERS = {
  maxAttempts: 3,
  timeout: 30,
  deadline: 120,
  maxConcurrent: 10,
};
const COUNTS = ['maxAttempts', 'maxConcurrent'];
const MOST = 86_400;

/** What each option that is not a number must be; the rest may be left out. */
const OPTIONS: Record<string, [expected: string, test: (value: unknown) => boolean]> = {
  issuer: [
    'the origin of your tenant, such as https://acme.kinde.com, without a path',
    (value) => originOf(value) !== undefined,
  ],
  allowPrivateIssuer: [
    'true or false',
    (value) => value === undefined || typeof value === 'boolean',
  ],
  clientId: ['text', isText],
  clientSecret: ['text', isText],
  audience: ['text', (value) => value === undefined || isText(value)],
  scope: ['text', (value) => value === undefined || isText(value)],
  validate: [
    "'off', 'warn' or 'throw'",
    (value) => [undefined, 'off', 'warn', 'throw'].includes(value as string),
  ],
  tokenStore: ['an object with get and set', (value) => value === undefined || isStore(value)],
  onEvent: ['a function', (value) => value === undefined || typeof value === 'function'],
  fetch: ['a function', (value) => value === undefined || typeof value === 'function'],
};

/** A copy without a prototype: what `Object.prototype` was given is no option. */
export function own<Options extends object>(options: Options): Options {
  return { __proto__: null, ...options } as Options;
}

/**
 * Checks options and fills in what they leave out.
 * @throws KindeApiError `config_invalid`, listing everything that is wrong.
 */
export function settingsOf(options: ManagementOptions): Settings {
  const problems = problemsWith(options);
  if (problems.length > 0) {
    throw invalid(problems);
  }
  const given = Object.entries(options).filter(
    ([name, value]) => value !== undefined && !PRIVATE.includes(name as (typeof PRIVATE)[number]),
  );
  const issuer = originOf(own(options).issuer)!;
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
  const given = own((options ?? {}) as unknown as Record<string, unknown>);
  const problem = (field: string, message: string) => ({
    code: 'OPTION_INVALID',
    message,
    field,
  });
  return [
    ...Object.keys(given)
      .filter((name) => !Object.hasOwn(OPTIONS, name) && !Object.hasOwn(NUMBERS, name))
      .map((name) => problem(name, `${name} is not an option.`)),
    ...Object.entries(OPTIONS)
      .filter(([name, [, test]]) => !test(given[name]))
      .map(([name, [expected]]) => problem(name, `${name} must be ${expected}.`)),
    ...(isForOneNetwork(given) ? [problem('issuer', PRIVATE_ISSUER)] : []),
    ...problemsWithNumbers(given),
  ];
}

const PRIVATE_ISSUER =
  'issuer is no public host name over https but for one machine or network; set allowPrivateIssuer if that is meant.';

/** In production, the client secret goes to no address, and to no name that is not everybody's. */
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

/** Not every runtime has one. */
function environment(): Readonly<Record<string, string | undefined>> {
  return (
    (globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }).process
      ?.env ?? {}
  );
}

/** What is wrong with the numbers among options; none of them may be left out by saying null. */
export function problemsWithNumbers(given: Readonly<Record<string, unknown>>): Problem[] {
  return Object.keys(NUMBERS)
    .filter((name) => given[name] !== undefined && !isAmount(given[name], COUNTS.includes(name)))
    .map((name) => ({
      code: 'OPTION_INVALID',
      message: `${name} must be ${COUNTS.includes(name) ? 'a whole number' : 'a number'} above 0 and at most ${MOST}.`,
      field: name,
    }));
}

function isAmount(value: unknown, whole: boolean): boolean {
  return (
    typeof value === 'number' && value > 0 && value <= MOST && (!whole || Number.isInteger(value))
  );
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

/**
 * Options from the environment; the only place that looks at it, and only when called.
 * @throws KindeApiError `config_invalid`, naming every variable that is missing and every option that is wrong.
 */
export function managementOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = environment(),
  options: Partial<ManagementOptions> = {},
): ManagementOptions {
  const names = Object.entries(VARIABLES) as [keyof typeof VARIABLES, readonly string[]][];
  const found = Object.fromEntries(
    names.map(([field, variables]) => {
      const value = variables.map((name) => own(env)[name]?.trim()).find(Boolean);
      return [
        field,
        own(options)[field] ??
          (field === 'issuer' && value && !value.includes('://') ? `https://${value}` : value),
      ];
    }),
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

function invalid(errors: readonly Problem[]): KindeApiError {
  const list = errors.map(({ message }) => `  - ${message}`).join('\n');
  return new KindeApiError(
    'config_invalid',
    `The Management API client is not configured correctly:\n${list}`,
    {
      errors,
    },
  );
}

/** The origin, where the value is nothing more than that. Plain http only for this machine. */
function originOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) {
    return undefined;
  }
  const { protocol, hostname, pathname, search, hash, username, password, origin } = new URL(value);
  const local = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (protocol !== 'https:' && !(protocol === 'http:' && local)) {
    return undefined;
  }
  if (pathname === '/' && !search && !hash && !username && !password && !/[?#]/.test(value)) {
    return origin;
  }
  return undefined;
}
