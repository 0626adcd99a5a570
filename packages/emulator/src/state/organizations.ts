import { emit, personUpdated, type Source } from './events.js';
import { digest } from './ids.js';
import { grantsOf } from './sign-ins.js';
import type { Invitation, Organization, Person, State } from './state.js';

/** Code of the organization for users who register without naming one. */
export function defaultOrganization({ organizations }: State): string | undefined {
  return Object.entries(organizations).find(([, { isDefault }]) => isDefault)?.[0];
}

/** Makes a user a member, with the default roles unless others are given. */
export function addMember(
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

/** Adds the user if the organization allows registrations; returns whether they are a member now. */
export function joinOrganization(state: State, person: Person, code: string): boolean {
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
  addMember(state, person, { code });
  personUpdated(state, person, 'user');
  return true;
}

/** Creates an organization and returns its code. */
export function createOrganization(
  state: State,
  organization: Organization,
  source: Source,
): string {
  const code = `org_${digest(state.random.secret(), 11)}`;
  state.organizations[code] = { ...organization, createdAt: state.clock.now() };
  emit(state, 'organization.created', { organization: organizationPayload(state, code) }, source);
  return code;
}

/** Creates an organization whose administrator is this user, and returns its code. */
export function createOrganizationFor(state: State, person: Person, name: string): string {
  const code = createOrganization(state, { name: name.slice(0, 100) }, 'user');
  addMember(state, person, { code, ...(state.roles['admin'] && { roles: ['admin'] }) });
  return code;
}

/** Emits `organization.updated` after a change to an organization. */
export function organizationUpdated(state: State, code: string): void {
  const is_allow_registrations = state.organizations[code]?.allowRegistrations ?? false;
  emit(state, 'organization.updated', {
    organization: { ...organizationPayload(state, code), is_allow_registrations },
  });
}

/** Deletes an organization with its memberships, keys, grants and invitations. */
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

/** Makes the invited user a member, with the roles of the invitation. */
export function acceptInvitation(state: State, invitation: Invitation, person: Person): void {
  const { orgCode: code, roles } = invitation;
  invitation.acceptedAt = state.clock.now();
  const own = person.organizations[code];
  if (own) {
    own.roles = [...new Set([...(own.roles ?? []), ...roles])];
  } else {
    addMember(state, person, { code, roles: [...roles] });
  }
  personUpdated(state, person, 'user');
}

/** Keys of the roles that new members get. */
function defaultRoles({ roles }: State): string[] {
  return Object.entries(roles).flatMap(([key, { isDefault }]) => (isDefault ? [key] : []));
}

/** An organization as events contain it. */
function organizationPayload({ organizations }: State, code: string): object {
  const { name, handle = null, externalId = null } = organizations[code]!;
  return {
    code,
    name,
    handle,
    external_id: externalId,
  };
}
