import { own } from '@kindling/internal';
import type { RoleKey } from './keys.js';
import { getOrganization } from './organizations.js';
import { read, records, text, type Claims } from './read.js';

/** A role in the access token. Kinde adds roles when that is switched on for the application. */
export interface Role {
  /** Kinde's identifier of the role; empty where the token has none. */
  readonly id: string;
  /** The key that your code uses. */
  readonly key: string;
  /** Display name; the key where the token has none. */
  readonly name: string;
}

/** The answer about one role. */
export interface RoleAnswer {
  /** Kinde's identifier of the role; `null` when it is not granted. */
  readonly id: string | null;
  /** The key that was asked for. */
  readonly key: string;
  /** Display name; `null` when the role is not granted. */
  readonly name: string | null;
  /** The current organization; `null` for none. */
  readonly orgCode: string | null;
  /** Whether the caller has the role. */
  readonly isGranted: boolean;
}

/** All roles in the current organization. */
export interface RolesAnswer {
  /** The current organization; `null` for none. */
  readonly orgCode: string | null;
  /** The roles; empty for none. */
  readonly roles: readonly Role[];
}

/** Checks whether the caller has a role in the current organization. Compared by key, never by name. */
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

/** Lists the roles of the caller in the current organization. */
export function getRoles(claims: Claims): RolesAnswer {
  const orgCode = getOrganization(claims)?.orgCode ?? null;
  const roles: Role[] = [];
  for (const role of records(read(claims, 'roles'))) {
    const key = text(own(role, 'key'));
    if (key) {
      roles.push({
        id: text(own(role, 'id')) ?? '',
        key,
        name: text(own(role, 'name')) ?? key,
      });
    }
  }
  return { orgCode, roles };
}
