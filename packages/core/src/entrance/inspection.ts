import type { Context } from '../context.js';
import { KindeError, withCauses, type KindeErrorCode } from '../errors.js';
import { requestUrl, type HttpRequest } from '../http/http.js';

/** Errors of a sign-in, and those that Kinde's answers lead to. */
const OF_SIGN_IN: readonly KindeErrorCode[] = [
  'state_missing',
  'state_mismatch',
  'code_missing',
  'transaction_missing',
  'transaction_expired',
  'transaction_consumed',
  'iss_mismatch',
  'iss_missing',
  'response_unexpected',
  'login_refused',
  'grant_refused',
  'client_rejected',
  'kinde_busy',
  'response_invalid',
  'keys_unavailable',
  'id_token_invalid',
  'access_token_invalid',
  'profile_invalid',
];
/** Errors of a Kinde that has no page to show either. */
const OUTAGES: readonly KindeErrorCode[] = ['kinde_unreachable', 'kinde_timeout'];

/** The page of the local Kinde about the sign-in that failed, or by whose tokens this request failed; in development only. */
export async function inspectionOf(
  request: HttpRequest,
  { config, oauth }: Pick<Context, 'config' | 'oauth'>,
  error: KindeError,
): Promise<string | undefined> {
  if (!isOfSignIn(error)) {
    return undefined;
  }
  const { pathname, searchParams } = requestUrl(request, config);
  const state = pathname === config.paths.callback ? searchParams.get('state') : undefined;
  return oauth.inspectionUrl(state || undefined);
}

function isOfSignIn(error: KindeError): boolean {
  const codes = withCauses(error).flatMap((one) => (one instanceof KindeError ? one.code : []));
  const { reason } = error;
  return (
    reason === 'refresh_refused' ||
    (codes.some((code) => OF_SIGN_IN.includes(code)) &&
      !codes.some((code) => OUTAGES.includes(code)))
  );
}
