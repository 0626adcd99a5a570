// The types of a seed. `schema.ts` holds the checks of the same object; a test lets the compiler prove that both agree.

/** Value of a feature flag. Its type decides which: string (`s`), boolean (`b`), integer (`i`), or object or array (`j`). */
export type FlagValue = string | boolean | number | object;

/** A whole tenant as one object. Keys that refer to each other, such as a role's permissions, are checked at start-up. */
export interface Seed {
  /** Address of the JSON schema of this object, for editors. Only useful in a JSON file; ignored here. */
  $schema?: string;
  /** Permissions: key → description. */
  permissions: Record<string, string>;
  /** Roles by key. */
  roles: Record<string, SeedRole>;
  /** Feature flags by code, with the value that applies where nothing overrides it. */
  flags: Record<string, SeedFlag>;
  /** Organizations by code, which is `org_` followed by letters and digits. */
  organizations: Record<string, SeedOrganization>;
  /** Users who can sign in. */
  people: SeedPerson[];
  /** Registered applications. @default one for your app and one for machines, with credentials that stay the same */
  applications?: SeedApplication[];
  /** APIs that applications can request tokens for. @default none but the Management API */
  apis?: SeedApi[];
  /** Webhooks that events are sent to. @default none */
  webhooks?: SeedWebhook[];
  /** API keys of the environment. @default none */
  apiKeys?: SeedApiKey[];
  /** Environment variables of workflows: name → value. @default none */
  environmentVariables?: Record<string, string>;
  /** Invitations to organizations. @default none */
  invitations?: SeedInvitation[];
}

/** A role and its permissions. */
export interface SeedRole {
  /** Name that pages and tokens show. */
  name: string;
  /** Keys of the permissions that the role grants. */
  permissions: string[];
  /** Assigns the role to users who register or join an organization. @default false */
  isDefault?: boolean;
}

/** A feature flag. */
export interface SeedFlag {
  /** Type of the value: string, boolean, integer or JSON. */
  type: 's' | 'b' | 'i' | 'j';
  /** Value where no environment, organization or user overrides it. */
  value: FlagValue;
  /** Values that the flag may have. Only the seed's own value is checked against them. @default any of its type */
  values?: FlagValue[];
}

/** An organization, with the flags that differ there. */
export interface SeedOrganization {
  /** Name that pages and tokens show. */
  name: string;
  /** Flag values that override those of the tenant, by code. @default none */
  flags?: Record<string, FlagValue>;
  /** Features of its plan, by key. Only the Account API and billing return them. @default none */
  entitlements?: Record<string, SeedEntitlement>;
  /** Lets users join by signing in with its `org_code`. @default false */
  allowRegistrations?: boolean;
  /** Makes it the organization of users who register without naming one. @default false */
  isDefault?: boolean;
  /** Name for addresses; no other organization may have the same, whatever its case. @default none */
  handle?: string;
  /** Property values by key. A property belongs either to users or to organizations. @default none */
  properties?: Record<string, string>;
  /** Refuses every sign-in to the organization. @default false */
  isSuspended?: boolean;
}

/** A feature that an organization's plan includes. */
export interface SeedEntitlement {
  /** Name of the feature and of its price. */
  name: string;
  /** Limit, a whole number. @default unlimited */
  max?: number;
}

/** A user who can sign in, and their roles in each organization. */
export interface SeedPerson {
  /** Short name, such as `ada`, by which commands and tests call the user. @default none */
  key?: string;
  /** User id, the `sub` of tokens. @default derived from the e-mail address, the same at every start */
  id?: string;
  /** The app's own id of the user, as tokens and the Management API have it. @default none */
  externalId?: string;
  /** E-mail address to sign in with; unique, whatever its case. */
  email: string;
  /** First name. @default none */
  givenName?: string;
  /** Last name. @default none */
  familyName?: string;
  /** Password that the sign-in form then asks for. Choosing a user's card never needs it. @default none */
  password?: string;
  /** URL of a picture. @default none */
  picture?: string;
  /** Phone number to sign in with; unique. @default none */
  phone?: string;
  /** User name to sign in with; unique, whatever its case. @default none */
  username?: string;
  /** Memberships by the code of the organization. */
  organizations: Record<string, SeedMembership>;
  /** Flag values that override those of the organization, by code. @default none */
  flags?: Record<string, FlagValue>;
  /** Property values by key. A property belongs either to users or to organizations. @default none */
  properties?: Record<string, string>;
  /** Refuses sign-in and refresh. @default false */
  isSuspended?: boolean;
}

