import type { PermissionKey } from './keys.js';
import { getOrganization } from './organizations.js';
import { read, texts, type Claims } from './read.js';

/** Whether one permission is held, and in which organization. */
export interface PermissionAnswer {
  readonly permissionKey: string;
  readonly orgCode: string | null;
  readonly isGranted: boolean;
}

/** All permissions held in the current organization. */
export interface PermissionsAnswer {
  readonly orgCode: string | null;
  readonly permissions: readonly string[];
}

/**
 * Does the caller hold this permission in the current organization? Exact and case-sensitive: `*` matches only `*`.
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

/** Every permission the caller holds in the current organization. */
export function getPermissions(claims: Claims): PermissionsAnswer {
  return {
    orgCode: getOrganization(claims)?.orgCode ?? null,
    permissions: texts(read(claims, 'permissions')),
  };
}
