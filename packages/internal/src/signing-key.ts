/** A public key that may verify signatures, with the members that this needs and no others. */
export interface SigningKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly kid?: string;
}

/** Bits that a number may have. */
interface Bits {
  readonly least: number;
  readonly most: number;
}

/** Of a modulus: less can be factored, and more is more than OpenSSL takes. */
const MODULUS: Bits = { least: 2048, most: 16_384 };
/** Of a public exponent: odd and above 2^16 (FIPS 186-5, A.1.1), and no more than OpenSSL takes with every modulus. */
const EXPONENT: Bits = { least: 17, most: 64 };

/**
 * Reads a published key (RFC 7517) as the packages use it: an RSA key for RS256 signatures that is strong in every member.
 * `undefined` for everything else that a set may hold; private members stay behind.
 * @param decode the bytes of base64url text (RFC 7518, 6.3.1), or `undefined` when it is malformed
 */
export function usableKey(
  key: unknown,
  decode: (text: string) => Uint8Array | undefined,
): SigningKey | undefined {
  if (typeof key !== 'object' || key === null) {
    return undefined;
  }
  const { kty, n, e, kid } = key as Record<string, unknown>;
  if (kty !== 'RSA' || !isForSignatures(key)) {
    return undefined;
  }
  if (typeof n !== 'string' || !isOddNumber(decode(n), MODULUS)) {
    return undefined;
  }
  if (typeof e !== 'string' || !isOddNumber(decode(e), EXPONENT)) {
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

/** Members that may be absent, but must not say that the key is for something else. */
function isForSignatures(key: object): boolean {
  const { use, alg, key_ops: operations } = key as Record<string, unknown>;
  if (use !== undefined && use !== 'sig') {
    return false;
  }
  if (alg !== undefined && alg !== 'RS256') {
    return false;
  }
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'));
}

/** An odd number of so many bits, most significant byte first. Zeros in front of it do not count. */
function isOddNumber(bytes: Uint8Array | undefined, { least, most }: Bits): boolean {
  const digits = bytes?.subarray(bytes.findIndex((byte) => byte !== 0));
  const first = digits?.[0];
  const last = digits?.at(-1);
  if (!digits || !first || last === undefined) {
    return false;
  }
  const bits = (digits.length - 1) * 8 + (32 - Math.clz32(first));
  return bits >= least && bits <= most && last % 2 === 1;
}
