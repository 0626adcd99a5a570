import { permissionsOf, rolesOf } from '../../oauth/claims.js';
import { personUpdated } from '../../state/events.js';
import type { State } from '../../state/state.js';
import { notFound, ok, type Handlers } from '../envelope.js';
import { memberOf, permissionById, roleById, valuesOf, type Member } from '../lookup.js';

/** Roles and permissions of one member of an organization. */
export const memberAccess: Handlers<'members'> = {
  listRoles({ org_code: code, user_id: id }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    return ok({ roles: rolesOf(state, member.person, code), next_token: null });
  },
  addRole({ org_code: code, user_id: id, role_id: roleId }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    const [key] = roleById(state, roleId) ?? [];
    if (key === undefined) {
      return notFound('ROLE');
    }
    return grantKey(state, member, 'roles', key);
  },
  removeRole({ org_code: code, user_id: id, role_id: roleId }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    const [key] = roleById(state, roleId) ?? [];
    if (key !== undefined && revokeKey(state, member, 'roles', key)) {
      return ok({});
    }
    return notFound('ROLE');
  },
  listPermissions({ org_code: code, user_id: id, expand }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    const withRoles = valuesOf(expand)?.includes('roles') === true;
    const own = rolesOf(state, member.person, code);
    const entries = permissionsOf(state, member.person, code).flatMap((key) => {
      const permission = Object.hasOwn(state.permissions, key) ? state.permissions[key] : undefined;
      if (!permission) {
        return [];
      }
      const { id: permissionId, name, description } = permission;
      const by = own.filter((role) => state.roles[role.key]?.permissions.includes(key));
      const roles = by.map((role) => ({ id: role.id, key: role.key }));
      return [
        {
          id: permissionId,
          key,
          name,
          description,
          ...(withRoles && { roles }),
        },
      ];
    });
    return ok({ permissions: entries });
  },
  addPermission({ org_code: code, user_id: id, permission_id: permissionId }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    const [key] = permissionById(state, permissionId) ?? [];
    if (key === undefined) {
      return notFound('PERMISSION');
    }
    return grantKey(state, member, 'permissions', key);
  },
  removePermission({ org_code: code, user_id: id, permission_id: permissionId }, state) {
    const member = memberOf(state, code, id);
    if (member instanceof Response) {
      return member;
    }
    const [key] = permissionById(state, permissionId) ?? [];
    if (key !== undefined && revokeKey(state, member, 'permissions', key)) {
      return ok({});
    }
    return notFound('PERMISSION');
  },
};

type Kind = 'roles' | 'permissions';

function grantKey(state: State, { person, membership }: Member, kind: Kind, key: string) {
  membership[kind] = [...new Set([...(membership[kind] ?? []), key])];
  personUpdated(state, person);
  return ok({});
}

/** Whether the member had it until now. */
function revokeKey(state: State, { person, membership }: Member, kind: Kind, key: string): boolean {
  const held = membership[kind] ?? [];
  if (!held.includes(key)) {
    return false;
  }
  membership[kind] = held.filter((one) => one !== key);
  personUpdated(state, person);
  return true;
}
