import { personUpdated } from '../../state/events.js';
import { findByIdentity, identitiesOf } from '../../state/identities.js';
import { defaultOrganization } from '../../state/organizations.js';
import { addPerson, removePerson } from '../../state/persons.js';
import type { Person, State } from '../../state/state.js';
import { findPerson } from '../../state/sign-ins.js';
import { idPage, invalidField, notFound, ok, tokenPage, type Handlers } from '../envelope.js';
import { dateOf, organizationByCode, valuesOf, withoutUndefined } from '../lookup.js';

/** Users of the environment. */
export const users: Handlers<'users'> = {
  list({ expand, page_size, next_token, ...filters }, state) {
    const since =
      filters.active_since === undefined ? undefined : Date.parse(filters.active_since) / 1000;
    if (Number.isNaN(since)) {
      return invalidField('active_since', 'must be a date');
    }
    const found = state.people.filter(matcher(state, { ...filters, since }));
    const page = tokenPage(found, { page_size, next_token });
    if (page instanceof Response) {
      return page;
    }
    const entries = page.items.map((person) => ({
      ...toResponse(state, person),
      email: person.email ?? null,
      phone: person.phone ?? null,
      last_organization_sign_ins: lastSignIns(person),
      ...expanded(state, person, valuesOf(expand)),
    }));
    return ok({ users: entries, next_token: page.next_token });
  },
  get({ id, expand }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    return {
      ...toResponse(state, person),
      preferred_email: person.email ?? null,
      phone: person.phone ?? null,
      ...expanded(state, person, valuesOf(expand)),
    };
  },
  create(
    { profile = {}, organization_code: code, provided_id: providedId, identities = [] },
    state,
  ) {
    if (code !== undefined && !organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const wanted = identities.map(({ type, is_verified: isConfirmed, details }) => ({
      type,
      value: details[type] ?? '',
      isConfirmed: type === 'username' ? true : (isConfirmed ?? false),
    }));
    const malformed = wanted.find(({ type, value }) => !isName(type, value));
    if (malformed) {
      return invalidField(malformed.type, `must be ${FORMS[malformed.type]}`);
    }
    const results = (created: boolean) => wanted.map(({ type }) => ({ type, result: { created } }));
    const taken = wanted
      .map(({ type, value }) => findByIdentity(state, type, value))
      .find((owner) => owner !== undefined);
    if (taken) {
      return {
        id: taken.person.id,
        created: false,
        identities: results(false),
      };
    }
    const details = profileOf({ ...profile, provided_id: providedId });
    const orgCode = code ?? defaultOrganization(state);
    const person = addPerson(state, { ...details, identities: wanted }, { orgCode, source: 'api' });
    return {
      id: person.id,
      created: true,
      identities: results(true),
    };
  },
  update(input, state) {
    const person = findPerson(state, input.id);
    if (!person) {
      return notFound('USER');
    }
    const changes = {
      ...profileOf(input),
      isSuspended: input.is_suspended,
      mustChangePassword: input.is_password_reset_requested,
    };
    Object.assign(person, withoutUndefined(changes));
    personUpdated(state, person);
    return {
      id: person.id,
      given_name: person.givenName ?? null,
      family_name: person.familyName ?? null,
      email: person.email ?? null,
      is_suspended: person.isSuspended ?? false,
      is_password_reset_requested: person.mustChangePassword ?? false,
      picture: person.picture ?? null,
    };
  },
  remove({ id, is_delete_profile: everywhere }, state) {
    const person = findPerson(state, id);
    if (!person) {
      return notFound('USER');
    }
    removePerson(state, person);
    const addresses = identitiesOf(state, person).map(({ value }) => value);
    if (everywhere) {
      state.subscribers = state.subscribers.filter(({ email }) => !addresses.includes(email));
    }
    return ok({});
  },
  search({ query = '*', expand, properties = {}, api_scopes: scopes, ...around }, state) {
    const wanted = Object.entries(properties).map(
      ([key, values]) => [key, valuesOf(values) ?? []] as const,
    );
    const found = state.people.filter(
      (person) =>
        // Nobody has scopes of an API of their own here.
        scopes === undefined &&
        isFound(state, person, query) &&
        wanted.every(([key, values]) => values.includes(person.properties?.[key] ?? '')),
    );
    const page = idPage(found, around);
    if (page instanceof Response) {
      return page;
    }
    const also = valuesOf(expand);
    const results = page.items.map((person) => ({
      ...toResponse(state, person),
      email: person.email ?? null,
      ...expanded(state, person, also),
      ...(also?.includes('properties') && { properties: { ...person.properties } }),
    }));
    return ok({ results });
  },
};

interface SentProfile {
  readonly given_name?: string | undefined;
  readonly family_name?: string | undefined;
  readonly picture?: string | undefined;
  readonly provided_id?: string | undefined;
}

/** The names that were sent. Names cannot be emptied, so empty ones are left out. */
function profileOf({ given_name, family_name, picture, provided_id }: SentProfile) {
  return withoutUndefined({
    givenName: given_name || undefined,
    familyName: family_name || undefined,
    picture: picture || undefined,
    providedId: provided_id || undefined,
  });
}

type NamedType = 'email' | 'phone' | 'username';

const FORMS = {
  email: 'an e-mail address',
  phone: 'a phone number with its country',
  username: 'a name',
} as const;

function isName(type: NamedType, value: string): boolean {
  if (type === 'email') {
    return /^[^\s@]+@[^\s@]+$/.test(value) && value.length <= 254;
  }
  if (type === 'phone') {
    return /^\+?[\d\s().-]{5,30}$/.test(value);
  }
  return value.trim() !== '' && value.length <= 254;
}

interface Filters {
  readonly user_id?: string | string[] | undefined;
  readonly email?: string | string[] | undefined;
  readonly username?: string | string[] | undefined;
  readonly phone?: string | string[] | undefined;
  readonly has_organization?: boolean | undefined;
  readonly since: number | undefined;
}

/** Creates the filter of a list of users. Owners of addresses are looked up once, not for every user. */
function matcher(state: State, filters: Filters): (person: Person) => boolean {
  const { has_organization: member, since } = filters;
  const ids = valuesOf(filters.user_id);
  const owners = (['email', 'username', 'phone'] as const).flatMap((type) => {
    const values = valuesOf(filters[type]);
    if (values) {
      return [new Set(values.map((value) => findByIdentity(state, type, value)?.person))];
    }
    return [];
  });
  return (person) =>
    (ids === undefined || ids.includes(person.id)) &&
    owners.every((those) => those.has(person)) &&
    (member === undefined || member === Object.keys(person.organizations).length > 0) &&
    (since === undefined || (person.lastSignedInAt ?? -1) >= since);
}

/** Every word is somewhere in what the person is called. */
function isFound(state: State, person: Person, query: string): boolean {
  const names = [person.id, person.givenName, person.familyName, person.providedId];
  const text = [...names, ...identitiesOf(state, person).map(({ value }) => value)]
    .join(' ')
    .toLowerCase();
  return (
    query === '*' ||
    query
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word))
  );
}

