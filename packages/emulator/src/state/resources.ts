import type { FlagValue, Seed, SeedApplication } from '../seed/seed.js';

// What a tenant has beside people and organizations. Times are Unix seconds.

/** A registered application; its id is its client id. */
export type Application = SeedApplication & {
  /** The organization that a machine's tokens are for. */
  orgCode?: string;
  properties?: Record<string, string>;
  /** What only the Management API shows, by its names there. */
  settings?: Record<string, string | boolean>;
};

/** A feature flag, by its key. */
export type Flag = Seed['flags'][string] & {
  name?: string;
  description?: string;
  /** The lowest level that may have a value of its own. @default 'usr' */
  overrideLevel?: 'env' | 'org' | 'usr';
};

/** A permission, by its key. */
export interface Permission {
  readonly id: string;
  name: string;
  description: string;
}

/** A role, by its key. Permissions are keys. */
export interface Role {
  readonly id: string;
  name: string;
  description?: string;
  permissions: string[];
  isDefault?: boolean;
  /** Ids of API scopes that come with it. */
  scopes?: string[];
}

/** An API that tokens can be asked for. */
export interface Api {
  readonly id: string;
  readonly audience: string;
  name: string;
  scopes: Scope[];
}

/** What an application may be allowed to do at an API. */
export interface Scope {
  readonly id: string;
  readonly key: string;
  description: string;
}

/** What may be written down about a person, an organization or an application. Values lie where they belong. */
export interface Property {
  readonly id: string;
  name: string;
  description: string;
  readonly type: 'single_line_text' | 'multi_line_text';
  readonly context: PropertyContext;
  isPrivate: boolean;
  categoryId: string;
}

/** Whose property it is. */
export type PropertyContext = 'org' | 'usr' | 'app';

/** A group of properties. */
export interface PropertyCategory {
  readonly id: string;
  name: string;
  readonly context: PropertyContext;
}

/** A way to sign in through somebody else, and where it is offered. */
export interface Connection {
  readonly id: string;
  name: string;
  displayName: string;
  readonly strategy: string;
  /** May hold secrets, so no answer shows them. */
  options: Record<string, unknown>;
  /** Client ids. */
  applications: string[];
  organizations: string[];
}

/** A key for an API of the tenant. Of the key itself only a hash is kept. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly type: 'user' | 'organization' | 'environment';
  status: 'active' | 'revoked';
  readonly apiId: string;
  /** Keys of the scopes. */
  scopes: string[];
  readonly userId: string | null;
  readonly orgCode: string | null;
  readonly createdAt: number;
  /** SHA-256, in hex. */
  hash: string;
  /** How the key ends, to tell keys apart. */
  suffix: string;
  verifications: number;
  verifiedAt?: number;
}

/** A value that workflows can read. */
export interface EnvironmentVariable {
  readonly id: string;
  key: string;
  value: string;
  isSecret: boolean;
  readonly createdAt: number;
}

/** Somebody who asked to be told. */
export interface Subscriber {
  readonly id: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
}

/** Where events are sent. */
export interface Webhook {
  readonly id: string;
  name: string;
  readonly endpoint: string;
  description: string;
  eventTypes: string[];
  readonly createdAt: number;
  /** Since when nothing arrived. */
  failingSince?: number;
  /** When Kinde gave up on it. */
  disabledAt?: number;
}

/** What was used of a feature, as it was recorded. */
export interface Usage {
  readonly agreementId: string;
  readonly featureCode: string;
  readonly value: number;
  readonly type: 'absolute' | 'delta';
  readonly at: number;
}

/** Something that happened in the tenant, as webhooks and the Management API tell it. */
export interface TenantEvent {
  readonly id: string;
  /** Such as `user.created`. */
  readonly type: string;
  /** Who did it: somebody at the dashboard, the Management API, or the person themselves. */
  readonly source: 'admin' | 'api' | 'user';
  /** Unix seconds. */
  readonly at: number;
  readonly data: object;
}

/** What a tenant has beside people and organizations. */
export interface Resources {
  /** By key, as are roles and flags. */
  permissions: Record<string, Permission>;
  roles: Record<string, Role>;
  flags: Record<string, Flag>;
  applications: Application[];
  apis: Api[];
  /** By key. */
  properties: Record<string, Property>;
  propertyCategories: PropertyCategory[];
  connections: Connection[];
  apiKeys: ApiKey[];
  environmentVariables: EnvironmentVariable[];
  subscribers: Subscriber[];
  webhooks: Webhook[];
  /** The oldest of more than a thousand go. */
  usage: Usage[];
  /** Feature flags that have another value in this environment, by key. */
  environmentFlags: Record<string, FlagValue>;
}

/** A tenant that has nothing of this yet. */
export function emptyResources(): Resources {
  return {
    permissions: {},
    roles: {},
    flags: {},
    applications: [],
    apis: [],
    properties: {},
    propertyCategories: [],
    connections: [],
    apiKeys: [],
    environmentVariables: [],
    subscribers: [],
    webhooks: [],
    usage: [],
    environmentFlags: {},
  };
}
