import { compactVerify, decodeProtectedHeader, errors, type CompactVerifyGetKey, type JWTVerifyGetKey } from 'jose';

/** A JWT whose signature is right: its header, and its payload as it was sent. */
export interface Signed {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a JWT is not taken: the name of the check that failed. */
export type Unsigned = 'malformed' | 'alg' | 'crit' | 'signature';

/**
 * Checks signatures of compact JWS (RFC 7515) with RS256, the one algorithm that Kinde uses, whatever else a header asks
 * for. Throws where the set of keys has no such key, or several, or cannot be had.
 */
export function createVerifier(keyFor: JWTVerifyGetKey): (token: string) => Promise<Signed | Unsigned> {
  return async (token) => {
    const header = headerOf(token);
    if (!header) return 'malformed';
    if (header['alg'] !== 'RS256') return 'alg';
    if (header['crit'] !== undefined || header['b64'] !== undefined) return 'crit';
    try {
      const { payload } = await compactVerify(token, keyFor as CompactVerifyGetKey, { algorithms: ['RS256'] });
      const claims = parse(payload);
      return claims ? { header, claims } : 'malformed';
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature';
      if (error instanceof errors.JWSInvalid) return 'malformed';
      throw error;
    }
  };
}

function headerOf(token: string): Record<string, unknown> | undefined {
  try {
    return { ...decodeProtectedHeader(token) };
  } catch {
    return undefined;
  }
}

/** A JSON object. */
function parse(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
