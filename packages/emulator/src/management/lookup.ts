import type { FlagValue } from '../seed/seed.js';
import { isPrimary, isPrimaryType } from '../state/identities.js';
import { digest } from '../state/ids.js';
import type { Connection, PropertyContext } from '../state/resources.js';
import type {
  Api,
  Application,
  Flag,
  Identity,
  Organization,
  Permission,
  Person,
  Role,
  State,
} from '../state/state.js';
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

/** A new id as newer things at Kinde have them, such as `prop_` and 32 hex. */
export function newId(kind: string): string {
  return `${kind}_${crypto.randomUUID().replaceAll('-', '')}`;
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

/** The API's word for a flag's type; JSON is only made in Kinde's pages. */
export function flagWord(type: Flag['type']): string {
  return {
    s: 'str',
    i: 'int',
    b: 'bool',
    j: 'json',
  }[type];
}

/** A flag's value as the API writes it: as text, whatever the type. */
export function flagText(value: FlagValue): string {
  if (typeof value === 'object') {
    return JSON.stringify(value);
  }
  return String(value);
}

/** The value that a text means for a flag of this type; nothing where it means none. */
export function readFlag(type: Flag['type'], text: string): FlagValue | undefined {
  if (type === 's') {
    return text;
  }
  if (type === 'i') {
    if (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))) {
      return Number(text);
    }
    return undefined;
  }
  if (type === 'b') {
    return text === 'true' ? true : text === 'false' ? false : undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) {
      return value;
    }
    return undefined;
  } catch {
    return undefined;
  }
}

/** Whether this level may have a value of its own of this flag. */
export function mayOverride(
  { overrideLevel = 'usr' }: Flag,
  level: 'env' | 'org' | 'usr',
): boolean {
  const levels = ['env', 'org', 'usr'];
  return levels.indexOf(level) <= levels.indexOf(overrideLevel);
}

/** The properties of a kind of thing, with the values that one of them has. */
export function propertyValues(
  { properties }: State,
  context: PropertyContext,
  values: Record<string, string> = {},
) {
  return listed(properties)
    .filter((property) => property.context === context)
    .map(({ id, name, description, key }) => ({
      id,
      name,
      description,
      key,
      value: values[key] ?? null,
    }));
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

/** A person, by their id. */
export function personById({ people }: State, id: string): Person | undefined {
  return people.find((person) => person.id === id);
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

/** A filter of one value or several, as they come in a query. */
export function valuesOf(filter: string | readonly string[] | undefined): string[] | undefined {
  if (filter === undefined) {
    return undefined;
  }
  return [filter].flat().flatMap((one) => one.split(','));
}

/** Writes values of properties, all of them or, where one does not fit, none. `null` takes a value away. */
export function writeProperties(
  { properties }: State,
  context: PropertyContext,
  {
    owner,
    values,
  }: { owner: { properties?: Record<string, string> }; values: Readonly<Record<string, unknown>> },
): Response | undefined {
  const known = (key: string) =>
    Object.hasOwn(properties, key) && properties[key]?.context === context;
  if (!Object.keys(values).every(known)) {
    return notFound('PROPERTY');
  }
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      return refused(400, [
        {
          code: 'VALUE_INVALID',
          message: `${key} must be a text`,
          field: key,
        },
      ]);
    }
  }
  const all = Object.entries({ ...owner.properties, ...values }).filter(
    ([, value]) => value !== null,
  );
  owner.properties = Object.fromEntries(all.map(([key, value]) => [key, String(value)]));
  return undefined;
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
