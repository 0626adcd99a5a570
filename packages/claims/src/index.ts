export { createAccess, createNoAccess, has, type Access } from './access.js';
export { getClaim, type ClaimAnswer, type TokenType } from './claims.js';
export { checkDrift, type Drift, type TenantLists } from './drift.js';
export { defineKinde, type FlagDeclaration, type Tenant } from './define.js';
export { getFlag, getFlags, type FlagAnswer, type FlagType } from './flags.js';
export type { FlagCode, FlagValue, PermissionKey, RoleKey } from './keys.js';
export {
  getOrganization,
  getUserOrganizations,
  type Organization,
  type UserOrganizations,
} from './organizations.js';
export {
  getPermission,
  getPermissions,
  type PermissionAnswer,
  type PermissionsAnswer,
} from './permissions.js';
export { getProperties, type PropertyOwner } from './properties.js';
export { checkRequirement, type Requirement } from './requirement.js';
export { getRole, getRoles, type Role, type RoleAnswer, type RolesAnswer } from './roles.js';
export { getScopes } from './scopes.js';
export { getUser, type User } from './user.js';
export type { Claims } from './read.js';
