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
  /** Name for addresses. */
  readonly handle?: string;
  /** Features of its plan, by key, each with its limit. */
  readonly entitlements?: Readonly<
    Record<string, { readonly name: string; readonly max?: number }>
  >;
  /** Property values by key. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Whether every sign-in to it is refused. @default false */
  readonly isSuspended?: boolean;
}

/** Declares a user of the emulator, with roles and permissions in each organization. */
interface Person<Permissions, Roles, Declared extends Flags, Organizations> {
  /** User id, the `sub` of tokens. @default derived from the address */
  readonly id?: string;
  /** Your own id of the user. */
  readonly externalId?: string;
  /** E-mail address. */
  readonly email: string;
  /** First name. */
  readonly givenName?: string;
  /** Last name. */
  readonly familyName?: string;
  /** Password that the sign-in form asks for. */
  readonly password?: string;
  /** URL of a picture. */
  readonly picture?: string;
  /** Phone number. */
  readonly phone?: string;
  /** User name. */
  readonly username?: string;
  /** Property values by key. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Whether sign-in and refresh are refused. @default false */
  readonly isSuspended?: boolean;
  /** Organizations of the user, by code. @default none */
  readonly organizations?: {
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

/** Declares an application of the emulator. */
interface Application {
  /** Name that pages show; unique. */
  readonly name: string;
  /** Kind of application: back end, single-page app, machine or device. */
  readonly type: 'reg' | 'spa' | 'm2m' | 'device';
  /** The `client_id`. @default one that stays the same for this name, with a secret unless it is a single-page app */
  readonly clientId?: string;
  /** The `client_secret`. */
  readonly clientSecret?: string;
  /** Redirect URIs that it may use. @default none */
  readonly redirectUris?: readonly string[];
  /** Redirect URIs after logout. @default none */
  readonly logoutUris?: readonly string[];
  /** Paths below the address of the app that are redirect URIs, too. @default none */
  readonly callbacks?: readonly string[];
  /** Audiences of the APIs that it may request tokens for. @default none */
  readonly audiences?: readonly string[];
  /** Scopes that it may have of an API, by audience. @default all */
  readonly scopes?: Readonly<Record<string, readonly string[]>>;
  /** Scopes that it may have of the Management API; `true` for all. @default none */
  readonly management?: true | readonly string[];
  /** Lifetimes, in seconds, and claims of its tokens. */
  readonly tokens?: {
    /** Of an access token. */
    readonly accessTokenLifetime?: number;
    /** Of an ID token. */
    readonly idTokenLifetime?: number;
    /** Of a refresh token. */
    readonly refreshTokenLifetime?: number;
    /** Of Kinde's own session. */
    readonly sessionLifetime?: number;
    /** Optional claims. */
    readonly claims?: readonly ('roles' | 'email' | 'org_name' | 'organizations')[];
    /** Whether claims are renamed to `x-hasura-…`. */
    readonly hasuraMapping?: boolean;
    /** Value of `ksp.persistent`. */
    readonly persistent?: boolean;
  };
}

/** What only the emulator reads, beside organizations and users. */
interface Development {
  /** Registered applications. @default one for your app and one for machines */
  readonly applications?: readonly Application[];
  /** APIs that applications can request tokens for, with the keys of their scopes. */
  readonly apis?: readonly {
    /** Audience, the `aud` of tokens. */
    readonly audience: string;
    /** Name. */
    readonly name: string;
    /** Keys of its scopes. */
    readonly scopes: readonly string[];
  }[];
  /** Webhooks, with the types of events that they get. */
  readonly webhooks?: readonly {
    /** URL that events are sent to. */
    readonly endpoint: string;
    /** Name. @default the endpoint */
    readonly name?: string;
    /** Types of events, such as `user.created`. */
    readonly events: readonly string[];
  }[];
  /** API keys of the environment, as callers present them. */
  readonly apiKeys?: readonly {
    /** Name. */
    readonly name: string;
    /** The key. */
    readonly key: string;
    /** Audience of the API that it is for. */
    readonly audience: string;
    /** Scopes that it has. @default none */
    readonly scopes?: readonly string[];
  }[];
  /** Environment variables of workflows: name → value. */
  readonly environmentVariables?: Readonly<Record<string, string>>;
  /** Invitations to organizations, by the code; their roles are keys. */
  readonly invitations?: readonly {
    /** Address of the invited user. */
    readonly email: string;
    /** Code of the organization. */
    readonly organization: string;
    /** First name for the registration page. */
    readonly firstName?: string;
    /** Last name for the registration page. */
    readonly lastName?: string;
    /** Keys of roles that come with it. @default none */
    readonly roles?: readonly string[];
  }[];
}

/** Declares a tenant: the keys that your code may use, and the data of the emulator. */
export interface Tenant<
  Permissions,
  Roles,
  Declared extends Flags,
  Organizations,
  People = readonly unknown[],
> extends Development {
  /** Permissions: key → description. */
  readonly permissions: Permissions;
  /** Roles, by key. */
  readonly roles: { readonly [Key in keyof Roles]: Role<Permissions> };
  /** Feature flags, by code. */
  readonly flags: Declared;
  /** Organizations of the emulator, by code, such as `org_acme`. */
  readonly organizations?: { readonly [Code in keyof Organizations]: Organization<Declared> };
  /** Users of the emulator: a list, or an object by a short name, such as `ada`, which tests can then call them by. */
  // Without inference from here: a user may be in some of the organizations only.
  readonly people?: {
    readonly [Key in keyof People]: Person<
      Permissions,
      NoInfer<Roles>,
      Declared,
      NoInfer<Organizations>
    >;
  };
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
  const People,
>(
  tenant: Tenant<Permissions, Roles, Declared, Organizations, People> & {
    readonly flags: {
      readonly [Code in keyof Declared]: { readonly value: ValueOf<Declared[Code]> };
    };
  },
): Tenant<Permissions, Roles, Declared, Organizations, People> {
  return tenant;
}
