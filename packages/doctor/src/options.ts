import { isProduction, type checkDrift } from '@kindling/core';

/** What the comparison with Kinde needs of a `defineKinde` object. */
export type DeclaredTenant = Parameters<typeof checkDrift>[0];

/** What is looked at, and with what. */
export interface DiagnoseOptions {
  /** The app's environment. @default process.env */
  env?: Readonly<Record<string, string | undefined>>;
  /** A `defineKinde` object to compare with what Kinde has. @default nothing is compared */
  tenant?: DeclaredTenant;
  /** Used for every request to Kinde. Tests pass the emulator's. @default globalThis.fetch */
  fetch?: typeof globalThis.fetch;
  /** The time in Unix seconds. @default the clock of this machine */
  now?: () => number;
}

/** Options with their defaults. */
export interface Settings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tenant: DeclaredTenant | undefined;
  readonly fetch: typeof globalThis.fetch;
  readonly now: () => number;
  readonly production: boolean;
}

/**
 * Fills in what options leave out.
 * @throws TypeError for a tenant that `defineKinde` would not take, or a `fetch` or `now` that is no function.
 */
export function settingsOf(options: DiagnoseOptions): Settings {
  // Without a prototype: what `Object.prototype` was given is no option.
  const {
    env = process.env,
    tenant,
    fetch,
    now,
  }: DiagnoseOptions = { __proto__: null, ...options } as DiagnoseOptions;
  if (tenant !== undefined && !isTenant(tenant)) {
    throw new TypeError(
      'The tenant must be a defineKinde object, with permissions, roles and flags.',
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
    fetch: fetch ?? globalThis.fetch,
    now: now ?? (() => Date.now() / 1000),
    production: isProduction(env),
  };
}

/** Whether a value can be compared with what Kinde has. */
export function isTenant(value: unknown): value is DeclaredTenant {
  const { permissions, roles, flags } = (value ?? {}) as Record<string, unknown>;
  return (
    isRecord(permissions) &&
    isRecord(roles) &&
    isRecord(flags) &&
    Object.values(roles).every((role) => isRecord(role) && Array.isArray(role['permissions'])) &&
    Object.values(flags).every((flag) => isRecord(flag) && typeof flag['type'] === 'string')
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
