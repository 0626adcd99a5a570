import { isProduction, type checkDrift } from '@kindling/core';
import { bare } from '@kindling/internal';

/** The part of a `defineKinde` object that is compared with Kinde: permissions, roles and flags. */
export type DeclaredTenant = Parameters<typeof checkDrift>[0];

/** Options of `diagnose`. */
export interface DiagnoseOptions {
  /** The environment variables of the app. @default process.env */
  env?: Readonly<Record<string, string | undefined>>;
  /** A `defineKinde` object to compare with Kinde. @default nothing is compared */
  tenant?: DeclaredTenant;
  /** Table of `@kindling/postgres`, or `schema.table`, looked for at `DATABASE_URL`. @default 'kinde_sessions' */
  table?: string;
  /** Sends the requests to Kinde, and one to the app where it is on this machine. Tests pass the emulator's. @default globalThis.fetch */
  fetch?: typeof globalThis.fetch;
  /** Returns the time in Unix seconds. @default the clock of this machine */
  now?: () => number;
}

/** Options with their defaults. */
export interface Settings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tenant: DeclaredTenant | undefined;
  /** Where it is given, sessions are in Postgres for certain. */
  readonly table: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly production: boolean;
}

/** A table, or `schema.table`, as @kindling/postgres accepts it. */
const TABLE = /^([a-z_]\w{0,62}\.)?[a-z_]\w{0,43}$/i;

/**
 * Checks options and adds the defaults.
 * @throws TypeError for a tenant that `defineKinde` would not accept, a table whose name is no identifier, or a `fetch` or `now` that is
 * no function.
 */
export function settingsOf(options: DiagnoseOptions): Settings {
  const { env = process.env, tenant, table, fetch, now } = bare(options);
  if (tenant !== undefined && !isTenant(tenant)) {
    throw new TypeError(
      'The tenant must be a defineKinde object, with permissions, roles and flags.',
    );
  }
  if (table !== undefined && !isTable(table)) {
    throw new TypeError(
      'The table must be a name or schema.name: letters, digits, underscores, 44 at most.',
    );
  }
  for (const [name, value] of Object.entries({ fetch, now })) {
    if (value !== undefined && typeof value !== 'function') {
      throw new TypeError(`${name} must be a function.`);
    }
  }
  return {
    env,
    tenant,
    table,
    fetch: fetch ?? globalThis.fetch,
    now: now ?? (() => Date.now() / 1000),
    production: isProduction(env),
  };
}

/** Checks for a `defineKinde` object. */
export function isTenant(value: unknown): value is DeclaredTenant {
  const { permissions, roles, flags } = (value ?? {}) as Record<string, unknown>;
  if (!isRecord(permissions) || !isRecord(roles) || !isRecord(flags)) {
    return false;
  }
  return Object.values(roles).every(isRole) && Object.values(flags).every(isFlag);
}

function isTable(value: unknown): boolean {
  return typeof value === 'string' && TABLE.test(value);
}

function isRole(role: unknown): boolean {
  return isRecord(role) && Array.isArray(role['permissions']);
}

function isFlag(flag: unknown): boolean {
  return isRecord(flag) && typeof flag['type'] === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
