import { permissionsOf, rolesOf } from '../../oauth/claims.js';
import { personUpdated } from '../../state/events.js';
import { addMember } from '../../state/organizations.js';
import { grantsOf } from '../../state/sign-ins.js';
import type { Membership, Person, State } from '../../state/state.js';
import { notFound, ok, refused, tokenPage, type Handlers } from '../envelope.js';
import {
  dateOf,
  organizationByCode,
  permissionById,
  personById,
  roleById,
  valuesOf,
} from '../lookup.js';

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
    const added = users.flatMap(({ id, ...held }) =>
      addMembers(state, id, { code, ...held }) ? [id] : [],
    );
    return ok({ users_added: added });
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
      const person = personById(state, id);
      if (!person) {
        continue;
      }
      if (operation === 'delete') {
        if (removeMembership(state, person, code)) {
          done.users_removed.push(id);
        }
      } else if (addMembers(state, id, { code, ...held })) {
        done.users_added.push(id);
      } else if (held.roles || held.permissions) {
        Object.assign(person.organizations[code]!, held);
        personUpdated(state, person);
        done.users_updated.push(id);
      }
    }
    return ok(done);
  },
  remove({ org_code: code, user_id: id }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    removeMembership(state, person, code);
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
  listRoles({ org_code: code, user_id: id }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    return ok({ roles: rolesOf(state, person, code), next_token: null });
  },
  addRole({ org_code: code, user_id: id, role_id: roleId }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    const [key] = roleById(state, roleId) ?? [];
    if (key === undefined) {
      return notFound('ROLE');
    }
    return grantKey(state, person, {
      code,
      kind: 'roles',
      key,
    });
  },
  removeRole({ org_code: code, user_id: id, role_id: roleId }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    const [key] = roleById(state, roleId) ?? [];
    if (
      revokeKey(state, person, {
        code,
        kind: 'roles',
        key,
      })
    ) {
      return ok({});
    }
    return notFound('ROLE');
  },
  listPermissions({ org_code: code, user_id: id, expand }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    const own = rolesOf(state, person, code);
    const entries = permissionsOf(state, person, code).flatMap((key) => {
      const permission = Object.hasOwn(state.permissions, key) ? state.permissions[key] : undefined;
      if (!permission) {
        return [];
      }
      const by = own.filter((role) => state.roles[role.key]?.permissions.includes(key));
      const { id: permissionId, name, description } = permission;
      const roles = by.map((role) => ({ id: role.id, key: role.key }));
      return [
        {
          id: permissionId,
          key,
          name,
          description,
          ...(valuesOf(expand)?.includes('roles') && { roles }),
        },
      ];
    });
    return ok({ permissions: entries });
  },
  addPermission({ org_code: code, user_id: id, permission_id: permissionId }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    const [key] = permissionById(state, permissionId) ?? [];
    if (key === undefined) {
      return notFound('PERMISSION');
    }
    return grantKey(state, person, {
      code,
      kind: 'permissions',
      key,
    });
  },
  removePermission({ org_code: code, user_id: id, permission_id: permissionId }, state) {
    const person = memberOf(state, code, id);
    if (person instanceof Response) {
      return person;
    }
    const [key] = permissionById(state, permissionId) ?? [];
    if (
      revokeKey(state, person, {
        code,
        kind: 'permissions',
        key,
      })
    ) {
      return ok({});
    }
    return notFound('PERMISSION');
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

/** Whether somebody became a member by this; who is one already stays as they are. */
function addMembers(
  state: State,
  id: string,
  { code, roles, permissions }: Omit<Change, 'id'> & { code: string },
): boolean {
  const person = personById(state, id);
  if (!person || Object.hasOwn(person.organizations, code)) {
    return false;
  }
  addMember(state, person, {
    code,
    ...(roles && { roles }),
    ...(permissions && { permissions }),
  });
  personUpdated(state, person);
  return true;
}

/** Whether somebody was a member until now. Their sign-ins to the organization are over. */
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

interface Held {
  readonly code: string;
  readonly kind: 'roles' | 'permissions';
  readonly key: string;
}

function grantKey(state: State, person: Person, { code, kind, key }: Held) {
  const membership = person.organizations[code]!;
  membership[kind] = [...new Set([...(membership[kind] ?? []), key])];
  personUpdated(state, person);
  return ok({});
}

/** Whether the member had it until now. */
function revokeKey(
  state: State,
  person: Person,
  { code, kind, key }: Omit<Held, 'key'> & { key: string | undefined },
) {
  const membership = person.organizations[code]!;
  if (key === undefined || !membership[kind]?.includes(key)) {
    return false;
  }
  membership[kind] = membership[kind].filter((one) => one !== key);
  personUpdated(state, person);
  return true;
}

function membersOf({ people }: State, code: string): Person[] {
  return people.filter(({ organizations }) => Object.hasOwn(organizations, code));
}

/** A member of the organization, or why there is none. */
function memberOf(state: State, code: string, id: string): Person | Response {
  if (!organizationByCode(state, code)) {
    return notFound('ORGANIZATION');
  }
  const person = personById(state, id);
  if (!person) {
    return notFound('USER');
  }
  if (Object.hasOwn(person.organizations, code)) {
    return person;
  }
  return refused(400, 'USER_NOT_IN_ORGANIZATION', 'This person is not in the organization.');
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
