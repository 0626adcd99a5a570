import { KindeApiError, type Problem } from './errors.js';
import type { ManagementEvent } from './events.js';

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
  onEvent?: (event: ManagementEvent) => void;
  fetch?: typeof globalThis.fetch;
}

/** Options with their defaults. */
export type Settings = Readonly<Required<Omit<ManagementOptions, 'tokenStore' | 'onEvent' | 'scope'>>> &
  Readonly<Pick<ManagementOptions, 'tokenStore' | 'onEvent' | 'scope'>>;

/**
 * Checks options and fills in what they leave out.
 * @throws KindeApiError `config_invalid`, listing everything that is wrong.
 */
export function settingsOf(options: ManagementOptions): Settings {
  const problems: Problem[] = [];
  const wrong = (field: string, message: string) => void problems.push({ code: 'OPTION_INVALID', message, field });
  const issuer = originOf(options.issuer);
  if (issuer === undefined)
    wrong('issuer', 'issuer must be the origin of your tenant, such as https://acme.kinde.com, without a path.');
  for (const name of ['clientId', 'clientSecret'] as const)
    if (typeof options[name] !== 'string' || options[name] === '') wrong(name, `${name} is missing.`);
  const defaults = { maxAttempts: 3, timeout: 30, deadline: 120, maxConcurrent: 10 };
  const numbers = Object.entries(defaults).map(([name, fallback]) => {
    const value = options[name as keyof typeof defaults] ?? fallback;
    if (!(value > 0)) wrong(name, `${name} must be above 0.`);
    return [name, value];
  });
  if (problems.length > 0) throw invalid(problems);
  return Object.freeze({
    validate: 'off',
    fetch: globalThis.fetch,
    audience: `${issuer}/api`,
    ...options,
    ...(Object.fromEntries(numbers) as typeof defaults),
    issuer: issuer!,
  });
}

const VARIABLES = {
  issuer: ['KINDE_MANAGEMENT_DOMAIN', 'KINDE_ISSUER_URL', 'KINDE_HOST', 'KINDE_DOMAIN'],
  clientId: ['KINDE_MANAGEMENT_CLIENT_ID', 'MGMT_API_CLIENT_ID'],
  clientSecret: ['KINDE_MANAGEMENT_CLIENT_SECRET', 'MGMT_API_CLIENT_SECRET'],
} as const;

/**
 * Options from the environment; the only place that looks at it, and only when called.
 * @throws KindeApiError `config_invalid`, naming every variable that is missing.
 */
export function managementOptionsFromEnv(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options: Partial<ManagementOptions> = {},
): ManagementOptions {
  const problems: Problem[] = [];
  const found = Object.entries(VARIABLES).map(([field, names]) => {
    const value = options[field as keyof typeof VARIABLES] ?? names.map((name) => env[name]?.trim()).find(Boolean);
    if (!value) problems.push({ code: 'VARIABLE_MISSING', message: `${names.join(' or ')} is missing.`, field });
    return [field, field === 'issuer' && value && !value.includes('://') ? `https://${value}` : value];
  });
  if (problems.length > 0) throw invalid(problems);
  return { ...options, ...(Object.fromEntries(found) as Pick<ManagementOptions, keyof typeof VARIABLES>) };
}

function invalid(errors: readonly Problem[]): KindeApiError {
  const list = errors.map(({ message }) => `  - ${message}`).join('\n');
  return new KindeApiError('config_invalid', `The Management API client is not configured correctly:\n${list}`, {
    errors,
  });
}

/** The origin, where the value is nothing more than that. Plain http only for this machine. */
function originOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const { protocol, hostname, pathname, search, hash, username, password, origin } = new URL(value);
  const local = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
  if (protocol !== 'https:' && !(protocol === 'http:' && local)) return undefined;
  return pathname === '/' && !search && !hash && !username && !password && !/[?#]/.test(value) ? origin : undefined;
}
