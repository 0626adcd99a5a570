// Helpers for writing an adapter, which connects a web framework to the entrance of the core.

import { checkRequirement } from '@kindling/claims';
import type { Guard, Rule } from '../entrance/guard.js';
import { createKinde, type Kinde } from '../kinde.js';
import { optionsFromEnv } from '../options/env.js';
import type { KindeOptions } from '../options/options.js';
import { invalidConfig } from '../options/problems.js';

export { mergeCookies, withField, withoutCookies } from '../http/headers.js';

/** Options of `protect()` in every adapter. */
export type ProtectOptions = Omit<Rule, 'allow'>;

/**
 * Returns the instance that an adapter was given, or creates one from options, which win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 */
export function toKinde(given: Partial<KindeOptions> | Kinde = {}): Kinde {
  if (isKinde(given)) {
    return given;
  }
  return createKinde(optionsFromEnv(undefined, given));
}

/** Tells an instance, which other parts of the app share, from options for a new one. */
export function isKinde(given: Partial<KindeOptions> | Kinde): given is Kinde {
  return Object.hasOwn(given, 'enter');
}

/**
 * Tells whether an adapter that is mounted below `prefix` mounts the auth routes. A shared instance may be mounted below its
 * own path only to authenticate callers there.
 * @throws KindeError `config_invalid` where nobody could reach the routes, or where no cookie would be sent.
 */
export function mountsRoutes(prefix: string, { basePath }: Kinde, isShared: boolean): boolean {
  if (prefix === '' || prefix === '/' || `${basePath}/`.startsWith(`${prefix}/`)) {
    return true;
  }
  if (isShared && `${prefix}/`.startsWith(`${basePath}/`)) {
    return false;
  }
  throw invalidConfig([
    `Kinde is mounted below ${prefix}, but \`siteUrl\` says that this app lives at ${basePath || 'the root of its host'}: ` +
      `end \`siteUrl\` with ${prefix}, or mount Kinde at the root.`,
  ]);
}

/** Converts the path of an auth route into one that is relative to `prefix`. */
export function pathBelow(prefix: string, path: string): string {
  return prefix === '/' ? path : path.slice(prefix.length);
}

/**
 * Creates a rule for `kinde.guard`, and checks it when the app is set up rather than at its first request.
 * @throws TypeError for an unknown word or an empty requirement.
 */
export function toRule(allow: Guard, options: ProtectOptions): Rule {
  if (typeof allow !== 'function') {
    checkRequirement(allow);
  }
  return Object.freeze({ ...options, allow });
}
