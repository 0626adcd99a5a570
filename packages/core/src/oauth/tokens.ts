import { base64url, errors, type JWTPayload } from 'jose';
import { now, type Moment } from '../clock.js';
import type { Config } from '../options/config.js';
import { KindeError } from '../errors.js';
import type { Asker } from './keys.js';
import type { Provider } from './provider.js';
import { digest, sameText } from '../crypto/hash.js';
import { readJson } from './jws.js';

/** Claims of a token whose signature, issuer and times were verified. */
export type VerifiedClaims = JWTPayload & {
  readonly iss: string;
  readonly exp: number;
  readonly iat: number;
};

/** In which answer of the token endpoint a token came. */
export interface Arrival {
  /** When waiting for keys ends. @default `timeout` seconds from now */
  readonly deadline?: Moment | undefined;
  /** The answer was kept, so that its tokens may have ended since. */
  readonly isLate?: boolean | undefined;
}

/** What an ID token must match besides its issuer and audience. */
export interface IdTokenExpectations extends Arrival {
  readonly accessToken: string;
  /** The login's nonce. A refreshed token may come without one. */
  readonly nonce?: string;
  readonly code?: string;
  /** The person must have proved who they are within these seconds (OpenID Connect Core 3.1.2.1). */
  readonly maxAge?: number | undefined;
  /** Claims of the ID token that this one continues (OpenID Connect Core 12.2). */
  readonly previous?: JWTPayload;
}

/** Characters of a token: beyond this it is refused unread. */
const LONGEST = 16 * 1024;
const YEAR = 366 * 24 * 3600;
const FRESH = 3600;
/** Values of the `typ` header: Kinde writes `JWT`, others mark access tokens as RFC 9068 says. */
const ID_TOKEN = /^(application\/)?jwt$/i;
const LOGOUT_TOKEN = /^(application\/)?(logout\+)?jwt$/i;
const ACCESS_TOKEN = /^(application\/)?(at\+)?jwt$/i;

/** Verifies an ID token as OpenID Connect Core 3.1.3.7 says, with every MAY taken as a MUST. */
export async function verifyIdToken(
  config: Config,
  provider: Provider,
  token: string,
  expected: IdTokenExpectations,
): Promise<VerifiedClaims> {
  const refuse = refusal('id_token_invalid');
  const { deadline, isLate } = expected;
  const asked = {
    asker: 'token_endpoint',
    deadline,
    isLate,
  } as const;
  const claims = await verify(
    {
      config,
      provider,
      refuse,
      type: ID_TOKEN,
      ...asked,
    },
    token,
  );
  const audience = [claims.aud ?? []].flat();
  if (
    !audience.includes(config.clientId) ||
    audience.some((other) => other !== config.clientId && !config.audience.includes(other))
  ) {
    throw refuse('aud');
  }
  const azp = claims['azp'];
  if (azp === undefined ? audience.length > 1 : azp !== config.clientId) {
    throw refuse('azp');
  }
  if (!isSubject(claims.sub)) {
    throw refuse('sub');
  }
  const { nonce, previous } = expected;
  if (!hasNonce(claims['nonce'], nonce ?? previous?.['nonce'], nonce === undefined)) {
    throw refuse('nonce');
  }
  if (nonce !== undefined && claims.iat < now() - FRESH) {
    throw refuse('iat');
  }
  if (previous && claims.sub !== previous.sub) {
    throw refuse('sub');
  }
  if (previous?.iat !== undefined && claims.iat < previous.iat - config.clockTolerance) {
    throw refuse('iat');
  }
  if (expected.maxAge !== undefined) {
    checkAuthTime(claims['auth_time'], expected.maxAge + config.clockTolerance, refuse);
  }
  await checkHash(claims['at_hash'], expected.accessToken, () => refuse('at_hash'));
  if (expected.code !== undefined) {
    await checkHash(claims['c_hash'], expected.code, () => refuse('c_hash'));
  }
  return claims;
}