/** Roles and permissions of a user in one organization. */
export interface SeedMembership {
  /** Keys of roles. @default none */
  roles?: string[];
  /** Keys of permissions granted beside those of the roles. @default none */
  permissions?: string[];
}

/** An application as registered at Kinde. */
export interface SeedApplication {
  /** Name that pages show. */
  name: string;
  /** The `client_id`; unique. @default one that stays the same for this name, with a secret unless it is a single-page app */
  clientId?: string;
  /** The `client_secret`. @default none where there is a `clientId`, for a public client */
  clientSecret?: string;
  /** Kind of application: regular back end, single-page app, machine-to-machine or device. */
  type: 'reg' | 'spa' | 'm2m' | 'device';
  /** Redirect URIs it may use, equal character by character; one `*` may stand in the left-most label of the host. */
  redirectUris: string[];
  /** Redirect URIs after logout, compared in the same way. */
  logoutUris: string[];
  /** Paths below the address of the app that are redirect URIs, too, such as `/callback`. @default none */
  callbacks?: string[];
  /** Audiences of the APIs it may request tokens for. @default none */
  audiences?: string[];
  /** Scopes it may have of an API, by audience. @default all scopes of that API */
  scopes?: Record<string, string[]>;
  /** Scopes it may have of the Management API; `true` for all. @default none */
  management?: true | string[];
  /** Lifetimes and claims of its tokens. @default Kinde's defaults */
  tokens?: TokenSettings;
}

/** Lifetimes, in seconds, and claims of an application's tokens. */
export interface TokenSettings {
  /** Lifetime of an access token in seconds. @default 86400 */
  accessTokenLifetime?: number;
  /** Lifetime of an ID token in seconds. @default 3600 */
  idTokenLifetime?: number;
  /** Lifetime of a refresh token in seconds. @default 1296000 */
  refreshTokenLifetime?: number;
  /** Seconds for which Kinde's own session signs a user in without a page. @default unlimited */
  sessionLifetime?: number;
  /** Optional claims to include. @default none */
  claims?: ('roles' | 'email' | 'org_name' | 'organizations')[];
  /** Renames organization and permission claims to `x-hasura-…`. @default false */
  hasuraMapping?: boolean;
  /** Value of `ksp.persistent` in access tokens: `false` ends sessions with the browser. @default no `ksp` claim */
  persistent?: boolean;
}

/** An API that applications can request tokens for. */
export interface SeedApi {
  /** Its audience, the `aud` of tokens. */
  audience: string;
  /** Name that the Management API returns. */
  name: string;
  /** Keys of its scopes. */
  scopes: string[];
}

/** A webhook: an endpoint that events are sent to. */
export interface SeedWebhook {
  /** URL that events are sent to; unique. */
  endpoint: string;
  /** Name. @default the endpoint */
  name?: string;
  /** Types of events that are sent, such as `user.created`. */
  events: string[];
}

/** A key of the environment for one of the tenant's own APIs. */
export interface SeedApiKey {
  /** Name. */
  name: string;
  /** The key, as callers present it; unique. */
  key: string;
  /** Audience of the API that it is for. */
  audience: string;
  /** Keys of the scopes that it has. @default none */
  scopes?: string[];
}

/** An invitation to an organization. */
export interface SeedInvitation {
  /** Address of the invited person: no other can accept. */
  email: string;
  /** Code of the organization. */
  organization: string;
  /** First name for the registration page. @default none */
  firstName?: string;
  /** Last name for the registration page. @default none */
  lastName?: string;
  /** Keys of the roles that come with it. @default none */
  roles?: string[];
}

/** Fields of entries that have a default. */
type Defaulted = 'organizations' | 'redirectUris' | 'logoutUris';

/** An entry of a seed, whose fields with a default may be left out. */
type Loose<Entry> = Omit<Entry, Defaulted> & Partial<Pick<Entry, Defaulted & keyof Entry>>;

/** A seed as it is written down: every part may be left out, and users may be an object by a short name. */
export type SeedInput = Partial<Omit<Seed, 'people' | 'applications'>> & {
  /** Users who can sign in: a list, or an object by a short name, such as `ada`. @default none */
  people?: Loose<SeedPerson>[] | Record<string, Loose<SeedPerson>>;
  /** Registered applications. @default one for your app and one for machines, with credentials that stay the same */
  applications?: Loose<SeedApplication>[];
};

/** A deeply read-only seed, such as a `defineKinde` object. Every part may be left out. */
export type ReadonlySeed = Frozen<SeedInput>;

type Frozen<Value> = Value extends object
  ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
  : Value;
