import { base64url, type JWTPayload } from 'jose';
import { now } from '../clock.js';
import { digest, sameText } from '../crypto/hash.js';
import type { OAuthConfig } from './config.js';
import type { Provider } from './provider.js';
import {
  audienceOf,
  isSubject,
  refusalOf,
  verifyJwt,
  type Arrival,
  type Refuse,
  type VerifiedClaims,
} from './verify.js';

/** What an ID token must match besides its issuer and audience. */
export interface IdTokenExpectations extends Arrival {
  /** The access token that came with it. */
  readonly accessToken: string;
  /** The login's nonce. A refreshed token may come without one. */
  readonly nonce?: string;
  /** The code that it was exchanged for. */
  readonly code?: string;
  /** The user must have authenticated within these seconds (OpenID Connect Core 3.1.2.1). */
  readonly maxAge?: number | undefined;
  /** Claims of the ID token that this one continues (OpenID Connect Core 12.2). */
  readonly previous?: JWTPayload;
}

/** Seconds since a token was issued, when it comes with a login. */
const FRESH = 3600;
/** Values of the `typ` header: Kinde writes `JWT`. */
const TYPE = /^(application\/)?jwt$/i;

/** Verifies an ID token as OpenID Connect Core 3.1.3.7 says, with every MAY taken as a MUST. */
export async function verifyIdToken(
  config: OAuthConfig,
  provider: Provider,
  token: string,
  expected: IdTokenExpectations,
): Promise<VerifiedClaims> {
  const refuse = refusalOf('id_token_invalid');
  const { deadline, isLate } = expected;
  const verification = {
    config,
    provider,
    refuse,
    type: TYPE,
    asker: 'token_endpoint',
    deadline,
    isLate,
  } as const;
  const claims = await verifyJwt(verification, token);
  checkAudience(claims, config, refuse);
  if (!isSubject(claims.sub)) {
    throw refuse('sub');
  }
  checkNonce(claims, expected, refuse);
  checkPrevious(claims, expected.previous, { tolerance: config.clockTolerance, refuse });
  if (expected.maxAge !== undefined) {
    checkAuthTime(claims['auth_time'], expected.maxAge + config.clockTolerance, refuse);
  }
  await checkHash(claims['at_hash'], expected.accessToken, () => refuse('at_hash'));
  if (expected.code !== undefined) {
    await checkHash(claims['c_hash'], expected.code, () => refuse('c_hash'));
  }
  return claims;
}

/** For this client, and beside it for nobody but APIs of this app. */
function checkAudience(claims: JWTPayload, config: OAuthConfig, refuse: Refuse): void {
  const { clientId } = config;
  const audience = audienceOf(claims);
  const isForOthers = audience.some((one) => one !== clientId && !config.audience.includes(one));
  if (!audience.includes(clientId) || isForOthers) {
    throw refuse('aud');
  }
  const azp = claims['azp'];
  const isAuthorized = azp === undefined ? audience.length <= 1 : azp === clientId;
  if (!isAuthorized) {
    throw refuse('azp');
  }
}

/** Byte for byte the nonce that was sent, in a token that was issued just now. A refreshed token may leave it out. */
function checkNonce(
  claims: VerifiedClaims,
  { nonce, previous }: IdTokenExpectations,
  refuse: Refuse,
): void {
  const claim = claims['nonce'];
  const sent = nonce ?? previous?.['nonce'];
  const mayBeMissing = nonce === undefined;
  if (claim === undefined ? !mayBeMissing : !isSameNonce(claim, sent)) {
    throw refuse('nonce');
  }
  if (nonce !== undefined && claims.iat < now() - FRESH) {
    throw refuse('iat');
  }
}

function isSameNonce(claim: unknown, sent: unknown): boolean {
  return typeof claim === 'string' && typeof sent === 'string' && sameText(claim, sent);
}

/** About the same user as the token that it continues, and issued no earlier. */
function checkPrevious(
  claims: VerifiedClaims,
  previous: JWTPayload | undefined,
  { tolerance, refuse }: { readonly tolerance: number; readonly refuse: Refuse },
): void {
  if (!previous) {
    return;
  }
  if (claims.sub !== previous.sub) {
    throw refuse('sub');
  }
  if (previous.iat !== undefined && claims.iat < previous.iat - tolerance) {
    throw refuse('iat');
  }
}

/** `auth_time` is required where `max_age` was sent (OpenID Connect Core 3.1.2.1), and `max_age` names a time too long ago. */
function checkAuthTime(time: unknown, seconds: number, refuse: Refuse): void {
  if (!Number.isSafeInteger(time)) {
    throw refuse('auth_time');
  }
  if (Number(time) < now() - seconds) {
    throw refuse('max_age');
  }
}

/** Left half of the SHA-256 of a value, where the token carries one (OpenID Connect Core 3.1.3.6). */
async function checkHash(claim: unknown, value: string, refuse: () => Error): Promise<void> {
  if (claim === undefined) {
    return;
  }
  if (claim !== base64url.encode((await digest(value)).subarray(0, 16))) {
    throw refuse();
  }
}