/** Verifies the access token that came with an ID token: signed by Kinde, for this client, about the same person. */
export async function verifyOwnAccessToken(
  config: Config,
  provider: Provider,
  token: string,
  { subject, deadline, isLate }: Arrival & { readonly subject: string | undefined },
): Promise<JWTPayload> {
  const refuse = refusal('access_token_invalid');
  if (!isJwt(token)) {
    return {};
  }
  const asked = {
    asker: 'token_endpoint',
    deadline,
    isLate,
  } as const;
  const claims = await verify(
    {
      config,
      provider,
      refuse,
      type: ACCESS_TOKEN,
      ...asked,
    },
    token,
  );
  if (claims.sub !== subject) {
    throw refuse('sub');
  }
  if (claims['azp'] !== undefined && claims['azp'] !== config.clientId) {
    throw refuse('azp');
  }
  return claims;
}

/**
 * Verifies a bearer token that somebody else was given for our API. ID tokens and webhooks are signed with the same keys,
 * so what marks those refuses the token here.
 */
export async function verifyBearerToken(
  config: Config,
  provider: Provider,
  token: string,
): Promise<{ claims: VerifiedClaims; isMachine: boolean }> {
  const refuse = refusal('access_token_invalid');
  const claims = await verify(
    {
      config,
      provider,
      refuse,
      type: ACCESS_TOKEN,
      asker: 'bearer',
    },
    token,
  );
  const audience = [claims.aud ?? []].flat();
  if (!audience.some((one) => config.audience.includes(one))) {
    throw refuse('aud');
  }
  if (
    ['nonce', 'at_hash', 'c_hash', 'auth_time', 'event_id', 'events'].some(
      (name) => claims[name] !== undefined,
    )
  ) {
    throw refuse('kind');
  }
  if (!Array.isArray(claims['scp']) && typeof claims['scope'] !== 'string') {
    throw refuse('kind');
  }
  const grants = claims['gty'];
  const isMachine = Array.isArray(grants) && grants.includes('client_credentials');
  if (isMachine ? claims.sub !== undefined : !isSubject(claims.sub)) {
    throw refuse('sub');
  }
  return { claims, isMachine };
}

/** Whose sessions a logout token ends (OpenID Connect Back-Channel Logout 1.0, 2.6). */
export interface LogoutToken {
  readonly jti: string;
  readonly issuedAt: number;
  readonly sub: string | undefined;
  readonly sid: string | undefined;
}

/** Verifies a logout token: like an ID token, but with the logout event, without a nonce, and only just issued. */
export async function verifyLogoutToken(
  config: Config,
  provider: Provider,
  token: string,
): Promise<LogoutToken> {
  const refuse = refusal('logout_token_invalid');
  const asked = {
    config,
    provider,
    refuse,
    type: LOGOUT_TOKEN,
    asker: 'logout',
  } as const;
  const { aud, iat, jti, sub, nonce, events, sid } = await verify(asked, token);
  if (
    [aud ?? []].flat().some((one) => one !== config.clientId) ||
    aud === undefined ||
    aud.length === 0
  ) {
    throw refuse('aud');
  }
  const event = (events as Record<string, unknown> | null | undefined)?.[
    'http://schemas.openid.net/event/backchannel-logout'
  ];
  if (typeof event !== 'object' || event === null) {
    throw refuse('events');
  }
  if (nonce !== undefined) {
    throw refuse('nonce');
  }
  if (iat < now() - FRESH / 6) {
    throw refuse('iat');
  }
  if (typeof jti !== 'string' || jti === '') {
    throw refuse('jti');
  }
  if (
    (sub === undefined && sid === undefined) ||
    [sub, sid].some((one) => one !== undefined && !isSubject(one))
  ) {
    throw refuse('sub');
  }
  return {
    jti,
    issuedAt: iat,
    sub,
    sid: sid as string | undefined,
  };
}

/** Claims of a token that was verified when it arrived; `{}` for one that is not a JWT. */
export function readClaims(token: string): JWTPayload {
  return (isJwt(token) && (readJson(token.split('.')[1]!) as JWTPayload | undefined)) || {};
}

