import { retryAfterOf, stopwatch } from '@kindling/internal';
import { now } from '../clock.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';

/** Characters of one token; more would not fit into a session anyway. */
const LONGEST_TOKEN = 16 * 1024;
/** Seconds an access token is taken to live when neither Kinde nor the token says. */
export const SHORT_LIFE = 300;

/** A successful answer of the token endpoint (RFC 6749 5.1). */
export interface TokenResponse {
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  expires_in?: number | string;
}

/**
 * Reads the token endpoint's answer (RFC 6749 section 5), held to its letter before anything else reads it.
 * @throws KindeError `grant_refused`, `client_rejected`, `kinde_busy`, `response_invalid`.
 */
export async function readTokenResponse(
  response: Response,
  config: OAuthConfig,
): Promise<TokenResponse> {
  const { status, headers } = response;
  if (status === 429) {
    throw rateLimited(retryAfterOf(headers, { onlyDelay: true }));
  }
  // A gateway may say what it likes: only Kinde knows what became of a code or a refresh token.
  if (status >= 500) {
    throw unusable('http_status');
  }
  const body = await jsonOf(response);
  if (isObject(body) && typeof body['error'] === 'string') {
    throw refusalOf(body['error'], status, config);
  }
  if (status !== 200) {
    throw unusable(status === 401 ? 'client_auth' : 'http_status');
  }
  if (body === undefined) {
    throw unusable('not_json');
  }
  if (!isObject(body)) {
    throw unusable('malformed');
  }
  checkGrant(body);
  return body as unknown as TokenResponse;
}

/** The body as JSON; `undefined` where it is something else. */
async function jsonOf(response: Response): Promise<unknown> {
  if (!isJson(response.headers)) {
    return undefined;
  }
  return response
    .clone()
    .json()
    .catch(() => undefined);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** RFC 6749 5.1, member by member. */
function checkGrant(answer: Readonly<Record<string, unknown>>): void {
  const { access_token: access, token_type: type } = answer;
  const given = [access, answer['id_token'], answer['refresh_token']];
  const present = given.filter((token) => token !== undefined);
  const tokens = present.filter(isFilledText);
  if (access === undefined || tokens.length < present.length || !isFilledText(type)) {
    throw unusable('malformed');
  }
  if (tokens.some((token) => token.length > LONGEST_TOKEN)) {
    throw unusable('too_large');
  }
  if (!tokens.every((token) => VISIBLE.test(token))) {
    throw unusable('characters');
  }
  if (type.toLowerCase() !== 'bearer') {
    throw unusable('token_type');
  }
  if (!isLifetime(answer['expires_in'])) {
    throw unusable('malformed');
  }
}

function isFilledText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Characters of a token (RFC 6749, appendix A.12 and following), without the space: it travels in a header. */
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

/**
 * OAuth's own error codes say who is at fault: the grant (sign in again) or this app's client id and secret. Each counts only
 * under the status that it comes with (RFC 6749 5.2).
 */
function refusalOf(error: string, status: number, config: OAuthConfig): KindeError {
  const reason = /^[a-z_]{1,40}$/.test(error) ? error : 'unknown_error';
  if (status === 401 || (status === 400 && reason === 'invalid_client')) {
    const id = config.nameOf('clientId');
    const secret = config.nameOf('clientSecret');
    const fix = config.clientSecret
      ? `Check ${id} and ${secret} against the application in Kinde.`
      : `No client secret is set: set ${secret} to that of the application in Kinde.`;
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
    const fix = `Start again from the login route. If it fails each time, check the clock of this machine, and that ${config.nameOf('redirectUri')} is the address of the callback.`;
    return new KindeError('grant_refused', 'Kinde no longer accepts this login.', { reason, fix });
  }
  return new KindeError('response_invalid', 'Kinde refused to issue tokens.', { reason });
}

/** The error of a rate limit, with the seconds to wait as Kinde names them: at most five minutes. */
function rateLimited(wait = 10): KindeError {
  const seconds = Math.min(wait, 300);
  return new KindeError('kinde_busy', 'Kinde asks for fewer requests.', {
    reason: 'rate_limited',
    headers: { 'retry-after': String(seconds) },
  });
}

/** The time during which Kinde wants no requests. */
export interface RateLimit {
  /** Checks that it is over. @throws KindeError `kinde_busy` */
  check(): void;
  /** Starts it, for the seconds that an error `kinde_busy` names. */
  begin(error: KindeError): void;
}

/** A rate limit that has not started. */
export function createRateLimit(): RateLimit {
  let seconds = 0;
  let age = stopwatch();
  return {
    check() {
      const left = Math.ceil(seconds - age());
      if (left > 0) {
        throw rateLimited(left);
      }
    },
    begin({ headers }) {
      seconds = Number(headers['retry-after']);
      age = stopwatch();
    },
  };
}

function unusable(reason: string): KindeError {
  return new KindeError(
    'response_invalid',
    'Kinde’s token endpoint sent a response that cannot be used.',
    { reason },
  );
}

/** When an access token expires, in Unix seconds. It may be some time old when it arrives, so its own `exp` counts first. */
export function expiryOf(
  { expires_in: seconds }: TokenResponse,
  { exp }: { exp?: number },
): number {
  return exp ?? now() + Number(seconds ?? SHORT_LIFE);
}
