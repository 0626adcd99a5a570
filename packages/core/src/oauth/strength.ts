import { bytesOf } from '../crypto/node.js';

/** A public key that may verify signatures, with the members that this needs and no others. */
export interface SigningKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly kid?: string;
}

/** Bits of a modulus: less can be factored, and more is more than OpenSSL takes. */
const SHORTEST = 2048;
const LONGEST = 16_384;
/** Bits of a public exponent: odd and above 2^16 (FIPS 186-5, A.1.1), and no more than OpenSSL takes with every modulus. */
const LEAST = 17;
const MOST = 64;

/**
 * A published key (RFC 7517) as it is used here: an RSA key for RS256 signatures that is strong in every member. `undefined`
 * for everything else that a set may hold; private members stay behind.
 */
export function usableKey(key: unknown): SigningKey | undefined {
  if (typeof key !== 'object' || key === null) {
    return undefined;
  }
  const { kty, n, e, kid, use, alg, key_ops: operations } = key as Record<string, unknown>;
  if (
    kty !== 'RSA' ||
    (use !== undefined && use !== 'sig') ||
    (alg !== undefined && alg !== 'RS256')
  ) {
    return undefined;
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    return undefined;
  }
  if (typeof n !== 'string' || !isOddNumber(n, SHORTEST, LONGEST)) {
    return undefined;
  }
  if (typeof e !== 'string' || !isOddNumber(e, LEAST, MOST)) {
    return undefined;
  }
  return {
    kty,
    n,
    e,
    alg: 'RS256',
    use: 'sig',
    ...(typeof kid === 'string' && { kid }),
  };
}

/** An odd number of so many bits, written in base64url. Zeros in front of it do not count. */
function isOddNumber(text: string, least: number, most: number): boolean {
  const bytes = bytesOf(text) ?? new Uint8Array();
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first === -1) {
    return false;
  }
  const bits = (bytes.length - first - 1) * 8 + (32 - Math.clz32(bytes[first]!));
  return bits >= least && bits <= most && bytes.at(-1)! % 2 === 1;
}
