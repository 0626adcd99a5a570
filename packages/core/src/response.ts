import { now } from './clock.js';
import { KindeError } from './errors.js';

/** Characters of one token; more would not fit into a session anyway. */
const LONGEST_TOKEN = 16 * 1024;
/** Seconds an access token is taken to live when neither Kinde nor the token says. */
const SHORT_LIFE = 300;

/** What the token endpoint answers when it grants. */
export interface TokenResponse {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  expires_in?: number | string;
}

/**
 * The token endpoint's answer (RFC 6749 section 5), held to its letter before anything reads it.
 * @throws KindeError `grant_refused`, `client_rejected`, `kinde_busy`, `response_invalid`.
 */
export async function readTokenResponse(response: Response): Promise<TokenResponse> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => undefined);
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const answer = isObject ? (body as Record<string, unknown>) : {};
  if (response.status === 429)
    throw busy(response.headers.get('retry-after') ?? response.headers.get('ratelimit-reset'));
  if (typeof answer['error'] === 'string') throw refusalOf(answer['error'], response.status);
  if (response.status !== 200) throw unusable(response.status === 401 ? 'client_auth' : 'http_status');
  if (!isObject) throw unusable(body === undefined ? 'not_json' : 'malformed');
  const {
    access_token: access,
    id_token: id,
    refresh_token: refreshToken,
    token_type: type,
    expires_in: seconds,
  } = answer;
  const texts = [access, id ?? 'absent', refreshToken ?? 'absent', type];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) throw unusable('malformed');
  if (texts.some((text) => (text as string).length > LONGEST_TOKEN)) throw unusable('too_large');
  if ((type as string).toLowerCase() !== 'bearer') throw unusable('token_type');
  const plausible =
    typeof seconds === 'string' ? /^\d{1,10}$/.test(seconds) : Number.isFinite(seconds) && (seconds as number) >= 0;
  if (seconds !== undefined && !plausible) throw unusable('malformed');
  return answer as unknown as TokenResponse;
}

/** OAuth's own error codes say who is at fault: the grant (sign in again) or this app's client id and secret. */
function refusalOf(error: string, status: number): KindeError {
  const reason = /^[a-z_]{1,40}$/.test(error) ? error : 'unknown_error';
  if (reason === 'invalid_client' || status === 401) {
    const fix = 'Check KINDE_CLIENT_ID and KINDE_CLIENT_SECRET against the application in Kinde.';
    return new KindeError('client_rejected', 'Kinde does not accept this application’s client id and secret.', {
      reason,
      fix,
    });
  }
  if (reason === 'invalid_grant')
    return new KindeError('grant_refused', 'Kinde no longer accepts this login.', { reason });
  return new KindeError('response_invalid', 'Kinde refused to issue tokens.', { reason });
}

/** Seconds to wait as Kinde names them, within reason. */
export function busy(wait: string | null): KindeError {
  const seconds = /^\d{1,4}$/.test(wait ?? '') ? Math.min(Number(wait), 300) : 10;
  return new KindeError('kinde_busy', 'Kinde asks for fewer requests.', {
    reason: 'rate_limited',
    headers: { 'retry-after': String(seconds) },
  });
}

function unusable(reason: string): KindeError {
  return new KindeError('response_invalid', 'Kinde’s token endpoint gave an answer that cannot be used.', { reason });
}

/** Kinde may answer with an access token that is some time old, so the token's own `exp` counts first. */
export function expiryOf({ expires_in: seconds }: TokenResponse, { exp }: { exp?: number }): number {
  return exp ?? now() + Number(seconds ?? SHORT_LIFE);
}
