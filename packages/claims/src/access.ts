import { getClaim, type ClaimAnswer, type TokenType } from './claims.js';
import { getFlag, getFlags, type FlagAnswer } from './flags.js';
import type { AnsweredValue, DeclaredValue, FlagCode, FlagValue, PermissionKey, RoleKey } from './keys.js';
import { getOrganization, getUserOrganizations, type Organization, type UserOrganizations } from './organizations.js';
import { getPermission, getPermissions, type PermissionAnswer, type PermissionsAnswer } from './permissions.js';
import { getScopes } from './scopes.js';
import type { Claims } from './read.js';
import { checkRequirement, type Requirement } from './requirement.js';
import { getProperties, type PropertyOwner } from './properties.js';
import { getRole, getRoles, type RoleAnswer, type RolesAnswer } from './roles.js';

/** Questions about one caller. Synchronous, no network; whatever is missing or malformed counts as "no". */
export interface Access {
  getClaim(name: string, token?: TokenType): ClaimAnswer;
  getClaims(token?: TokenType): Claims;
  getPermission(key: PermissionKey): PermissionAnswer;
  getPermissions(): PermissionsAnswer;
  getRole(key: RoleKey): RoleAnswer;
  getRoles(): RolesAnswer;
  getFlag<Code extends FlagCode>(code: Code): FlagAnswer<DeclaredValue<Code> | undefined>;
  getFlag<Code extends FlagCode, Fallback extends DeclaredValue<Code>>(
    code: Code,
    fallback: Fallback,
  ): FlagAnswer<AnsweredValue<Code, Fallback>>;
  getFlags(): Readonly<Record<string, FlagAnswer<FlagValue>>>;
  getOrganization(): Organization | null;
  getUserOrganizations(): UserOrganizations;
  /** Properties of the person, from either token, or of the organization or application. */
  getProperties(of?: PropertyOwner): Readonly<Record<string, unknown>>;
  /** Do all parts of the requirement hold? `{}` asks only that there is a caller. */
  has(requirement: Requirement): boolean;
}

const NOTHING: Claims = Object.freeze({});

/** Answers from a caller's access-token claims and, for the list of organizations, ID-token claims. */
export function createAccess(access: Claims, id: Claims = NOTHING): Access {
  const claimsOf = (token: TokenType = 'access_token') => (token === 'id_token' ? id : access);
  return {
    getClaim: (name, token) => getClaim(claimsOf(token), name),
    getClaims: claimsOf,
    getPermission: (key) => getPermission(access, key),
    getPermissions: () => getPermissions(access),
    getRole: (key) => getRole(access, key),
    getRoles: () => getRoles(access),
    getFlag: (code: FlagCode, fallback?: FlagValue) => getFlag(access, code, fallback as never) as never,
    getFlags: () => getFlags(access),
    getOrganization: () => getOrganization(access),
    getUserOrganizations: () => getUserOrganizations(id),
    getProperties: (of) => ({ ...getProperties(id, of), ...getProperties(access, of) }),
    has: (requirement) => has(access, requirement),
  };
}

/** Answers for nobody: every answer is "no", and `has` is false even for `{}`. */
export function createNoAccess(): Access {
  return { ...createAccess(NOTHING), has: (requirement) => (checkRequirement(requirement), false) };
}

/**
 * Do all parts of the requirement hold for these access-token claims?
 * @throws TypeError for a requirement that can only be a mistake: an unknown word, an empty list.
 * @example has(claims, { permissions: 'create:todos', organization: 'org_acme' })
 */
export function has(claims: Claims, requirement: Requirement): boolean {
  checkRequirement(requirement);
  const { permissions = [], roles = [], flags = [], organization, scopes = [] } = requirement;
  const asked =
    typeof flags === 'string' || Array.isArray(flags)
      ? [flags].flat().map((code) => [code, true])
      : Object.entries(flags);
  return (
    [permissions].flat().every((key) => getPermission(claims, key as PermissionKey).isGranted) &&
    [roles].flat().every((key) => getRole(claims, key as RoleKey).isGranted) &&
    asked.every(([code, value]) => getFlag(claims, code as FlagCode).value === value) &&
    (organization === undefined || getOrganization(claims)?.orgCode === organization) &&
    [scopes].flat().every((scope) => getScopes(claims).includes(scope as string))
  );
}
