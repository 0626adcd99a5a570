import type { FlagLetter, FlagValue, ValueOf } from './keys.js';

/** Declares a feature flag. */
export interface FlagDeclaration {
  /** Type: `s` string, `b` boolean, `i` integer, `j` JSON. */
  readonly type: FlagLetter;
  /** Value where nothing overrides it. */
  readonly value: FlagValue;
  /** All values that the flag may have, if they are few. @default every value of the type */
  readonly values?: readonly FlagValue[];
}

type Flags = Readonly<Record<string, FlagDeclaration>>;
type FlagValues<Declared extends Flags> = {
  readonly [Code in keyof Declared]?: ValueOf<Declared[Code]>;
};

/** Declares a role. */
interface Role<Permissions> {
  /** Display name. */
  readonly name: string;
  /** Keys of its permissions. */
  readonly permissions: readonly (keyof Permissions & string)[];
  /** Whether users get the role when they register. @default false */
  readonly isDefault?: boolean;
}

/** Declares an organization of the emulator. */
interface Organization<Declared extends Flags> {
  /** Display name. */
  readonly name: string;
  /** Flags whose values differ in this organization. */
  readonly flags?: FlagValues<Declared>;
  /** Whether users join it when they name none. @default false */
  readonly isDefault?: boolean;
  /** Whether users can join by registering. @default false */
  readonly allowRegistrations?: boolean;
}

/** Declares a user of the emulator, with roles and permissions in each organization. */
interface Person<Permissions, Roles, Declared extends Flags, Organizations> {
  /** E-mail address. */
  readonly email: string;
  /** First name. */
  readonly givenName?: string;
  /** Last name. */
  readonly familyName?: string;
  /** Organizations of the user, by code. */
  readonly organizations: {
    readonly [Code in keyof Organizations]?: {
      /** Keys of the roles. */
      readonly roles?: readonly (keyof Roles & string)[];
      /** Keys of permissions that are granted directly. */
      readonly permissions?: readonly (keyof Permissions & string)[];
    };
  };
  /** Flags whose values differ for this user. */
  readonly flags?: FlagValues<Declared>;
}

/** Declares a tenant: the keys that your code may use, and the data of the emulator. */
export interface Tenant<Permissions, Roles, Declared extends Flags, Organizations> {
  /** Permissions: key → description. */
  readonly permissions: Permissions;
  /** Roles, by key. */
  readonly roles: { readonly [Key in keyof Roles]: Role<Permissions> };
  /** Feature flags, by code. */
  readonly flags: Declared;
  /** Organizations of the emulator, by code, such as `org_acme`. */
  readonly organizations?: { readonly [Code in keyof Organizations]: Organization<Declared> };
  /** Users of the emulator. */
  // Without inference from here: a user may be in some of the organizations only.
  readonly people?: readonly Person<
    Permissions,
    NoInfer<Roles>,
    Declared,
    NoInfer<Organizations>
  >[];
}

/**
 * Declares permissions, roles and flags once. A role with an unknown permission, a flag whose value is not of its type and a
 * user in an unknown organization are compile errors. Registered, the declared keys become the only ones that
 * `getPermission`, `getFlag`, `has` and `protect` accept; the object also seeds the emulator.
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
