import { KindeError } from '@kindling/core';
import { KindeApiError } from '@kindling/management';
import { say, type Statement } from './finding.js';

/** An address without what may hide a secret in it: user, password, query and fragment. */
export function show(url: string | URL): string {
  const { origin, pathname } = new URL(url);
  return pathname === '/' ? origin : origin + pathname;
}

/** Whatever a check ran into. Of strangers' errors only the name is told: their messages may hold anything. */
export function describe(error: unknown): Statement {
  if (error instanceof KindeError) {
    const code = error.reason ? `${error.code}, ${error.reason}` : error.code;
    return say('failed', `${error.message} (${code})`, error.fix);
  }
  if (error instanceof KindeApiError) {
    return describeApi(error);
  }
  const { name } = (error ?? {}) as { name?: unknown };
  if (name === 'TimeoutError') {
    return say('failed', 'Kinde did not answer in time.');
  }
  return say('failed', `The check itself failed (${typeof name === 'string' ? name : 'unknown'}).`);
}

function describeApi({ code, httpStatus, operation, errors }: KindeApiError): Statement {
  const said = errors.map((one) => one.code).join(', ');
  const answer = [httpStatus, said].filter(Boolean).join(', ');
  if (code === 'token_refused') {
    return say(
      'failed',
      `Kinde gave no token for the Management API (${answer}).`,
      'Compare KINDE_MANAGEMENT_CLIENT_ID and KINDE_MANAGEMENT_CLIENT_SECRET with a machine-to-machine application that is authorized for the Management API.',
    );
  }
  return say(
    'failed',
    `${operation ?? 'The Management API'} failed: ${code}${answer ? ` (${answer})` : ''}.`,
  );
}
