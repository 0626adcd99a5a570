import { KindeError } from '@kindling/core';
import { KindeApiError } from '@kindling/management';
import { say, type Statement } from './finding.js';

/** Shortens a URL to its origin and path: user, password, query and fragment may hide a secret. */
export function show(url: string | URL): string {
  const { origin, pathname } = new URL(url);
  if (pathname === '/') {
    return origin;
  }
  return origin + pathname;
}

/** Shows where a store is: host and port, without user, password and database. */
export function placeOf({ hostname, port }: URL, standardPort: number): string {
  return `${hostname || 'localhost'}:${port || standardPort}`;
}

/** Describes an error. Of unknown errors only the name is shown: their messages may contain anything. */
export function describe(error: unknown): Statement {
  if (error instanceof KindeError) {
    const codes = [error.code, error.reason].filter(Boolean);
    return say('failed', `${error.message} (${codes.join(', ')})`, error.fix);
  }
  if (error instanceof KindeApiError) {
    return describeApi(error);
  }
  const { name } = (error ?? {}) as { name?: unknown };
  if (name === 'TimeoutError') {
    return say('failed', 'Kinde did not respond in time.');
  }
  const kind = typeof name === 'string' ? name : 'unknown';
  return say('failed', `The check itself failed (${kind}).`);
}

function describeApi({ code, httpStatus, operation, errors }: KindeApiError): Statement {
  const codes = errors.map((one) => one.code);
  const reasons = [httpStatus, ...codes].filter(Boolean).join(', ');
  if (code === 'token_refused') {
    return say(
      'failed',
      `Kinde issued no token for the Management API (${reasons}).`,
      'Compare KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET with a machine-to-machine application that is authorized for the Management API.',
    );
  }
  const suffix = reasons && ` (${reasons})`;
  return say('failed', `${operation ?? 'The Management API'} failed: ${code}${suffix}.`);
}
