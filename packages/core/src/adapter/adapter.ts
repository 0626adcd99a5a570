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
 * @throws KindeError `config_invalid`, listing everything that is wrong; TypeError for a request.
 */
export function toKinde(given: Partial<KindeOptions> | Kinde = {}): Kinde {
  if (isRequest(given)) {
    throw new TypeError('kinde got a request instead of options: write app.use(kinde()).');
  }
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
 * Refuses a plugin that was not given an app, since it was called by hand, or is registered a second time. For frameworks
 * whose plugins are functions of the app, such as Fastify.
 * @throws TypeError that says what to write.
 */
export function checkPlugin(app: unknown): void {
  const { decorateRequest, hasRequestDecorator } = (app ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof decorateRequest !== 'function' || typeof hasRequestDecorator !== 'function') {
    throw new TypeError(
      'kinde is a plugin that the app calls: write await app.register(kinde), or await app.register(kinde, options).',
    );
  }
  if (hasRequestDecorator.call(app, 'kinde')) {
    throw new TypeError(
      'kinde is registered already: register it once, on the outermost app that needs it.',
    );
  }
}

/**
 * Refuses a second instance with routes that the first one answers already: it would only replace the caller.
 * @throws KindeError `config_invalid` for two instances with a route in common.
 */
export function refuseSecond(first: Kinde | undefined, second: Kinde): void {
  if (!first || first === second) {
    return;
  }
  const paths = first.routes.map(({ path }) => path);
  const common = second.routes.find(({ path }) => paths.includes(path));
  if (common) {
    throw invalidConfig([
      `Two instances of Kinde answer ${common.path} in one app: call app.use(kinde()) once, or create one instance with \`createKinde\` and pass it to both.`,
    ]);
  }
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
 * @throws TypeError for an unknown word, an empty requirement or a request.
 */
export function toRule(allow: Guard, options: ProtectOptions): Rule {
  if (isRequest(allow)) {
    throw new TypeError(
      "protect got a request instead of a requirement: write protect(), or protect({ permissions: 'create:todos' }).",
    );
  }
  if (typeof allow !== 'function') {
    checkRequirement(allow);
  }
  return Object.freeze({ ...options, allow });
}

/** Tells a request from options: a framework passes one to a function that was mounted without being called. */
function isRequest(given: unknown): boolean {
  const { method, headers } = (given ?? {}) as Readonly<Record<string, unknown>>;
  return typeof method === 'string' && typeof headers === 'object';
}
