import type { PermissionKey } from './keys.js';
import { getOrganization } from './organizations.js';
import { read, texts, type Claims } from './read.js';

/** The answer about one permission. */
export interface PermissionAnswer {
  /** The key that was asked for. */
  readonly permissionKey: string;
  /** The current organization; `null` for none. */
  readonly orgCode: string | null;
  /** Whether the caller has the permission. */
  readonly isGranted: boolean;
}

/** All permissions in the current organization. */
export interface PermissionsAnswer {
  /** The current organization; `null` for none. */
  readonly orgCode: string | null;
  /** The permission keys; empty for none. */
  readonly permissions: readonly string[];
}

/**
 * Checks whether the caller has a permission in the current organization. Exact and case-sensitive: wildcards are not
 * supported.
 * @example getPermission(claims, 'create:todos').isGranted
 */
export function getPermission(claims: Claims, key: PermissionKey): PermissionAnswer {
  const { orgCode, permissions } = getPermissions(claims);
  return {
    permissionKey: key,
    orgCode,
    isGranted: permissions.includes(key),
  };
}

/** Lists the permissions of the caller in the current organization. */
export function getPermissions(claims: Claims): PermissionsAnswer {
  return {
    orgCode: getOrganization(claims)?.orgCode ?? null,
    permissions: texts(read(claims, 'permissions')),
  };
}
