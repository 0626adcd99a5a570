import { checkRequirement, type Requirement } from '@kindling/claims';
import type { Auth } from './auth.js';
import type { Context } from './context.js';
import { KindeError } from './errors.js';
import { isNavigation, PRIVATE_HEADERS, requestUrl, type HttpRequest, type Reply } from './http.js';
import { login } from './login.js';
import { problemReply } from './problem.js';

/** What a caller must have, or a question about them that must be answered with `true`. */
export type Guard = Requirement | ((auth: Auth) => boolean | Promise<boolean>);

/** A guard, and whom to ask: the token, or Kinde as of now. */
export interface Rule {
  readonly allow: Guard;
  /** Ask the Account API instead of the token. If that cannot answer, nobody passes. @default false */
  readonly live?: boolean;
}

/**
 * Refuses a guard that can only be a mistake, at set-up rather than at the first request.
 * @throws TypeError for an unknown word or an empty requirement.
 */
export function checkGuard(guard: Guard): void {
  if (typeof guard !== 'function') checkRequirement(guard);
}

/**
 * Does this caller meet the rule, as far as that can be told at once? `false` says no more than that `guard` has to be asked.
 */
export function mayPass(auth: Auth, { allow, live = false }: Rule): boolean {
  return !live && typeof allow !== 'function' && auth.isAuthenticated && auth.has(allow);
}

/**
 * Lets a caller through (`undefined`) or answers in their place: people looking at a page are sent to sign in and come
 * back to it, everybody else gets 401 or 403 with a problem document and, for bearer tokens, a challenge (RFC 6750).
 */
export async function guard(
  request: HttpRequest,
  context: Context,
  { auth, allow, live = false }: Rule & { auth: Auth },
): Promise<Reply | undefined> {
  const { config } = context;
  try {
    if (!auth.isAuthenticated) {
      if (auth.reason === 'unavailable')
        throw new KindeError('store_unavailable', 'Whether you are signed in cannot be found out just now.', {
          headers: { 'retry-after': '5' },
        });
      if (!isNavigation(request) || auth.reason === 'bearer_invalid') throw signedOutError(auth.reason, context);
      const { location, cookies } = await login(request, context, {
        returnTo: requestUrl(request, config.siteUrl).href,
      });
      return { status: 302, headers: { ...PRIVATE_HEADERS, location }, cookies, body: '' };
    }
    const allowed =
      typeof allow === 'function' ? (await allow(auth)) === true : (live ? await auth.live() : auth).has(allow);
    return allowed ? undefined : problemReply(request, config, forbidden(auth.via, allow));
  } catch (error) {
    if (error instanceof KindeError) return problemReply(request, config, error);
    throw error;
  }
}

function signedOutError(reason: string, { config }: Context): KindeError {
  const challenge =
    reason === 'bearer_invalid'
      ? 'Bearer error="invalid_token", error_description="The access token is not valid here"'
      : 'Bearer';
  const headers = config.audience.length > 0 ? { 'www-authenticate': challenge } : {};
  return new KindeError('signed_out', 'Please sign in.', { reason, headers });
}

function forbidden(via: 'session' | 'bearer', allow: Guard): KindeError {
  const { scopes = [], ...rest } = typeof allow === 'function' ? {} : (allow as Requirement);
  const scope = [scopes].flat().join(' ');
  const challenge = `Bearer error="insufficient_scope"${/^[\x21\x23-\x5b\x5d-\x7e ]+$/.test(scope) ? `, scope="${scope}"` : ''}`;
  const wanted = Object.entries(rest).map(
    ([kind, value]) => `${kind} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return new KindeError('forbidden', 'You are signed in, but this needs a permission that you do not have.', {
    ...(wanted.length > 0 && { reason: `requires ${wanted.join(', ')}` }),
    headers: via === 'bearer' ? { 'www-authenticate': challenge } : {},
  });
}
