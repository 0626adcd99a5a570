import type { FlagValue, Seed, SeedApplication } from '../seed/seed.js';

// Resources of a tenant beside users and organizations. Times are Unix seconds.

/** A registered application; its id is its client id. */
export type Application = Omit<SeedApplication, 'clientId' | 'callbacks'> & {
  /** The `client_id`. */
  clientId: string;
  /** Code of the organization of a machine's tokens. */
  orgCode?: string;
  /** Property values by key. */
  properties?: Record<string, string>;
  /** Settings that only the Management API returns, by their names there. */
  settings?: Record<string, string | boolean>;
};

/** A feature flag, by its key. */
export type Flag = Seed['flags'][string] & {
  /** Name. @default its key */
  name?: string;
  /** Description. @default empty */
  description?: string;
  /** Lowest level that may override the value: environment, organization or user. @default 'usr' */
  overrideLevel?: 'env' | 'org' | 'usr';
};

/** A permission, by its key. */
export interface Permission {
  /** Id, a UUID. */
  readonly id: string;
  /** Name. */
  name: string;
  /** Description. */
  description: string;
}

/** A role, by its key. Permissions are keys. */
export interface Role {
  /** Id, a UUID. */
  readonly id: string;
  /** Name. */
  name: string;
  /** Description. @default empty */
  description?: string;
  /** Keys of the permissions that it grants. */
  permissions: string[];
  /** Assigned to users who register or join. @default false */
  isDefault?: boolean;
  /** Ids of API scopes that come with it. @default none */
  scopes?: string[];
}

/** An API that tokens can be asked for. */
export interface Api {
  /** Id, 32 hex digits. */
  readonly id: string;
  /** Audience, the `aud` of tokens. */
  readonly audience: string;
  /** Name. */
  name: string;
  /** Scopes that applications can be granted. */
  scopes: Scope[];
}

/** A scope of an API. */
export interface Scope {
  /** Id, such as `api_scope_…`. */
  readonly id: string;
  /** Key, as in `scope` and `scp`. */
  readonly key: string;
  /** Description. */
  description: string;
}

/** A property of users, organizations or applications. Its values are stored with their owners. */
export interface Property {
  /** Id, such as `prop_…`. */
  readonly id: string;
  /** Name. */
  name: string;
  /** Description. */
  description: string;
  /** Kind of text field. */
  readonly type: 'single_line_text' | 'multi_line_text';
  /** Owners of its values: organizations, users or applications. */
  readonly context: PropertyContext;
  /** Whether only the Management API returns it. */
  isPrivate: boolean;
  /** Id of its category; empty for none. */
  categoryId: string;
}

/** Kind of owner of a property. */
export type PropertyContext = 'org' | 'usr' | 'app';

/** A group of properties. */
export interface PropertyCategory {
  /** Id, such as `property_category_…`. */
  readonly id: string;
  /** Name. */
  name: string;
  /** Owners of its properties' values. */
  readonly context: PropertyContext;
}

/** A way to sign in through somebody else, and where it is offered. */
export interface Connection {
  /** Id, such as `conn_…`. */
  readonly id: string;
  /** Name in code. */
  name: string;
  /** Name on pages. */
  displayName: string;
  /** Kinde's name for the kind of connection, such as `oauth2:google`. */
  readonly strategy: string;
  /** Options of the strategy. They may hold secrets, so no response contains them. */
  options: Record<string, unknown>;
  /** Client ids of the applications that offer it. */
  applications: string[];
  /** Codes of the organizations that offer it. */
  organizations: string[];
}

/** A key for an API of the tenant. Of the key itself only a hash is kept. */
export interface ApiKey {
  /** Id, such as `api_key_…`. */
  readonly id: string;
  /** Name. */
  readonly name: string;
  /** Owner of the key: a user, an organization or the environment. */
  readonly type: 'user' | 'organization' | 'environment';
  /** Whether the key still works. */
  status: 'active' | 'revoked';
  /** Id of the API that it is for. */
  readonly apiId: string;
  /** Keys of the scopes that it has. */
  scopes: string[];
  /** Id of the user that it was made for. */
  readonly userId: string | null;
  /** Code of the organization that it was made for. */
  readonly orgCode: string | null;
  /** Unix seconds. */
  readonly createdAt: number;
  /** SHA-256 of the key, in hex. */
  hash: string;
  /** Last characters of the key, to tell keys apart. */
  suffix: string;
  /** Number of verifications. */
  verifications: number;
  /** Unix seconds of the last verification. */
  verifiedAt?: number;
}

