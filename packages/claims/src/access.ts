import { getClaim, type ClaimAnswer, type TokenType } from './claims.js';
import { fitsFallback, getFlags, noFlag, type FlagAnswer } from './flags.js';
import type {
  AnsweredValue,
  DeclaredValue,
  FlagCode,
  FlagValue,
  PermissionKey,
  RoleKey,
} from './keys.js';
import {
  getOrganization,
  getUserOrganizations,
  type Organization,
  type UserOrganizations,
} from './organizations.js';
import { getPermissions, type PermissionAnswer, type PermissionsAnswer } from './permissions.js';
import { getScopes } from './scopes.js';
import { own, type Claims } from './read.js';
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
  const claimsOf = (token: TokenType = 'access_token') => {
    if (token === 'id_token') {
      return id;
    }
    return access;
  };
  // Answers are found once and then looked up; they may be shared by many requests, so they are frozen.
  const permissions = once(() => {
    const all = getPermissions(access);
    Object.freeze(all.permissions);
    return Object.freeze(all);
  });
  const granted = once(() => {
    const { orgCode, permissions: keys } = permissions();
    const answerOf = (permissionKey: string) =>
      Object.freeze({
        permissionKey,
        orgCode,
        isGranted: true,
      });
    return new Map<string, PermissionAnswer>(keys.map((key) => [key, answerOf(key)]));
  });
  const flags = once(
    () =>
      new Map(
        Object.entries(getFlags(access)).map(([code, answer]) => [code, Object.freeze(answer)]),
      ),
  );
  return {
    getClaim: (name, token) => getClaim(claimsOf(token), name),
    getClaims: claimsOf,
    getPermission: (key) =>
      granted().get(key) ?? {
        permissionKey: key,
        orgCode: permissions().orgCode,
        isGranted: false,
      },
    getPermissions: permissions,
    getRole: (key) => getRole(access, key),
    getRoles: () => getRoles(access),
    getFlag(code: FlagCode, fallback?: FlagValue) {
      const flag = flags().get(code);
      return (flag && fitsFallback(flag, fallback) ? flag : noFlag(code, fallback)) as never;
    },
    getFlags: () => getFlags(access),
    getOrganization: () => getOrganization(access),
    getUserOrganizations: () => getUserOrganizations(id),
    getProperties: (of) => ({ ...getProperties(id, of), ...getProperties(access, of) }),
    has(requirement) {
      checkRequirement(requirement);
      const organization = own(requirement, 'organization');
      return (
        every(own(requirement, 'permissions'), (key) => granted().has(key)) &&
        every(own(requirement, 'roles'), (key) => getRole(access, key as RoleKey).isGranted) &&
        hasFlags(flags(), own(requirement, 'flags')) &&
        (organization === undefined || permissions().orgCode === organization) &&
        every(own(requirement, 'scopes'), (scope) => getScopes(access).includes(scope))
      );
    },
  };
}

function once<Value>(find: () => Value): () => Value {
  let found: Value | undefined;
  return () => (found ??= find());
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
  return createAccess(claims).has(requirement);
}

function every(
  wanted: string | readonly string[] | undefined,
  holds: (key: string) => boolean,
): boolean {
  return wanted === undefined || (typeof wanted === 'string' ? holds(wanted) : wanted.every(holds));
}

/** A code asks for `true`, an object for exact values. */
function hasFlags(flags: ReadonlyMap<string, FlagAnswer>, wanted: Requirement['flags']): boolean {
  if (wanted === undefined || typeof wanted === 'string' || Array.isArray(wanted)) {
    return every(wanted, (code) => flags.get(code)?.value === true);
  }
  return Object.entries(wanted).every(
    ([code, value]) => flags.has(code) && flags.get(code)!.value === value,
  );
}
