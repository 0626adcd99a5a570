import { own } from '@kindling/internal';
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
import type { Claims } from './read.js';
import { checkRequirement, type Requirement } from './requirement.js';
import { getProperties, type PropertyOwner } from './properties.js';
import { getRole, getRoles, type RoleAnswer, type RolesAnswer } from './roles.js';

/** Answers questions about one caller: at once, without the network. Missing and malformed claims count as not granted. */
export interface Access {
  /** Reads a claim of the access token, or of the ID token. @default access_token */
  getClaim(name: string, token?: TokenType): ClaimAnswer;
  /** Returns all claims of the access token, or of the ID token. @default access_token */
  getClaims(token?: TokenType): Claims;
  /** Checks for a permission in the current organization. Exact and case-sensitive. */
  getPermission(key: PermissionKey): PermissionAnswer;
  /** Lists the permissions in the current organization. */
  getPermissions(): PermissionsAnswer;
  /** Checks for a role in the current organization, by key. */
  getRole(key: RoleKey): RoleAnswer;
  /** Lists the roles in the current organization. */
  getRoles(): RolesAnswer;
  /** Reads a feature flag; its value is `undefined` where the token has no such flag. */
  getFlag<Code extends FlagCode>(code: Code): FlagAnswer<DeclaredValue<Code> | undefined>;
  /** Reads a feature flag; its value is the fallback where the token has no such flag of that type. */
  getFlag<Code extends FlagCode, Fallback extends DeclaredValue<Code>>(
    code: Code,
    fallback: Fallback,
  ): FlagAnswer<AnsweredValue<Code, Fallback>>;
  /** Lists the well-formed feature flags, by code. */
  getFlags(): Readonly<Record<string, FlagAnswer<FlagValue>>>;
  /** Returns the organization that the access token was issued for; null for none. */
  getOrganization(): Organization | null;
  /** Lists the organizations of the user, from the ID token. */
  getUserOrganizations(): UserOrganizations;
  /** Reads the properties of the user, the organization or the application, from both tokens. @default user */
  getProperties(of?: PropertyOwner): Readonly<Record<string, unknown>>;
  /**
   * Checks that the caller meets every part of a requirement. `{}` only requires that there is a caller.
   * @throws TypeError for a requirement that can only be a mistake, such as an unknown part or an empty list
   */
  has(requirement: Requirement): boolean;
}

const NOTHING: Claims = Object.freeze({});

/** Answers from the access-token claims of a caller and, for the list of organizations, from the ID-token claims. */
export function createAccess(access: Claims, id: Claims = NOTHING): Access {
  const claimsOf = (token: TokenType = 'access_token') => {
    if (token === 'id_token') {
      return id;
    }
    return access;
  };
  const { permissions, granted, flags } = createLookups(access);
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
      if (flag && fitsFallback(flag, fallback)) {
        return flag as never;
      }
      return noFlag(code, fallback) as never;
    },
    getFlags: () => getFlags(access),
    getOrganization: () => getOrganization(access),
    getUserOrganizations: () => getUserOrganizations(id),
    getProperties: (of) => ({ ...getProperties(id, of), ...getProperties(access, of) }),
    has(requirement) {
      checkRequirement(requirement);
      const organization = own(requirement, 'organization');
      if (organization !== undefined && permissions().orgCode !== organization) {
        return false;
      }
      return (
        every(own(requirement, 'permissions'), (key) => granted().has(key)) &&
        every(own(requirement, 'roles'), (key) => getRole(access, key as RoleKey).isGranted) &&
        hasFlags(flags(), own(requirement, 'flags')) &&
        every(own(requirement, 'scopes'), (scope) => getScopes(access).includes(scope))
      );
    },
  };
}

/** Answers that are worked out once. Many requests may share them, so they are frozen. */
interface Lookups {
  readonly permissions: () => PermissionsAnswer;
  readonly granted: () => ReadonlyMap<string, PermissionAnswer>;
  readonly flags: () => ReadonlyMap<string, FlagAnswer<FlagValue>>;
}

function createLookups(access: Claims): Lookups {
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
  const flags = once(() => {
    const entries = Object.entries(getFlags(access));
    return new Map(entries.map(([code, answer]) => [code, Object.freeze(answer)]));
  });
  return { permissions, granted, flags };
}

function once<Value>(find: () => Value): () => Value {
  let found: Value | undefined;
  return () => (found ??= find());
}

/** Answers for a request without a caller: nothing is granted, and `has` is false even for `{}`. */
export function createNoAccess(): Access {
  return {
    ...createAccess(NOTHING),
    has(requirement) {
      checkRequirement(requirement);
      return false;
    },
  };
}

/**
 * Checks that access-token claims meet every part of a requirement.
 * @throws TypeError for a requirement that can only be a mistake, such as an unknown part or an empty list
 * @example has(claims, { permissions: 'create:todos', organization: 'org_acme' })
 */
export function has(claims: Claims, requirement: Requirement): boolean {
  return createAccess(claims).has(requirement);
}

function every(
  wanted: string | readonly string[] | undefined,
  holds: (key: string) => boolean,
): boolean {
  if (wanted === undefined) {
    return true;
  }
  if (typeof wanted === 'string') {
    return holds(wanted);
  }
  return wanted.every(holds);
}

/** A code requires `true`, an object requires exact values. */
function hasFlags(flags: ReadonlyMap<string, FlagAnswer>, wanted: Requirement['flags']): boolean {
  if (wanted === undefined || typeof wanted === 'string' || Array.isArray(wanted)) {
    return every(wanted, (code) => flags.get(code)?.value === true);
  }
  return Object.entries(wanted).every(([code, value]) => {
    const flag = flags.get(code);
    return flag !== undefined && flag.value === value;
  });
}
