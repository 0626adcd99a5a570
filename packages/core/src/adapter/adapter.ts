import { checkRequirement } from '@kindling/claims';
import type { Guard, Rule } from '../entrance/guard.js';
import { createKinde, type Kinde } from '../kinde.js';
import { optionsFromEnv } from '../options/env.js';
import type { KindeOptions } from '../options/options.js';
import { invalidConfig } from '../options/problems.js';

export { mergeCookies, withField, withoutCookies } from '../http/headers.js';

/** The ways in which `protect()` of every adapter can be adjusted. */
export type ProtectOptions = Omit<Rule, 'allow'>;

/**
 * The instance that an adapter was given, or a new one: options win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 */
export function toKinde(given: Partial<KindeOptions> | Kinde = {}): Kinde {
  if (isKinde(given)) {
    return given;
  }
  return createKinde(optionsFromEnv(undefined, given));
}

/** Was an instance given that other parts of the app share, rather than options for one of its own? */
export function isKinde(given: Partial<KindeOptions> | Kinde): given is Kinde {
  return Object.hasOwn(given, 'enter');
}

/**
 * Are the auth routes to be mounted in a part of the app below `prefix`? A shared instance may only say who is calling there.
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

/** The path of an auth route inside the part of the app that is mounted below `prefix`. */
export function pathBelow(prefix: string, path: string): string {
  return prefix === '/' ? path : path.slice(prefix.length);
}

/**
 * A rule for `kinde.guard`, checked when the app is set up rather than at its first request.
 * @throws TypeError for an unknown word or an empty requirement.
 */
export function toRule(allow: Guard, options: ProtectOptions): Rule {
  if (typeof allow !== 'function') {
    checkRequirement(allow);
  }
  return Object.freeze({ ...options, allow });
}
