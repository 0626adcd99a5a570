import { emit } from './events.js';
import { addIdentity, usedIdentity, type NewIdentity } from './identities.js';
import type { SeedApplication } from './seed.js';
import {
  digest,
  secret,
  type Grant,
  type Invitation,
  type Organization,
  type Person,
  type State,
} from './state.js';

/** Who changes something: the Management API, or a person on a page. */
type Source = 'api' | 'user';

/** Whether an address is registered: equal, or below one `*` in the left-most label of a registered host. */
export function isAllowed(registered: readonly string[], address: string): boolean {
  return registered.some((entry) => {
    const [, start, end] = /^(https?:\/\/[^./*]*)\*([^./*]*\.[^*]+)$/.exec(entry) ?? [];
    if (start === undefined || end === undefined) {
      return entry === address;
    }
    const fits =
      address.startsWith(start) &&
      address.endsWith(end) &&
      address.length > start.length + end.length;
    return fits && /^[a-z0-9-]+$/i.test(address.slice(start.length, -end.length));
  });
}

/** Scopes that an application may have of an API; nothing where it is not authorized for that API. */
export function scopesFor(
  { apis, issuer, managementScopes }: State,
  { audiences = [], scopes = {}, management }: SeedApplication,
  audience: string,
): readonly string[] | undefined {
  if (audience === `${issuer}/api`) {
    return management === true ? managementScopes : management;
  }
  if (!audiences.includes(audience)) {
    return undefined;
  }
  const api = apis.find((one) => one.audience === audience);
  return scopes[audience] ?? api?.scopes.map(({ key }) => key) ?? [];
}

/** Somebody new, who is in this organization, if any. */
export function addPerson(
  state: State,
  { identities, ...profile }: NewPerson,
  { orgCode, source }: { orgCode: string | undefined; source: Source },
): Person {
  // The spread comes last: V8 gives every object that begins with one a shape of its own, and then each search among
  // thousands of people, all of them of different shapes, takes many times as long.
  const person: Person = {
    id: `kp_${crypto.randomUUID().replaceAll('-', '')}`,
    organizations: {},
    createdAt: state.clock.now(),
    ...profile,
  };
  for (const identity of identities) {
    addIdentity(state, person, identity);
  }
  state.people.push(person);
  if (orgCode !== undefined) {
    admit(state, person, { code: orgCode });
  }
  emit(state, 'user.created', { user: toldPerson(state, person) }, source);
  return person;
}

type NewPerson = Pick<Person, 'givenName' | 'familyName' | 'picture' | 'providedId'> & {
  readonly identities: readonly NewIdentity[];
};

/** Says that something about a person is different now. */
export function changedPerson(state: State, person: Person, source: Source = 'api'): void {
  person.updatedAt = state.clock.now();
  emit(state, 'user.updated', { user: toldPerson(state, person) }, source);
}

/** Somebody is gone, with their sign-ins and their keys. */
export function removePerson(state: State, { id }: Person): void {
  endSignIns(state, id);
  for (const [key, personId] of state.portalKeys) {
    if (personId === id) {
      state.portalKeys.delete(key);
    }
  }
  for (const key of state.apiKeys) {
    if (key.userId === id) {
      key.status = 'revoked';
    }
  }
  state.people = state.people.filter((person) => person.id !== id);
  emit(state, 'user.deleted', { user: { id } });
}

/** Ends every sign-in of a person: what apps hold, and Kinde's own sessions. */
export function endSignIns(state: State, personId: string): void {
  for (const grant of grantsOf(state, (one) => one.personId === personId)) {
    grant.ended = true;
  }
  for (const [cookie, session] of state.sessions) {
    if (session.personId === personId) {
      state.sessions.delete(cookie);
    }
  }
}

/** Sign-ins that have not ended, oldest first. */
export function grantsOf(
  { codes, issued, refreshTokens }: State,
  which: (grant: Grant) => boolean,
): Grant[] {
  const held = [...codes.values(), ...refreshTokens.values()].map(({ grant }) => grant);
  return [...new Set([...held, ...issued.values()])].filter(
    (grant) => !grant.ended && which(grant),
  );
}

/** Somebody signed in on a page, by this name if they typed one. */
export function countSignIn(state: State, person: Person, name?: string): void {
  const now = state.clock.now();
  const identity = usedIdentity(state, person, name);
  if (identity) {
    Object.assign(identity, {
      signIns: identity.signIns + 1,
      lastSignedInAt: now,
      isConfirmed: true,
    });
  }
  person.signIns = (person.signIns ?? 0) + 1;
  person.lastSignedInAt = now;
  emit(state, 'user.authenticated', { user: { id: person.id } }, 'user');
}

/** Somebody tried to, in vain. */
export function countFailure(state: State, person: Person): void {
  person.failedSignIns = (person.failedSignIns ?? 0) + 1;
  emit(state, 'user.authentication_failed', { user: { id: person.id } }, 'user');
}

/** Why somebody gets no tokens for this organization, if that is so. */
export function refusalOf(
  { people, organizations }: State,
  { personId, orgCode }: { personId: string; orgCode: string | undefined },
): Refusal | undefined {
  const person = people.find(({ id }) => id === personId);
  if (!person) {
    return 'The person no longer exists.';
  }
  if (person.isSuspended) {
    return 'The person is suspended.';
  }
  if (orgCode === undefined) {
    return undefined;
  }
  if (!Object.hasOwn(organizations, orgCode)) {
    return 'The organization no longer exists.';
  }
  if (organizations[orgCode]?.isSuspended) {
    return 'The organization is suspended.';
  }
  if (Object.hasOwn(person.organizations, orgCode)) {
    return undefined;
  }
  return 'The person is not in the organization.';
}

/** In words, for an error's description. */
export type Refusal =
  | 'The person no longer exists.'
  | 'The person is suspended.'
  | 'The organization no longer exists.'
  | 'The organization is suspended.'
  | 'The person is not in the organization.';

/** Where people go who come for no organization. */
export function defaultOrganization({ organizations }: State): string | undefined {
  return Object.entries(organizations).find(([, { isDefault }]) => isDefault)?.[0];
}

/** Makes somebody a member, with the default roles unless others are given. */
export function admit(
  state: State,
  person: Person,
  {
    code,
    roles = defaultRoles(state),
    permissions,
  }: {
    code: string;
    roles?: string[];
    permissions?: string[];
  },
): void {
  person.organizations[code] = {
    roles,
    ...(permissions && { permissions }),
    joinedAt: state.clock.now(),
  };
}

/** Whether the person is in the organization now: already, or because it lets people join by themselves. */
export function join(state: State, person: Person, code: string): boolean {
  const organization = Object.hasOwn(state.organizations, code)
    ? state.organizations[code]
    : undefined;
  if (!organization) {
    return false;
  }
  if (Object.hasOwn(person.organizations, code)) {
    return true;
  }
  if (!organization.allowRegistrations || organization.isSuspended) {
    return false;
  }
  admit(state, person, { code });
  changedPerson(state, person, 'user');
  return true;
}

/** A new organization. Answers its code. */
export function createOrganization(
  state: State,
  organization: Organization,
  source: Source,
): string {
  const code = `org_${digest(secret(), 11)}`;
  state.organizations[code] = { ...organization, createdAt: state.clock.now() };
  emit(state, 'organization.created', { organization: toldOrganization(state, code) }, source);
  return code;
}

/** A new organization that this person runs. Answers its code. */
export function foundOrganization(state: State, person: Person, name: string): string {
  const code = createOrganization(state, { name: name.slice(0, 100) }, 'user');
  admit(state, person, { code, ...(state.roles['admin'] && { roles: ['admin'] }) });
  return code;
}

/** Says that something about an organization is different now. */
export function changedOrganization(state: State, code: string): void {
  const is_allow_registrations = state.organizations[code]?.allowRegistrations ?? false;
  emit(state, 'organization.updated', {
    organization: { ...toldOrganization(state, code), is_allow_registrations },
  });
}

/** An organization is gone, with everything that was for it. */
export function removeOrganization(state: State, code: string): void {
  delete state.organizations[code];
  for (const person of state.people) {
    delete person.organizations[code];
  }
  for (const key of state.apiKeys) {
    if (key.orgCode === code) {
      key.status = 'revoked';
    }
  }
  for (const grant of grantsOf(state, (one) => one.orgCode === code)) {
    grant.ended = true;
  }
  state.invitations = state.invitations.filter(({ orgCode }) => orgCode !== code);
  emit(state, 'organization.deleted', { organization: { code } });
}

/** An invitation that can still be accepted. */
export function openInvitation(
  { invitations, organizations }: State,
  code: string,
): Invitation | undefined {
  const found = invitations.find((one) => one.code === code);
  const isOpen = found && !found.isRevoked && found.acceptedAt === undefined;
  if (isOpen && Object.hasOwn(organizations, found.orgCode)) {
    return found;
  }
  return undefined;
}

/** The invited person is in, with the roles that they were invited to. */
export function accept(state: State, invitation: Invitation, person: Person): void {
  const { orgCode: code, roles } = invitation;
  invitation.acceptedAt = state.clock.now();
  const own = person.organizations[code];
  if (own) {
    own.roles = [...new Set([...(own.roles ?? []), ...roles])];
  } else {
    admit(state, person, { code, roles: [...roles] });
  }
  changedPerson(state, person, 'user');
}

/** Roles that people get who join. */
function defaultRoles({ roles }: State): string[] {
  return Object.entries(roles).flatMap(([key, { isDefault }]) => (isDefault ? [key] : []));
}

/** A person as events tell of them. */
function toldPerson({ roles, permissions }: State, person: Person): object {
  const named = (keys: readonly string[] = [], known: Readonly<Record<string, { id: string }>>) => {
    const found = keys.flatMap((key) => (known[key] ? [{ id: known[key].id, key }] : []));
    return found.length > 0 ? found : null;
  };
  return {
    id: person.id,
    email: person.email ?? null,
    first_name: person.givenName ?? null,
    last_name: person.familyName ?? null,
    username: person.username ?? null,
    phone: person.phone ?? null,
    is_password_reset_requested: person.mustChangePassword ?? false,
    is_suspended: person.isSuspended ?? false,
    organizations: Object.entries(person.organizations).map(([code, held]) => ({
      code,
      roles: named(held.roles, roles),
      permissions: named(held.permissions, permissions),
    })),
  };
}

/** An organization as events tell of it. */
function toldOrganization({ organizations }: State, code: string): object {
  const { name, handle = null, externalId = null } = organizations[code]!;
  return {
    code,
    name,
    handle,
    external_id: externalId,
  };
}