interface Verification {
  readonly config: Config;
  readonly provider: Provider;
  readonly refuse: (reason: string, cause?: unknown) => KindeError;
  readonly type: RegExp;
  readonly asker: Asker;
  readonly deadline?: Moment | undefined;
  readonly isLate?: boolean | undefined;
}

/** Signature, issuer and times, the part that all kinds of tokens share. */
async function verify(verification: Verification, token: string): Promise<VerifiedClaims> {
  const { config, provider, refuse, type, asker, deadline, isLate } = verification;
  if (token.length > LONGEST) {
    throw refuse('too_large');
  }
  if (!isJwt(token)) {
    throw refuse('malformed');
  }
  const signed = await provider.verify(token, asker, deadline).catch((error: unknown) => {
    throw problemOf(error, refuse);
  });
  if (typeof signed === 'string') {
    throw refuse(signed);
  }
  const { typ } = signed.header;
  if (typ !== undefined && !(typeof typ === 'string' && type.test(typ))) {
    throw refuse('typ');
  }
  const claims: JWTPayload = signed.claims;
  const { iss, exp, iat, nbf } = claims;
  const time = now();
  const tolerance = config.clockTolerance;
  if (iss !== config.issuer) {
    throw refuse('iss');
  }
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= time + tolerance)) {
    throw refuse('nbf');
  }
  if (!Number.isSafeInteger(exp) || exp! > time + YEAR) {
    throw refuse('exp');
  }
  if (exp! <= time - tolerance && !isLate) {
    throw refuse('expired');
  }
  if (!Number.isSafeInteger(iat) || iat! > time + tolerance || iat! > exp!) {
    throw refuse('iat');
  }
  return claims as VerifiedClaims;
}

function refusal(
  code: 'id_token_invalid' | 'access_token_invalid' | 'logout_token_invalid',
): Verification['refuse'] {
  const name = code.replace('_invalid', '').replace('_', ' ');
  return (reason, cause) =>
    new KindeError(code, `The ${name} was refused (${reason}).`, {
      reason,
      ...(BY_CLOCK.includes(reason) && { fix: CLOCK }),
      ...(cause !== undefined && { cause }),
    });
}

/** Checks that fail where clocks disagree. */
const BY_CLOCK = ['iat', 'nbf', 'exp', 'expired'];
const CLOCK =
  'The clock of this machine and the one of Kinde disagree by more than `clockTolerance` (60 seconds unless set): ' +
  'synchronise this machine’s clock (NTP).';

/** Why there is no verdict on a signature. Only a set of keys that was read and does not fit speaks against the token. */
function problemOf(error: unknown, refuse: Verification['refuse']): KindeError {
  if (error instanceof KindeError) {
    return error;
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return refuse('key_not_found', error);
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return refuse('key_ambiguous', error);
  }
  const message = 'The signing keys of Kinde cannot be used by this runtime.';
  return new KindeError('keys_unavailable', message, { reason: 'unusable', cause: error });
}

/** Left half of the SHA-256 of a value, where the token carries one (OpenID Connect Core 3.1.3.6). */
async function checkHash(claim: unknown, value: string, refuse: () => KindeError): Promise<void> {
  if (claim === undefined) {
    return;
  }
  if (claim !== base64url.encode((await digest(value)).subarray(0, 16))) {
    throw refuse();
  }
}

/** Byte for byte the nonce that was sent. A renewed token may leave it out. */
function hasNonce(claim: unknown, sent: unknown, mayBeMissing: boolean): boolean {
  if (claim === undefined) {
    return mayBeMissing;
  }
  return typeof claim === 'string' && typeof sent === 'string' && sameText(claim, sent);
}

/** `auth_time` is required where `max_age` was sent (OpenID Connect Core 3.1.2.1), and `max_age` names a time too long ago. */
function checkAuthTime(time: unknown, seconds: number, refuse: Verification['refuse']): void {
  if (!Number.isSafeInteger(time)) {
    throw refuse('auth_time');
  }
  if ((time as number) < now() - seconds) {
    throw refuse('max_age');
  }
}

function isJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && /^[\x21-\x7e]{1,255}$/.test(sub);
}
