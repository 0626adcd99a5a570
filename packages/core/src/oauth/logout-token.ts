import { now } from '../clock.js';
import type { OAuthConfig } from './config.js';
import type { Provider } from './provider.js';
import { audienceOf, isSubject, refusalOf, verifyJwt, type VerifiedClaims } from './verify.js';

/** The sessions that a logout token ends (OpenID Connect Back-Channel Logout 1.0, 2.6). */
export interface LogoutToken {
  /** Names the token, so that it is used once. */
  readonly jti: string;
  /** When it was issued, in Unix seconds. */
  readonly issuedAt: number;
  /** The user whose sessions end. */
  readonly sub: string | undefined;
  /** The session at Kinde that ends; without it, all sessions of the user do. */
  readonly sid: string | undefined;
}

/** Seconds since a logout token was issued. */
const FRESH = 600;
const TYPE = /^(application\/)?(logout\+)?jwt$/i;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Verifies a logout token: like an ID token, but with the logout event, without a nonce, and only just issued. */
export async function verifyLogoutToken(
  config: OAuthConfig,
  provider: Provider,
  token: string,
): Promise<LogoutToken> {
  const refuse = refusalOf('logout_token_invalid');
  const verification = {
    config,
    provider,
    refuse,
    type: TYPE,
    asker: 'logout',
  } as const;
  const claims = await verifyJwt(verification, token);
  const { iat, jti, sub, sid } = claims;
  const audience = audienceOf(claims);
  if (audience.length === 0 || audience.some((one) => one !== config.clientId)) {
    throw refuse('aud');
  }
  if (!hasEvent(claims)) {
    throw refuse('events');
  }
  if (claims['nonce'] !== undefined) {
    throw refuse('nonce');
  }
  if (iat < now() - FRESH) {
    throw refuse('iat');
  }
  if (typeof jti !== 'string' || jti === '') {
    throw refuse('jti');
  }
  if (!isAbsentOrSubject(sub) || !isAbsentOrSubject(sid) || (sub ?? sid) === undefined) {
    throw refuse('sub');
  }
  return {
    jti,
    issuedAt: iat,
    sub,
    sid,
  };
}

function hasEvent({ events }: VerifiedClaims): boolean {
  const event = (events as Record<string, unknown> | null | undefined)?.[EVENT];
  return typeof event === 'object' && event !== null;
}

function isAbsentOrSubject(value: unknown): value is string | undefined {
  return value === undefined || isSubject(value);
}
