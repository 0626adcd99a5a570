import type { FlagLetter, FlagValue, ValueOf } from './keys.js';

/** A feature flag: its type, its value where nothing overrides it, and the values it may have, if they are few. */
export interface FlagDeclaration {
  readonly type: FlagLetter;
  readonly value: FlagValue;
  readonly values?: readonly FlagValue[];
}

type Flags = Readonly<Record<string, FlagDeclaration>>;
type FlagValues<Declared extends Flags> = {
  readonly [Code in keyof Declared]?: ValueOf<Declared[Code]>;
};

/** What a role of these permissions is. */
interface Role<Permissions> {
  readonly name: string;
  readonly permissions: readonly (keyof Permissions & string)[];
  /** Given to people who register. */
  readonly isDefault?: boolean;
}

/** An organization of the local Kinde, with the flags that differ there. */
interface Organization<Declared extends Flags> {
  readonly name: string;
  readonly flags?: FlagValues<Declared>;
  readonly isDefault?: boolean;
  readonly allowRegistrations?: boolean;
}

/** A person of the local Kinde, and what they are in each organization. */
interface Person<Permissions, Roles, Declared extends Flags, Organizations> {
  readonly email: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly organizations: {
    readonly [Code in keyof Organizations]?: {
      readonly roles?: readonly (keyof Roles & string)[];
      readonly permissions?: readonly (keyof Permissions & string)[];
    };
  };
  readonly flags?: FlagValues<Declared>;
}

/** A tenant in one object: what your code may ask for, and who is there in development. */
export interface Tenant<Permissions, Roles, Declared extends Flags, Organizations> {
  /** Key → description. */
  readonly permissions: Permissions;
  readonly roles: { readonly [Key in keyof Roles]: Role<Permissions> };
  readonly flags: Declared;
  /** By code, such as `org_acme`. */
  readonly organizations?: { readonly [Code in keyof Organizations]: Organization<Declared> };
  /** What they are in says nothing about which organizations there are: a person may be in some of them only. */
  readonly people?: readonly Person<
    Permissions,
    NoInfer<Roles>,
    Declared,
    NoInfer<Organizations>
  >[];
}

/**
 * Declares permissions, roles and flags once. A role that names an unknown permission, a flag whose value is not of its
 * type, a person in an unknown organization: each is a compile error here. Registered, the same keys become the only ones
 * that `getPermission`, `getFlag`, `has` and `protect` accept; the object also seeds the emulator.
 * @example
 * export const tenant = defineKinde({ permissions: { 'create:todos': 'Add todos' }, roles: {}, flags: {} });
 * declare global { namespace Kindling { interface Register { tenant: typeof tenant } } }
 */
export function defineKinde<
  const Permissions extends Readonly<Record<string, string>>,
  const Roles,
  const Declared extends Flags,
  const Organizations,
>(
  tenant: Tenant<Permissions, Roles, Declared, Organizations> & {
    readonly flags: {
      readonly [Code in keyof Declared]: { readonly value: ValueOf<Declared[Code]> };
    };
  },
): Tenant<Permissions, Roles, Declared, Organizations> {
  return tenant;
}
