import { isPrimary, isPrimaryType } from '../state/identities.js';
import { digest } from '../state/ids.js';
import type { Connection } from '../state/resources.js';
import type {
  Api,
  Application,
  Identity,
  Membership,
  Organization,
  Permission,
  Person,
  Role,
  State,
} from '../state/state.js';
import { findPerson } from '../state/sign-ins.js';
import { notFound, refused } from './envelope.js';

/** The entries of a record as a list, each with its key. */
export function listed<Entity extends object>(
  record: Readonly<Record<string, Entity>>,
): (Entity & { key: string })[] {
  return Object.entries(record).map(([key, entity]) => ({ ...entity, key }));
}

/** The same record with another key for one entry, which stays where it was. */
export function renameKey<Entity>(
  record: Readonly<Record<string, Entity>>,
  from: string,
  to: string,
) {
  return Object.fromEntries(
    Object.entries(record).map(([key, entity]) => [key === from ? to : key, entity]),
  );
}

/** The members that have a value. */
export function withoutUndefined<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> } {
  const defined = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(defined) as ReturnType<typeof withoutUndefined<Members>>;
}

/** A new id as newer things at Kinde have them, such as `prop_` and 32 hex. */
export function newId({ random }: State, kind: string): string {
  return `${kind}_${random.uuid().replaceAll('-', '')}`;
}

/** Unix seconds as the API writes dates. */
export function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

/** A permission and its key. */
export function permissionById(
  { permissions }: State,
  id: string,
): [key: string, Permission] | undefined {
  return Object.entries(permissions).find(([, permission]) => permission.id === id);
}

/** A role and its key. */
export function roleById({ roles }: State, id: string): [key: string, Role] | undefined {
  return Object.entries(roles).find(([, role]) => role.id === id);
}

/** An application, whose id is its client id. */
export function applicationById({ applications }: State, id: string): Application | undefined {
  return applications.find(({ clientId }) => clientId === id);
}

/** Every API that tokens can be asked for: the Management API, then those of the tenant. */
export function everyApi({ issuer, apis, managementScopes }: State): [management: Api, ...Api[]] {
  const scopes = managementScopes.map((key) => ({
    id: `api_scope_${digest(`management ${key}`, 32)}`,
    key,
    description: key,
  }));
  return [
    {
      id: digest('management api', 32),
      name: 'Kinde Management API',
      audience: `${issuer}/api`,
      scopes,
    },
    ...apis,
  ];
}

/** A connection as lists show it: without its options, which may hold secrets. */
export function connectionResponse({ id, name, displayName, strategy }: Connection) {
  return {
    id,
    name,
    display_name: displayName,
    strategy,
  };
}

/** Under which ids an organization is billed. Everybody is on the same plan here. */
export function billingIds(orgCode: string): {
  customer: string;
  agreement: string;
  plan: string;
} {
  return {
    plan: 'local',
    customer: `customer_${digest(`customer ${orgCode}`, 32)}`,
    agreement: `agreement_${digest(`agreement ${orgCode}`, 32)}`,
  };
}

/** An organization, by its code. */
export function organizationByCode(
  { organizations }: State,
  code: string,
): Organization | undefined {
  if (Object.hasOwn(organizations, code)) {
    return organizations[code];
  }
  return undefined;
}

/** A member of an organization. */
export interface Member {
  readonly person: Person;
  readonly membership: Membership;
}

/** Members of an organization. */
export function membersOf({ people }: State, code: string): Person[] {
  return people.filter(({ organizations }) => Object.hasOwn(organizations, code));
}

/** A member of an organization, or the response that says why there is none. */
export function memberOf(state: State, code: string, id: string): Member | Response {
  if (!organizationByCode(state, code)) {
    return notFound('ORGANIZATION');
  }
  const person = findPerson(state, id);
  if (!person) {
    return notFound('USER');
  }
  const membership = Object.hasOwn(person.organizations, code)
    ? person.organizations[code]
    : undefined;
  if (membership) {
    return { person, membership };
  }
  return refused(400, 'USER_NOT_IN_ORGANIZATION', 'This person is not in the organization.');
}

/** A filter of one value or several, as they come in a query. */
export function valuesOf(filter: string | readonly string[] | undefined): string[] | undefined {
  if (filter === undefined) {
    return undefined;
  }
  return [filter].flat().flatMap((one) => one.split(','));
}

/** A way to sign in, as the API shows it. */
export function identityResponse(person: Person, identity: Identity) {
  const {
    id,
    type,
    value,
    connectionId = null,
    isConfirmed,
    createdAt,
    signIns,
    lastSignedInAt,
  } = identity;
  return {
    id,
    type,
    is_confirmed: isConfirmed,
    created_on: dateOf(createdAt),
    last_login_on: lastSignedInAt === undefined ? null : dateOf(lastSignedInAt),
    total_logins: signIns,
    name: value,
    email: type === 'email' ? value : null,
    connection_id: connectionId,
    is_primary: isPrimaryType(type) ? isPrimary(person, identity) : null,
  };
}
