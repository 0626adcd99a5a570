import { now, stopwatch } from '../clock.js';
import { KindeError } from '../errors.js';

/** Characters of one token; more would not fit into a session anyway. */
const LONGEST_TOKEN = 16 * 1024;
/** Seconds an access token is taken to live when neither Kinde nor the token says. */
export const SHORT_LIFE = 300;

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
  const { status, headers } = response;
  if (status === 429) {
    throw rateLimited(headers.get('retry-after') ?? headers.get('ratelimit-reset'));
  }
  // A gateway may say what it likes: only Kinde knows what became of a code or a refresh token.
  if (status >= 500) {
    throw unusable('http_status');
  }
  const body: unknown = isJson(headers)
    ? await response.clone().json().catch(orUndefined)
    : undefined;
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const answer = isObject ? (body as Record<string, unknown>) : {};
  if (typeof answer['error'] === 'string') {
    throw refusalOf(answer['error'], status);
  }
  if (status !== 200) {
    throw unusable(status === 401 ? 'client_auth' : 'http_status');
  }
  if (!isObject) {
    throw unusable(body === undefined ? 'not_json' : 'malformed');
  }
  const {
    access_token: access,
    id_token: id,
    refresh_token: refreshToken,
    token_type: type,
  } = answer;
  const tokens = [access, id, refreshToken].filter((token) => token !== undefined);
  const isText =
    access !== undefined && tokens.every((token) => typeof token === 'string' && token !== '');
  if (!isText || typeof type !== 'string' || type === '') {
    throw unusable('malformed');
  }
  if (tokens.some((token) => (token as string).length > LONGEST_TOKEN)) {
    throw unusable('too_large');
  }
  if (!tokens.every((token) => VISIBLE.test(token as string))) {
    throw unusable('characters');
  }
  if (type.toLowerCase() !== 'bearer') {
    throw unusable('token_type');
  }
  if (!isLifetime(answer['expires_in'])) {
    throw unusable('malformed');
  }
  return answer as unknown as TokenResponse;
}

/** What a token is made of (RFC 6749, appendix A.12 and following), without the space: it travels in a header. */
const VISIBLE = /^[\x21-\x7e]+$/;

/** RFC 6749 5.1: tokens come as JSON, which no page of a proxy calls itself. */
function isJson(headers: Headers): boolean {
  return /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(headers.get('content-type') ?? '');
}

function isLifetime(seconds: unknown): boolean {
  if (seconds === undefined) {
    return true;
  }
  if (typeof seconds === 'string') {
    return /^\d{1,10}$/.test(seconds);
  }
  return Number.isFinite(seconds) && (seconds as number) >= 0;
}

function orUndefined(): undefined {}

/**
 * OAuth's own error codes say who is at fault: the grant (sign in again) or this app's client id and secret. Each counts only
 * under the status that it comes with (RFC 6749 5.2).
 */
function refusalOf(error: string, status: number): KindeError {
  const reason = /^[a-z_]{1,40}$/.test(error) ? error : 'unknown_error';
  if (status === 401 || (status === 400 && reason === 'invalid_client')) {
    const fix = 'Check KINDE_CLIENT_ID and KINDE_CLIENT_SECRET against the application in Kinde.';
    return new KindeError(
      'client_rejected',
      'Kinde does not accept this application’s client id and secret.',
      {
        reason,
        fix,
      },
    );
  }
  if (status === 400 && reason === 'invalid_grant') {
    return new KindeError('grant_refused', 'Kinde no longer accepts this login.', { reason });
  }
  return new KindeError('response_invalid', 'Kinde refused to issue tokens.', { reason });
}

/** Seconds to wait as Kinde names them, within reason. */
function rateLimited(wait: string | null): KindeError {
  const seconds = /^\d{1,4}$/.test(wait ?? '') ? Math.min(Number(wait), 300) : 10;
  return new KindeError('kinde_busy', 'Kinde asks for fewer requests.', {
    reason: 'rate_limited',
    headers: { 'retry-after': String(seconds) },
  });
}

/** For how long nothing is asked, after Kinde said so. */
export interface RateLimit {
  /** @throws KindeError `kinde_busy` */
  check(): void;
  /** Begins with an error `kinde_busy`. */
  begin(error: KindeError): void;
}

/** Nothing has to wait at first. */
export function createRateLimit(): RateLimit {
  let seconds = 0;
  let age = stopwatch();
  return {
    check() {
      const left = Math.ceil(seconds - age());
      if (left > 0) {
        throw rateLimited(String(left));
      }
    },
    begin: ({ headers }) => void ([seconds, age] = [Number(headers['retry-after']), stopwatch()]),
  };
}

function unusable(reason: string): KindeError {
  return new KindeError(
    'response_invalid',
    'Kinde’s token endpoint gave an answer that cannot be used.',
    { reason },
  );
}

/** Kinde may answer with an access token that is some time old, so the token's own `exp` counts first. */
export function expiryOf(
  { expires_in: seconds }: TokenResponse,
  { exp }: { exp?: number },
): number {
  return exp ?? now() + Number(seconds ?? SHORT_LIFE);
}
