import type { JWTPayload } from 'jose';
import type { OAuthConfig } from './config.js';
import { isJwt } from './jws.js';
import type { Provider } from './provider.js';
import {
  audienceOf,
  isSubject,
  refusalOf,
  verifyJwt,
  type Arrival,
  type VerifiedClaims,
} from './verify.js';

/** Values of the `typ` header: Kinde writes `JWT`, others mark access tokens as RFC 9068 says. */
const TYPE = /^(application\/)?(at\+)?jwt$/i;
/** Claims that mark ID tokens and webhooks, which are signed with the same keys. */
const OF_OTHER_KINDS = ['nonce', 'at_hash', 'c_hash', 'auth_time', 'event_id', 'events'];

/**
 * Verifies the access token that came with an ID token: signed by Kinde, for this client, about the same user. One that is
 * not a JWT has no claims.
 */
export async function verifyOwnAccessToken(
  config: OAuthConfig,
  provider: Provider,
  token: string,
  { subject, deadline, isLate }: Arrival & { readonly subject: string | undefined },
): Promise<JWTPayload> {
  const refuse = refusalOf('access_token_invalid');
  if (!isJwt(token)) {
    return {};
  }
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
  if (claims.sub !== subject) {
    throw refuse('sub');
  }
  if (claims['azp'] !== undefined && claims['azp'] !== config.clientId) {
    throw refuse('azp');
  }
  return claims;
}

/** Claims of a bearer token, and whether it was issued to a machine (client credentials) instead of a user. */
export interface BearerToken {
  readonly claims: VerifiedClaims;
  readonly isMachine: boolean;
}

/**
 * Verifies a bearer token that another client was given for our API. ID tokens and webhooks are signed with the same keys, so
 * what marks those refuses the token here.
 */
export async function verifyBearerToken(
  config: OAuthConfig,
  provider: Provider,
  token: string,
): Promise<BearerToken> {
  const refuse = refusalOf('access_token_invalid');
  const verification = {
    config,
    provider,
    refuse,
    type: TYPE,
    asker: 'bearer',
  } as const;
  const claims = await verifyJwt(verification, token);
  if (!audienceOf(claims).some((one) => config.audience.includes(one))) {
    throw refuse('aud');
  }
  if (OF_OTHER_KINDS.some((name) => claims[name] !== undefined) || !hasScopes(claims)) {
    throw refuse('kind');
  }
  const isMachine = isForMachine(claims);
  const isRight = isMachine ? claims.sub === undefined : isSubject(claims.sub);
  if (!isRight) {
    throw refuse('sub');
  }
  return { claims, isMachine };
}

function hasScopes(claims: JWTPayload): boolean {
  return Array.isArray(claims['scp']) || typeof claims['scope'] === 'string';
}

function isForMachine(claims: JWTPayload): boolean {
  const grants = claims['gty'];
  return Array.isArray(grants) && grants.includes('client_credentials');
}
