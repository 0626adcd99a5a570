import { constantTimeEqual } from '../state/password.js';
import { ControlError } from './error.js';

/** Who may use the control API over HTTP. */
export interface ControlAccess {
  /** Token that requests prove themselves with: `Authorization: Bearer`. */
  readonly token: string;
}

/** Headers of every response: nothing is kept, shown as something else, or read by a page of another origin. */
export const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

/**
 * Refuses requests that a page elsewhere caused. Other ports of this machine are the same site, but not the same origin.
 * @throws ControlError `forbidden`
 */
export function refuseForeign(request: Request): void {
  const origin = request.headers.get('origin');
  const site = request.headers.get('sec-fetch-site') ?? 'none';
  const isForeign = origin !== null && origin !== new URL(request.url).origin;
  if (isForeign || !['none', 'same-origin'].includes(site)) {
    throw new ControlError('forbidden', 'A page of another origin cannot use the control API.');
  }
}

/** Whether a request has the token. */
export function hasToken(request: Request, { token }: ControlAccess): boolean {
  const header = request.headers.get('authorization') ?? '';
  const given = /^Bearer +([\w.~+/=-]{1,500})$/i.exec(header)?.[1] ?? '';
  return token !== '' && constantTimeEqual(given, token);
}
