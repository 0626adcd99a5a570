import { credentialsOf, type Identity } from '../identity/identity.js';
import type { Seed, SeedApplication } from '../seed/seed.js';
import { digest, idOf } from './ids.js';
import {
  emptyResources,
  type Api,
  type Application,
  type Property,
  type PropertyContext,
  type Resources,
} from './resources.js';
import type { Invitation, Person, TenantData } from './state.js';

/** What a tenant is made for, beside its seed. */
export interface Site {
  /** Identity that the credentials of applications come from, where the seed has none. */
  readonly identity: Pick<Identity, 'salt'>;
  /** Address of the app. */
  readonly siteUrl: string;
  /** Callback URLs of the first back-end application beside those of the seed. @default none */
  readonly callbacks?: readonly string[] | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** The data of a tenant that nothing has happened to yet. */
export function tenantOf(given: Seed, site: Site): TenantData {
  const seed = copyOf(given);
  const apis = (seed.apis ?? []).map(apiOf);
  return {
    ...emptyResources(),
    ...extrasOf(seed, apis, site.now),
    createdAt: site.now,
    permissions: mapEntries(seed.permissions, (key, description) => ({
      id: idOf(`permission ${key}`),
      name: description,
      description,
    })),
    roles: mapEntries(seed.roles, (key, role) => ({ id: idOf(`role ${key}`), ...role })),
    flags: seed.flags,
    properties: {
      ...usedProperties('usr', seed.people),
      ...usedProperties('org', Object.values(seed.organizations)),
    },
    organizations: seed.organizations,
    people: seed.people.map(personOf),
    invitations: (seed.invitations ?? []).map((one) => invitationOf(one, site.now)),
    applications: applicationsOf(seed, site),
    apis,
    reuse: 0,
    grants: new Map(),
    codes: new Map(),
    refreshTokens: new Map(),
    issued: new Map(),
    revoked: new Set(),
    sessions: new Map(),
    portalKeys: new Map(),
    pending: new Map(),
    events: new Map(),
    queued: [],
  };
}

/** JSON is several times as fast as `structuredClone`, which matters for 100,000 users. */
function copyOf(seed: Seed): Seed {
  return JSON.parse(JSON.stringify(seed)) as Seed;
}

function personOf({ externalId, ...profile }: Seed['people'][number]): Person {
  return {
    id: `kp_${digest(profile.email.toLowerCase(), 32)}`,
    ...profile,
    ...(externalId !== undefined && { providedId: externalId }),
  };
}

function apiOf({ audience, name, scopes }: NonNullable<Seed['apis']>[number]): Api {
  return {
    id: digest(`api ${audience}`, 32),
    audience,
    name,
    scopes: scopes.map((key) => ({
      id: `api_scope_${digest(`${audience} ${key}`, 32)}`,
      key,
      description: key,
    })),
  };
}

/** Webhooks, API keys and environment variables. */
function extrasOf(
  { webhooks = [], apiKeys = [], environmentVariables = {} }: Seed,
  apis: readonly Api[],
  now: number,
): Pick<Resources, 'webhooks' | 'apiKeys' | 'environmentVariables'> {
  return {
    webhooks: webhooks.map(({ endpoint, name = endpoint, events }) => ({
      id: `webhook_${digest(`webhook ${endpoint}`, 32)}`,
      name,
      endpoint,
      description: '',
      eventTypes: events,
      createdAt: now,
    })),
    apiKeys: apiKeys.map(({ name, key, audience, scopes = [] }) => ({
      id: `api_key_${digest(`api key ${name} ${key}`, 32)}`,
      name,
      type: 'environment',
      status: 'active',
      apiId: apis.find((api) => api.audience === audience)?.id ?? '',
      scopes,
      userId: null,
      orgCode: null,
      createdAt: now,
      hash: digest(key, 64),
      suffix: key.slice(-4),
      verifications: 0,
    })),
    environmentVariables: Object.entries(environmentVariables).map(([key, value]) => ({
      id: `env_var_${digest(`environment variable ${key}`, 32)}`,
      key,
      value,
      isSecret: false,
      createdAt: now,
    })),
  };
}

function invitationOf(
  {
    email,
    organization,
    firstName,
    lastName,
    roles = [],
  }: NonNullable<Seed['invitations']>[number],
  now: number,
): Invitation {
  return {
    code: `inv_${digest(`invitation ${organization} ${email.toLowerCase()}`, 32)}`,
    orgCode: organization,
    email,
    firstName: firstName ?? null,
    lastName: lastName ?? null,
    roles,
    createdAt: now,
    isSent: false,
    isRevoked: false,
  };
}

/** A property of every key that has a value in the seed. */
function usedProperties(
  context: PropertyContext,
  owners: readonly { properties?: Record<string, string> }[],
): Record<string, Property> {
  const keys = new Set(owners.flatMap(({ properties = {} }) => Object.keys(properties)));
  const property = (key: string): Property => ({
    id: `prop_${digest(`property ${key}`, 32)}`,
    name: key,
    description: '',
    type: 'single_line_text',
    context,
    isPrivate: false,
    categoryId: '',
  });
  return Object.fromEntries([...keys].map((key) => [key, property(key)]));
}

function mapEntries<From, To>(
  record: Readonly<Record<string, From>>,
  to: (key: string, value: From) => To,
) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(key, value)]));
}

function applicationsOf(seed: Seed, site: Site): Application[] {
  const applications = seed.applications ?? defaultApplications(seed, site);
  const first = applications.findIndex(({ type }) => type === 'reg');
  return applications.map(({ callbacks = [], ...application }, index) => {
    const added = index === first ? (site.callbacks ?? []) : [];
    const all = [
      ...application.redirectUris,
      ...callbacks.map((path) => site.siteUrl + path),
      ...added,
    ];
    return {
      ...application,
      ...credentials(application, site),
      redirectUris: [...new Set(all)],
    };
  });
}

/** Credentials of an application: its own, or ones that stay the same for its name. */
function credentials({ clientId, name, type }: SeedApplication, { identity }: Site) {
  if (clientId !== undefined) {
    return { clientId };
  }
  const made = credentialsOf(identity, name);
  return type === 'spa' ? { clientId: made.clientId } : made;
}

function defaultApplications(seed: Seed, { siteUrl }: Site): SeedApplication[] {
  const audiences = (seed.apis ?? []).map(({ audience }) => audience);
  return [
    {
      name: 'Local app',
      type: 'reg',
      redirectUris: [`${siteUrl}/callback`],
      logoutUris: [siteUrl],
      audiences,
      tokens: {
        claims: ['roles', 'email', 'org_name', 'organizations'],
      },
    },
    {
      name: 'Local machine',
      type: 'm2m',
      redirectUris: [],
      logoutUris: [],
      audiences,
      management: true,
    },
  ];
}
