import type { Seed, SeedApplication, SeedOrganization, SeedPerson } from '../seed/seed.js';
import type { Application, Organization, Person, State } from '../state/state.js';

/** Fields of a seed's parts; what the state has beside them is no part of a seed. */
const ORGANIZATION = [
  'name',
  'flags',
  'entitlements',
  'allowRegistrations',
  'isDefault',
  'handle',
  'properties',
  'isSuspended',
] as const satisfies readonly (keyof SeedOrganization)[];
const PERSON = [
  'key',
  'id',
  'externalId',
  'email',
  'givenName',
  'familyName',
  'password',
  'picture',
  'phone',
  'username',
  'flags',
  'properties',
  'isSuspended',
] as const;
const APPLICATION = [
  'name',
  'clientId',
  'clientSecret',
  'type',
  'redirectUris',
  'logoutUris',
  'audiences',
  'scopes',
  'management',
  'tokens',
] as const satisfies readonly (keyof SeedApplication)[];

/**
 * `exportSeed`. Users without an e-mail address are left out: a seed knows users by it. So is what a seed cannot say, such as
 * hashed passwords.
 */
export function exportSeed(state: State): Seed {
  const { permissions, roles, flags, organizations, people, applications, apis } = state;
  const seed = {
    permissions: mapped(permissions, ({ description, name }) => description || name),
    roles: mapped(roles, ({ name, permissions: granted, isDefault }) => ({
      name,
      permissions: granted,
      ...(isDefault && { isDefault }),
    })),
    flags: mapped(flags, ({ type, value, values }, code) => ({
      type,
      value: state.environmentFlags[code] ?? value,
      ...(values && { values }),
    })),
    organizations: mapped(organizations, organizationOf),
    people: people.filter(({ email }) => email !== undefined).map(personOf),
    applications: applications.map((one: Application) => picked(one, APPLICATION)),
    apis: apis.map(({ audience, name, scopes }) => ({
      audience,
      name,
      scopes: scopes.map(({ key }) => key),
    })),
  };
  return structuredClone(seed) as Seed;
}

function organizationOf(organization: Organization): SeedOrganization {
  return picked(organization, ORGANIZATION) as SeedOrganization;
}

function personOf(person: Person): SeedPerson {
  const organizations = mapped(person.organizations, ({ roles = [], permissions = [] }) => ({
    ...(roles.length > 0 && { roles }),
    ...(permissions.length > 0 && { permissions }),
  }));
  return {
    ...picked(person, PERSON),
    organizations,
  } as SeedPerson;
}

function picked(from: object, fields: readonly string[]): object {
  const all = Object.entries(from);
  return Object.fromEntries(
    all.filter(([field, value]) => fields.includes(field) && value !== undefined),
  );
}

function mapped<From, To>(
  record: Readonly<Record<string, From>>,
  to: (value: From, key: string) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value, key)]));
}
