import type { DeclaredValue, FlagCode, PermissionKey, RoleKey } from './keys.js';

/** What a caller must have. Everything named must hold: all permissions, all roles, all flags, the organization. */
export interface Requirement {
  readonly permissions?: PermissionKey | readonly PermissionKey[];
  readonly roles?: RoleKey | readonly RoleKey[];
  /** A code asks for a boolean flag that is `true`; an object asks for exact values. */
  readonly flags?:
    FlagCode | readonly FlagCode[] | { readonly [Code in FlagCode]?: DeclaredValue<Code> };
  /** The organization the token must have been issued for. */
  readonly organization?: string;
  /** Scopes of the access token, which is what machines are granted instead of permissions. */
  readonly scopes?: string | readonly string[];
}

const KINDS = ['permissions', 'roles', 'flags', 'organization', 'scopes'];

/**
 * Refuses a requirement that can only be a mistake, so that a typo never opens a door.
 * @throws TypeError for an unknown word, `undefined`, an empty list or an empty key.
 */
export function checkRequirement(requirement: Requirement): void {
  for (const kind of Object.keys(requirement)) {
    if (!KINDS.includes(kind)) {
      throw new TypeError(`"${kind}" is not something to require. Use ${KINDS.join(', ')}.`);
    }
    const wanted: unknown = requirement[kind as keyof Requirement];
    if (typeof wanted === 'string' && wanted !== '') {
      continue;
    }
    const keys =
      typeof wanted === 'object' && wanted !== null
        ? Array.isArray(wanted)
          ? wanted
          : Object.keys(wanted)
        : [wanted];
    if (keys.length === 0 || !keys.every((key) => typeof key === 'string' && key !== '')) {
      throw new TypeError(
        `The requirement "${kind}" is empty or not text, so it cannot be checked.`,
      );
    }
  }
}
