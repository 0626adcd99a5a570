import type { FlagDeclaration } from './define.js';

/** What a tenant has, as its Management API lists it. */
export interface TenantLists {
  readonly permissions: readonly { readonly key: string }[];
  /** With the keys of each role's permissions. */
  readonly roles: readonly { readonly key: string; readonly permissions: readonly string[] }[];
  /** `type` in Kinde's words or letters. */
  readonly flags: readonly { readonly key: string; readonly type: string }[];
}

/** One way in which a tenant differs from what was declared. */
export interface Drift {
  readonly kind: 'permission' | 'role' | 'flag';
  readonly key: string;
  /** `missing` at Kinde, `undeclared` in the code, or `different`. */
  readonly difference: 'missing' | 'undeclared' | 'different';
  readonly detail: string;
}

interface Declared {
  readonly permissions: Readonly<Record<string, string>>;
  readonly roles: Readonly<Record<string, { readonly permissions: readonly string[] }>>;
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
 * Compares what `defineKinde` declares with what a tenant has: a permission that the code asks for and Kinde does not know
 * is never granted. Answers every difference, an empty list for none.
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
  actual: readonly { readonly key: string }[],
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

function differentRole(
  { key, permissions }: TenantLists['roles'][number],
  { roles }: Declared,
): Drift[] {
  const wanted = Object.hasOwn(roles, key) ? roles[key]!.permissions : permissions;
  const lacking = wanted.filter((one) => !permissions.includes(one));
  const extra = permissions.filter((one) => !wanted.includes(one));
  if (lacking.length + extra.length === 0) {
    return [];
  }
  const parts = [
    lacking.length > 0 && `lacks ${lacking.join(', ')}`,
    extra.length > 0 && `also has ${extra.join(', ')}`,
  ].filter(Boolean);
  return [
    {
      kind: 'role',
      key,
      difference: 'different',
      detail: `The role ${key} ${parts.join(' and ')} at Kinde.`,
    },
  ];
}

function differentFlag({ key, type }: TenantLists['flags'][number], { flags }: Declared): Drift[] {
  const wanted = Object.hasOwn(flags, key) ? flags[key]!.type : undefined;
  const found = LETTERS[type.toLowerCase()] ?? type;
  if (wanted === undefined || wanted === found) {
    return [];
  }
  return [
    {
      kind: 'flag',
      key,
      difference: 'different',
      detail: `The flag ${key} is declared with type ${wanted} but has type ${found} at Kinde.`,
    },
  ];
}