function toResponse(state: State, person: Person) {
  return {
    id: person.id,
    provided_id: person.providedId ?? null,
    username: person.username ?? null,
    last_name: person.familyName ?? null,
    first_name: person.givenName ?? null,
    is_suspended: person.isSuspended ?? false,
    picture: person.picture ?? null,
    total_sign_ins: person.signIns ?? 0,
    failed_sign_ins: person.failedSignIns ?? 0,
    last_signed_in: person.lastSignedInAt === undefined ? null : dateOf(person.lastSignedInAt),
    created_on: dateOf(person.createdAt ?? state.createdAt),
  };
}

function lastSignIns({ organizations }: Person) {
  return Object.entries(organizations).flatMap(([org_code, { lastAccessedAt }]) => {
    if (lastAccessedAt === undefined) {
      return [];
    }
    return [{ org_code, last_signed_in: dateOf(lastAccessedAt) }];
  });
}

/** Members of a response that only `expand` adds. */
function expanded(state: State, person: Person, also: readonly string[] = []) {
  const identities = () =>
    identitiesOf(state, person).map(({ type, value, connectionId }) => ({
      type,
      identity: value,
      connection_id: connectionId ?? null,
    }));
  return {
    ...(also.includes('organizations') && { organizations: Object.keys(person.organizations) }),
    ...(also.includes('identities') && { identities: identities() }),
  };
}
