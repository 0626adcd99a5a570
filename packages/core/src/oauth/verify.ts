import { errors, type JWTPayload } from 'jose';
import { now, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { isJwt } from './jws.js';
import type { Asker } from './keys.js';
import type { Provider } from './provider.js';

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
  /** The answer was kept, so that its tokens may have expired since. */
  readonly isLate?: boolean | undefined;
}

/** The error by which a token is refused: `reason` names the check that failed. */
export type Refuse = (reason: string, cause?: unknown) => KindeError;

/** The means to verify tokens of one tenant. */
export interface Verifier {
  readonly config: OAuthConfig;
  readonly provider: Provider;
}

/** How one token is verified. */
export interface Verification extends Arrival {
  readonly refuse: Refuse;
  /** Values that the `typ` header may have. */
  readonly type: RegExp;
  /** The asker whose budget pays for keys that have to be fetched. */
  readonly asker: Asker;
}

/** Characters of a token: beyond this it is refused unread. */
const LONGEST = 16 * 1024;
const YEAR = 366 * 24 * 3600;

/** Verifies signature, issuer and times of a token: the part that all kinds of tokens share. */
export async function verifyJwt(
  { config, provider }: Verifier,
  token: string,
  verification: Verification,
): Promise<VerifiedClaims> {
  const { refuse, type, asker, deadline } = verification;
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
  if (claims.iss !== config.issuer) {
    throw refuse('iss');
  }
  checkTimes(claims, config.clockTolerance, verification);
  return claims as VerifiedClaims;
}

/** RFC 7519 4.1.4 to 4.1.6, each time within the clock tolerance in seconds. */
function checkTimes(
  { exp, iat, nbf }: JWTPayload,
  tolerance: number,
  { refuse, isLate }: Verification,
): void {
  const time = now();
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= time + tolerance)) {
    throw refuse('nbf');
  }
  if (!isWhole(exp) || exp > time + YEAR) {
    throw refuse('exp');
  }
  if (exp <= time - tolerance && !isLate) {
    throw refuse('expired');
  }
  if (!isWhole(iat) || iat > time + tolerance || iat > exp) {
    throw refuse('iat');
  }
}

function isWhole(time: unknown): time is number {
  return Number.isSafeInteger(time);
}

/** Makes the errors by which one kind of token is refused. */
export function refusalOf(
  code: 'id_token_invalid' | 'access_token_invalid' | 'logout_token_invalid',
): Refuse {
  const name = code.replace('_invalid', '').replace('_', ' ');
  return (reason, cause) =>
    new KindeError(code, `The ${name} was refused (${reason}).`, {
      reason,
      ...(BY_CLOCK.includes(reason) && { fix: CLOCK }),
      ...(reason === 'key_insecure' && { fix: INSECURE }),
      ...(cause !== undefined && { cause }),
    });
}

/** Checks that fail where clocks disagree. */
const BY_CLOCK = ['iat', 'nbf', 'exp', 'expired'];
const CLOCK =
  'The clock of this machine and the one of Kinde disagree by more than `clockTolerance` (60 seconds unless set): ' +
  'synchronise this machine’s clock (NTP).';

const INSECURE =
  'It is signed with a key of a local Kinde, which is for development: set the issuer to your Kinde domain.';

/** Why there is no verdict on a signature. Only a set of keys that was read and does not fit speaks against the token. */
function problemOf(error: unknown, refuse: Refuse): KindeError {
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

/** The audience of a token as a list (RFC 7519 4.1.3). */
export function audienceOf({ aud }: JWTPayload): readonly string[] {
  return [aud ?? []].flat();
}

/** A subject as OpenID Connect Core 2 has it: at most 255 characters of ASCII. */
export function isSubject(sub: unknown): sub is string {
  return typeof sub === 'string' && /^[\x21-\x7e]{1,255}$/.test(sub);
}