/** A value that workflows can read. */
export interface EnvironmentVariable {
  /** Id, such as `env_var_…`. */
  readonly id: string;
  /** Name of the variable. */
  key: string;
  /** Value. */
  value: string;
  /** Whether responses leave the value out. */
  isSecret: boolean;
  /** Unix seconds. */
  readonly createdAt: number;
}

/** A subscriber to messages. */
export interface Subscriber {
  /** Id, such as `subscriber_…`. */
  readonly id: string;
  /** E-mail address, unique whatever its case. */
  readonly email: string;
  /** First name. */
  readonly firstName: string;
  /** Last name. */
  readonly lastName: string;
}

/** A webhook: an endpoint that events are sent to. */
export interface Webhook {
  /** Id, such as `webhook_…`. */
  readonly id: string;
  /** Name. */
  name: string;
  /** URL that events are sent to. */
  readonly endpoint: string;
  /** Description; empty for none. */
  description: string;
  /** Types of events that are sent, such as `user.created`. */
  eventTypes: string[];
  /** Unix seconds. */
  readonly createdAt: number;
  /** Unix seconds of the first failure since the last success. */
  failingSince?: number;
  /** Unix seconds since which nothing is sent, after 72 hours of failures. */
  disabledAt?: number;
}

/** Recorded usage of a feature. */
export interface Usage {
  /** Id of the billing agreement. */
  readonly agreementId: string;
  /** Key of the feature. */
  readonly featureCode: string;
  /** Amount. */
  readonly value: number;
  /** Whether the amount is a new total or is added. */
  readonly type: 'absolute' | 'delta';
  /** Unix seconds. */
  readonly at: number;
}

/** Something that happened in the tenant, as webhooks and the Management API tell it. */
export interface TenantEvent {
  /** Id, such as `event_…`. */
  readonly id: string;
  /** Type, such as `user.created`. */
  readonly type: string;
  /** Cause: the dashboard, the Management API, or a user on a page. */
  readonly source: 'admin' | 'api' | 'user';
  /** Unix seconds. */
  readonly at: number;
  /** Data as webhooks receive it, under the name of what it is about. */
  readonly data: object;
}

/** An event on its way to one webhook. */
export interface QueuedDelivery {
  /** The header `webhook-id`: the same in every attempt. */
  readonly id: string;
  /** Id of the webhook. */
  readonly webhookId: string;
  /** The event, as it happened. */
  readonly event: TenantEvent;
  /** Attempts so far. */
  attempt: number;
  /** Unix seconds of the next attempt. */
  due: number;
}

/** Resources of a tenant beside users and organizations. */
export interface Resources {
  /** Permissions by key. */
  permissions: Record<string, Permission>;
  /** Roles by key. */
  roles: Record<string, Role>;
  /** Feature flags by code. */
  flags: Record<string, Flag>;
  /** Registered applications. */
  applications: Application[];
  /** APIs of the tenant; the Management API is none of them. */
  apis: Api[];
  /** Properties by key. */
  properties: Record<string, Property>;
  /** Categories of properties. */
  propertyCategories: PropertyCategory[];
  /** Social and enterprise connections. */
  connections: Connection[];
  /** API keys, revoked ones included. */
  apiKeys: ApiKey[];
  /** Environment variables of workflows. */
  environmentVariables: EnvironmentVariable[];
  /** Subscribers. */
  subscribers: Subscriber[];
  /** Webhooks. */
  webhooks: Webhook[];
  /** Recorded usage. The oldest of more than a thousand are dropped. */
  usage: Usage[];
  /** Flag values that this environment overrides, by code. */
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
