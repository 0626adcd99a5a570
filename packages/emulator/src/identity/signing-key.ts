import { createLocalJWKSet, SignJWT, type JWK, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { createPrivateKey, generateKeyPair, randomUUID, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { DEVELOPMENT_KEY, DEVELOPMENT_KID } from './development-key.js';

/** A signing key and what the world may know of it. */
export interface SigningKey {
  /** Private key. */
  readonly privateKey: KeyObject;
  /** Public key as `/.well-known/jwks` publishes it. */
  readonly jwk: JWK;
  /** Finds the key for a token's header. */
  readonly find: JWTVerifyGetKey;
}

/** A private RSA key as it is kept: a JWK with its `kid`. */
export interface KeptKey {
  /** Key id. It begins with `insecure-`: tokens signed with the key prove nothing outside development. */
  readonly kid: string;
  /** The private key. */
  readonly jwk: Readonly<Record<string, unknown>>;
  /** Unix seconds at which the key leaves the published set, once it was replaced. */
  until?: number;
}

/** The published development key: without a port, nobody else can reach who trusts it, and it takes no time to make. */
export function developmentKey(): KeptKey {
  return { kid: DEVELOPMENT_KID, jwk: DEVELOPMENT_KEY };
}

/** A fresh RSA key of 2048 bits. */
export async function createKey(): Promise<KeptKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return {
    kid: `insecure-emulator-${randomUUID()}`,
    jwk: privateKey.export({ format: 'jwk' }) as Record<string, unknown>,
  };
}

/** A kept key, ready to sign. */
export function openKey({ kid, jwk }: KeptKey): SigningKey {
  const { kty, n, e } = jwk;
  const published = {
    kty,
    n,
    e,
    kid,
    alg: 'RS256',
    use: 'sig',
  } as JWK;
  return {
    privateKey: createPrivateKey({ key: jwk, format: 'jwk' }),
    jwk: published,
    find: createLocalJWKSet({ keys: [published] }),
  };
}

/** A JWT with Kinde's header. */
export function signJwt(
  { privateKey, jwk }: Pick<SigningKey, 'privateKey' | 'jwk'>,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims as JWTPayload)
    .setProtectedHeader({
      alg: 'RS256',
      kid: jwk.kid!,
      typ: 'JWT',
      ...header,
    })
    .sign(privateKey);
}
