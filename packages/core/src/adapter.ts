import { checkRequirement } from '@kindling/claims';
import type { Guard, Rule } from './guard.js';
import { createKinde, type Kinde } from './kinde.js';
import { invalidConfig, optionsFromEnv, type KindeOptions } from './options.js';

/** The ways in which `protect()` of every adapter can be adjusted. */
export type ProtectOptions = Omit<Rule, 'allow'>;

/**
 * The instance that an adapter was given, or a new one: options win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 */
export function toKinde(given: Partial<KindeOptions> | Kinde = {}): Kinde {
  return isKinde(given) ? given : createKinde(optionsFromEnv(undefined, given));
}

/** Was an instance given that other parts of the app share, rather than options for one of its own? */
export function isKinde(given: Partial<KindeOptions> | Kinde): given is Kinde {
  return Object.hasOwn(given, 'enter');
}

/**
 * The path of an auth route inside the part of the app that is mounted below `prefix`.
 * @throws KindeError `config_invalid` where the route is not below it, so that nobody could reach it there.
 */
export function pathBelow(prefix: string, path: string): string {
  if (prefix === '' || prefix === '/') return path;
  if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length);
  throw invalidConfig([
    `The auth routes are mounted below ${prefix}, but \`siteUrl\` says that this app does not live there: ` +
      `end \`siteUrl\` with ${prefix}, or mount them at the root.`,
  ]);
}

/**
 * A rule for `kinde.guard`, checked when the app is set up rather than at its first request.
 * @throws TypeError for an unknown word or an empty requirement.
 */
export function toRule(allow: Guard, options: ProtectOptions): Rule {
  if (typeof allow !== 'function') checkRequirement(allow);
  return Object.freeze({ ...options, allow });
}
