import { nearest } from '@kindling/internal';
import type { DeclaredValue, FlagCode, PermissionKey, RoleKey } from './keys.js';

/** Conditions that a caller must meet, all of them together. */
export interface Requirement {
  /** Permissions that must be granted in the current organization. */
  readonly permissions?: PermissionKey | readonly PermissionKey[];
  /** Roles that the caller must have in the current organization, by key. */
  readonly roles?: RoleKey | readonly RoleKey[];
  /** Feature flags: a code requires a boolean flag that is `true`, an object requires exact values. */
  readonly flags?:
    FlagCode | readonly FlagCode[] | { readonly [Code in FlagCode]?: DeclaredValue<Code> };
  /** Code of the organization that the token must have been issued for. */
  readonly organization?: string;
  /** Scopes of the access token. Machine-to-machine applications are granted these instead of permissions. */
  readonly scopes?: string | readonly string[];
}

const PARTS = ['permissions', 'roles', 'flags', 'organization', 'scopes'];

/**
 * Refuses a requirement that can only be a mistake, so that a typing error never grants access.
 * @throws TypeError for anything but an object, an unknown part, `undefined`, an empty list or an empty key.
 */
export function checkRequirement(requirement: Requirement): void {
  const isObject =
    typeof requirement === 'object' && requirement !== null && !Array.isArray(requirement);
  if (!isObject) {
    throw new TypeError(
      "A requirement is an object, such as { permissions: 'create:todos' }: write protect({ permissions: 'create:todos' }) to require a permission.",
    );
  }
  for (const part of Object.keys(requirement)) {
    if (!PARTS.includes(part)) {
      throw new TypeError(explainUnknown(part));
    }
    const wanted: unknown = requirement[part as keyof Requirement];
    if (typeof wanted === 'string' && wanted !== '') {
      continue;
    }
    const keys = keysOf(wanted);
    if (keys.length === 0 || !keys.every((key) => typeof key === 'string' && key !== '')) {
      throw new TypeError(`The requirement "${part}" is empty or not text.`);
    }
  }
}

function explainUnknown(part: string): string {
  const guess = nearest(part, PARTS);
  const hint = guess ? ` (did you mean "${guess}"?)` : '';
  return `"${part}" cannot be required${hint}. A requirement may have ${PARTS.join(', ')}.`;
}

/** The keys of a part: of a single one, a list, or an object of flags. */
function keysOf(wanted: unknown): readonly unknown[] {
  if (typeof wanted !== 'object' || wanted === null) {
    return [wanted];
  }
  if (Array.isArray(wanted)) {
    return wanted;
  }
  return Object.keys(wanted);
}
