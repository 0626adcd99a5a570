import { base64url, type JWK } from 'jose';

/** Bits of a modulus: less can be factored, and more is more than OpenSSL takes. */
const SHORTEST = 2048;
const LONGEST = 16_384;
/** Bits of a public exponent: odd and above 2^16 (FIPS 186-5, A.1.1), and no more than OpenSSL takes with every modulus. */
const LEAST = 17;
const MOST = 64;

/**
 * A published key (RFC 7517) as it is used here: a named RSA key for RS256 signatures that is strong in every member.
 * `undefined` for everything else that a set may hold; private members stay behind.
 */
export function usableKey(key: unknown): JWK | undefined {
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
  if (typeof kid === 'string') {
    return {
      kty,
      n,
      e,
      kid,
      alg: 'RS256',
      use: 'sig',
    };
  }
  return undefined;
}

/** An odd number of so many bits, written in base64url (RFC 7518, 6.3.1). Zeros in front of it do not count. */
function isOddNumber(text: string, least: number, most: number): boolean {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) {
    return false;
  }
  const bytes = base64url.decode(text);
  const first = bytes.findIndex((byte) => byte !== 0);
  if (first === -1) {
    return false;
  }
  const bits = (bytes.length - first - 1) * 8 + (32 - Math.clz32(bytes[first]!));
  return bits >= least && bits <= most && bytes.at(-1)! % 2 === 1;
}
