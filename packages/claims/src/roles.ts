import type { RoleKey } from './keys.js';
import { getOrganization } from './organizations.js';
import { isRecord, own, read, text, type Claims } from './read.js';

/** A role as Kinde puts it into the access token when roles are switched on for the application. */
export interface Role {
  readonly id: string;
  readonly key: string;
  readonly name: string;
}

/** Whether one role is held; `id` and `name` are `null` when it is not. */
export interface RoleAnswer {
  readonly id: string | null;
  readonly key: string;
  readonly name: string | null;
  readonly orgCode: string | null;
  readonly isGranted: boolean;
}

/** All roles held in the current organization. */
export interface RolesAnswer {
  readonly orgCode: string | null;
  readonly roles: readonly Role[];
}

/** Does the caller have this role in the current organization? Compared by key, never by name. */
export function getRole(claims: Claims, key: RoleKey): RoleAnswer {
  const { orgCode, roles } = getRoles(claims);
  const role = roles.find((held) => held.key === key);
  return {
    id: role?.id ?? null,
    key,
    name: role?.name ?? null,
    orgCode,
    isGranted: role !== undefined,
  };
}

/** Every role the caller has in the current organization. */
export function getRoles(claims: Claims): RolesAnswer {
  const value = read(claims, 'roles');
  const roles = (Array.isArray(value) ? value : []).flatMap((role: unknown) => {
    const key = isRecord(role) ? text(own(role, 'key')) : undefined;
    if (isRecord(role) && key) {
      return [
        {
          id: text(own(role, 'id')) ?? '',
          key,
          name: text(own(role, 'name')) ?? key,
        },
      ];
    }
    return [];
  });
  return { orgCode: getOrganization(claims)?.orgCode ?? null, roles };
}
