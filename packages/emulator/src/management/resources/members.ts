import { permissionsOf } from '../../oauth/claims.js';
import { personUpdated } from '../../state/events.js';
import { addMember } from '../../state/organizations.js';
import { findPerson, grantsOf } from '../../state/sign-ins.js';
import type { Membership, Person, State } from '../../state/state.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import { dateOf, memberOf, membersOf, organizationByCode, roleById, valuesOf } from '../lookup.js';

/** Members of organizations. Changes of many name roles and permissions by their keys, single ones by their ids. */
export const members: Handlers<'members'> = {
  list({ org_code: code, roles, permissions, ...input }, state) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const wantedRoles = valuesOf(roles) ?? [];
    const wantedPermissions = valuesOf(permissions) ?? [];
    const found = membersOf(state, code).filter((person) => {
      const held = permissionsOf(state, person, code);
      const own = person.organizations[code]?.roles ?? [];
      return (
        wantedRoles.every((key) => own.includes(key)) &&
        wantedPermissions.every((key) => held.includes(key))
      );
    });
    const page = tokenPage(
      found.map((person) => ({
        person,
        name: nameOf(person),
        email: person.email,
      })),
      input,
    );
    if (page instanceof Response) {
      return page;
    }
    const entries = page.items.map(({ person }) =>
      toResponse(state, person, person.organizations[code]!),
    );
    return ok({ organization_users: entries, next_token: page.next_token });
  },
  add({ org_code: code, users }, state) {
    const problem = problemOf(state, code, users);
    if (problem) {
      return problem;
    }
    const added = users.filter(({ id, ...held }) => {
      const person = findPerson(state, id);
      return person && joinAs(state, person, { code, ...held });
    });
    return ok({ users_added: added.map(({ id }) => id) });
  },
  update({ org_code: code, users }, state) {
    const problem = problemOf(state, code, users);
    if (problem) {
      return problem;
    }
    const done = {
      users_added: [] as string[],
      users_updated: [] as string[],
      users_removed: [] as string[],
    };
    for (const { id, operation, ...held } of users) {
      const person = findPerson(state, id);
      if (!person) {
        continue;
      }
      const isRemoval = operation === 'delete';
      const outcome = isRemoval
        ? removeMembership(state, person, code) && 'users_removed'
        : changeMembership(state, person, { code, ...held });
      if (outcome) {
        done[outcome].push(id);
      }
    }
    return ok(done);
  },
  remove({ org_code: code, user_id: id }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    removeMembership(state, member.person, code);
    return ok({});
  },
  listByRole({ org_code: code, role_id: id, ...input }, state) {
    if (!organizationByCode(state, code)) {
      return notFound('ORGANIZATION');
    }
    const [key] = roleById(state, id) ?? [];
    if (key === undefined) {
      return notFound('ROLE');
    }
    const holders = membersOf(state, code).filter(({ organizations }) =>
      organizations[code]?.roles?.includes(key),
    );
    const page = tokenPage(holders, input);
    if (page instanceof Response) {
      return page;
    }
    return ok({
      users: page.items.map((person) => ({ id: person.id })),
      next_token: page.next_token,
    });
  },
};

/** Objects of one change. */
const MOST_CHANGES = 100;

interface Change {
  readonly id: string;
  readonly roles?: string[] | undefined;
  readonly permissions?: string[] | undefined;
}

/** Roles or permissions that nobody knows refuse everything; people that nobody knows are left out. */
function problemOf(state: State, code: string, users: readonly Change[]): Response | undefined {
  if (!organizationByCode(state, code)) {
    return notFound('ORGANIZATION');
  }
  if (users.length > MOST_CHANGES) {
    return refused(400, 'TOO_MANY_OBJECTS', `One call changes at most ${MOST_CHANGES} members.`);
  }
  const roles = users.flatMap((one) => one.roles ?? []);
  const permissions = users.flatMap((one) => one.permissions ?? []);
  if (!roles.every((key) => Object.hasOwn(state.roles, key))) {
    return notFound('ROLE');
  }
  if (permissions.every((key) => Object.hasOwn(state.permissions, key))) {
    return undefined;
  }
  return notFound('PERMISSION');
}

/** Roles and permissions that somebody gets in an organization. */
type Grants = Omit<Change, 'id'> & { readonly code: string };

/** Adds a member; returns whether that changed anything, as existing members stay as they are. */
function joinAs(state: State, person: Person, { code, roles, permissions }: Grants): boolean {
  if (Object.hasOwn(person.organizations, code)) {
    return false;
  }
  const held = { ...(roles && { roles }), ...(permissions && { permissions }) };
  addMember(state, person, { code, ...held });
  personUpdated(state, person);
  return true;
}

/** Adds a member, or gives one other roles and permissions. */
function changeMembership(state: State, person: Person, { code, ...held }: Grants) {
  if (joinAs(state, person, { code, ...held })) {
    return 'users_added';
  }
  const membership = person.organizations[code];
  if (!membership || (!held.roles && !held.permissions)) {
    return undefined;
  }
  Object.assign(membership, held);
  personUpdated(state, person);
  return 'users_updated';
}

/** Removes a member and revokes their grants for the organization; returns whether they were one. */
function removeMembership(state: State, person: Person, code: string): boolean {
  if (!Object.hasOwn(person.organizations, code)) {
    return false;
  }
  delete person.organizations[code];
  const own = grantsOf(
    state,
    ({ personId, orgCode }) => personId === person.id && orgCode === code,
  );
  for (const grant of own) {
    grant.ended = true;
  }
  personUpdated(state, person);
  return true;
}

function toResponse(
  state: State,
  person: Person,
  { roles = [], joinedAt, lastAccessedAt }: Membership,
) {
  return {
    id: person.id,
    email: person.email ?? null,
    full_name: nameOf(person) || null,
    last_name: person.familyName ?? null,
    first_name: person.givenName ?? null,
    picture: person.picture ?? null,
    joined_on: dateOf(joinedAt ?? person.createdAt ?? state.createdAt),
    last_accessed_on: lastAccessedAt === undefined ? null : dateOf(lastAccessedAt),
    is_suspended: person.isSuspended ?? false,
    roles,
  };
}

function nameOf({ givenName, familyName }: Person): string {
  return [givenName, familyName].filter(Boolean).join(' ');
}
