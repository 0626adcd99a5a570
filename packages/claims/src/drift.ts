import { own } from '@kindling/internal';
import type { FlagDeclaration } from './define.js';

/** Permissions, roles and flags that exist at a tenant, as its Management API lists them. */
export interface TenantLists {
  /** Permissions, by key. */
  readonly permissions: readonly Keyed[];
  /** Roles, with the keys of their permissions. */
  readonly roles: readonly ListedRole[];
  /** Feature flags, with their types. */
  readonly flags: readonly ListedFlag[];
}

interface Keyed {
  /** The key, which for a flag is its code. */
  readonly key: string;
}

interface ListedRole extends Keyed {
  /** Keys of the role's permissions. */
  readonly permissions: readonly string[];
}

interface ListedFlag extends Keyed {
  /** Kinde's name of the type (`string`) or its letter (`s`). */
  readonly type: string;
}

/** One difference between a tenant and its declaration. */
export interface Drift {
  /** The kind of resource. */
  readonly kind: 'permission' | 'role' | 'flag';
  /** The key of the permission or role, or the code of the flag. */
  readonly key: string;
  /** `missing` at Kinde, `undeclared` in the code, or `different`. */
  readonly difference: 'missing' | 'undeclared' | 'different';
  /** Description of the difference, in one sentence. */
  readonly detail: string;
}

interface Declared {
  /** Permissions: key → description. */
  readonly permissions: Readonly<Record<string, string>>;
  /** Roles with their permissions, by key. */
  readonly roles: Readonly<Record<string, { readonly permissions: readonly string[] }>>;
  /** Feature flags, by code. */
  readonly flags: Readonly<Record<string, FlagDeclaration>>;
}

const LETTERS: Readonly<Record<string, string>> = {
  str: 's',
  string: 's',
  int: 'i',
  integer: 'i',
  bool: 'b',
  boolean: 'b',
  json: 'j',
  object: 'j',
};

/**
 * Compares the declaration of `defineKinde` with a tenant and returns every difference; an empty list for none. A permission
 * that the code requires and Kinde does not have is never granted.
 * @example checkDrift(tenant, lists).filter(({ difference }) => difference === 'missing')
 */
export function checkDrift(declared: Declared, actual: TenantLists): readonly Drift[] {
  return [
    ...compare('permission', Object.keys(declared.permissions), actual.permissions),
    ...compare('role', Object.keys(declared.roles), actual.roles),
    ...compare('flag', Object.keys(declared.flags), actual.flags),
    ...actual.roles.flatMap((role) => differentRole(role, declared)),
    ...actual.flags.flatMap((flag) => differentFlag(flag, declared)),
  ];
}

function compare(
  kind: Drift['kind'],
  declared: readonly string[],
  actual: readonly Keyed[],
): Drift[] {
  const found = actual.map(({ key }) => key);
  const missing = declared.filter((key) => !found.includes(key));
  const undeclared = found.filter((key) => !declared.includes(key));
  return [
    ...missing.map((key) => ({
      kind,
      key,
      difference: 'missing' as const,
      detail: `The ${kind} ${key} is declared but does not exist at Kinde.`,
    })),
    ...undeclared.map((key) => ({
      kind,
      key,
      difference: 'undeclared' as const,
      detail: `The ${kind} ${key} exists at Kinde but is not declared.`,
    })),
  ];
}

function differentRole({ key, permissions }: ListedRole, { roles }: Declared): Drift[] {
  const declared = own(roles, key);
  if (!declared) {
    return [];
  }
  const missing = declared.permissions.filter((one) => !permissions.includes(one));
  const extra = permissions.filter((one) => !declared.permissions.includes(one));
  const parts: string[] = [];
  if (missing.length > 0) {
    parts.push(`lacks ${missing.join(', ')}`);
  }
  if (extra.length > 0) {
    parts.push(`also has ${extra.join(', ')}`);
  }
  if (parts.length === 0) {
    return [];
  }
  const detail = `The role ${key} ${parts.join(' and ')} at Kinde.`;
  return [{ kind: 'role', key, difference: 'different', detail }];
}

function differentFlag({ key, type }: ListedFlag, { flags }: Declared): Drift[] {
  const declared = own(flags, key)?.type;
  const found = LETTERS[type.toLowerCase()] ?? type;
  if (declared === undefined || declared === found) {
    return [];
  }
  const detail = `The flag ${key} is declared with type ${declared} but has type ${found} at Kinde.`;
  return [{ kind: 'flag', key, difference: 'different', detail }];
}
