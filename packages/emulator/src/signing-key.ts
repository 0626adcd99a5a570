import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';

/** A signing key and what the world may know of it. */
export interface SigningKey {
  /** Private key. */
  readonly privateKey: CryptoKey;
  /** Public key as `/.well-known/jwks` publishes it. */
  readonly jwk: JWK;
  /** Finds the key for a token's header. */
  readonly find: JWTVerifyGetKey;
}

/** A fresh RSA key. Its `kid` says that tokens signed with it prove nothing outside development. */
export async function createSigningKey(): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
  const kid = `insecure-emulator-${crypto.randomUUID()}`;
  const jwk = {
    ...(await exportJWK(publicKey)),
    kid,
    alg: 'RS256',
    use: 'sig',
  };
  return {
    privateKey,
    jwk,
    find: createLocalJWKSet({ keys: [jwk] }),
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
