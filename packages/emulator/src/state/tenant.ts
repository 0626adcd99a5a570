import { credentialsOf, type Identity } from '../identity/identity.js';
import type { Seed, SeedApplication } from '../seed/seed.js';
import { digest, idOf } from './ids.js';
import { emptyResources, type Property, type PropertyContext } from './resources.js';
import type { TenantData } from './state.js';

/** What a tenant is made for, beside its seed. */
export interface Site {
  /** Identity that the credentials of the default applications come from. */
  readonly identity: Identity;
  /** Address of the app. */
  readonly siteUrl: string;
  /** Callback URLs of the first back-end application beside those of the seed. @default none */
  readonly callbacks?: readonly string[] | undefined;
  /** Unix seconds. */
  readonly now: number;
}

/** The data of a tenant that nothing has happened to yet. */
export function tenantOf(given: Seed, site: Site): TenantData {
  const { identity, siteUrl, callbacks = [], now } = site;
  const seed = structuredClone(given);
  return {
    ...emptyResources(),
    createdAt: now,
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
    people: seed.people.map((person) => ({
      ...person,
      id: person.id ?? `kp_${digest(person.email.toLowerCase(), 32)}`,
    })),
    invitations: [],
    applications: withCallbacks(
      seed.applications ?? defaultApplications(seed, identity, siteUrl),
      callbacks,
    ),
    apis: (seed.apis ?? []).map(({ audience, name, scopes }) => ({
      id: digest(`api ${audience}`, 32),
      audience,
      name,
      scopes: scopes.map((key) => ({
        id: `api_scope_${digest(`${audience} ${key}`, 32)}`,
        key,
        description: key,
      })),
    })),
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

/** A property of every key that has a value in the seed. */
function usedProperties(
  context: PropertyContext,
  owners: readonly { properties?: Record<string, string> }[],
): Record<string, Property> {
  const keys = owners.flatMap(({ properties = {} }) => Object.keys(properties));
  const property = (key: string): Property => ({
    id: `prop_${digest(`property ${key}`, 32)}`,
    name: key,
    description: '',
    type: 'single_line_text',
    context,
    isPrivate: false,
    categoryId: '',
  });
  return Object.fromEntries(keys.map((key) => [key, property(key)]));
}

function mapEntries<From, To>(
  record: Readonly<Record<string, From>>,
  to: (key: string, value: From) => To,
) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(key, value)]));
}

function withCallbacks(
  applications: SeedApplication[],
  callbacks: readonly string[],
): SeedApplication[] {
  const first = applications.find(({ type }) => type === 'reg');
  return applications.map((one) =>
    one === first
      ? { ...one, redirectUris: [...new Set([...one.redirectUris, ...callbacks])] }
      : one,
  );
}

function defaultApplications(seed: Seed, identity: Identity, site: string): SeedApplication[] {
  const audiences = (seed.apis ?? []).map(({ audience }) => audience);
  return [
    {
      name: 'Local app',
      ...credentialsOf(identity, 'Local app'),
      type: 'reg',
      redirectUris: [`${site}/callback`],
      logoutUris: [site],
      audiences,
      tokens: { claims: ['roles', 'email', 'org_name', 'organizations'] },
    },
    {
      name: 'Local machine',
      ...credentialsOf(identity, 'Local machine'),
      type: 'm2m',
      redirectUris: [],
      logoutUris: [],
      audiences,
      management: true,
    },
  ];
}
