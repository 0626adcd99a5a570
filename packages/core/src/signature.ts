import { isUtf8 } from 'node:buffer';
import { KeyObject, verify } from 'node:crypto';
import { types } from 'node:util';
import type { CryptoKey as Key, JWTVerifyGetKey } from 'jose';

/** A JWT whose signature is right: its header, and its payload as it was sent. */
export interface Signed {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Why a JWT is not taken: the name of the check that failed. */
export type Unsigned = 'malformed' | 'alg' | 'crit' | 'signature';

/**
 * Checks signatures of compact JWS (RFC 7515) with RS256, the one algorithm that Kinde uses, whatever else a header asks
 * for. Finding keys is left to jose. The check itself is Node's, at once: handing it to another thread, as WebCrypto does,
 * costs more than the check.
 */
export function createVerifier(keyFor: JWTVerifyGetKey): (token: string) => Promise<Signed | Unsigned> {
  const keys = new WeakMap<Key, KeyObject>();
  const prepared = (key: Key) => {
    const known = keys.get(key) ?? KeyObject.from(key);
    keys.set(key, known);
    return known;
  };
  return async (token) => {
    const [first = '', second = '', third = ''] = token.split('.');
    const header = decode(first);
    if (!header) return 'malformed';
    if (header['alg'] !== 'RS256') return 'alg';
    if (header['crit'] !== undefined || header['b64'] !== undefined) return 'crit';
    // Throws where the set has no such key, or several.
    const key = await keyFor({ ...header, alg: 'RS256' }, { payload: second, signature: third });
    const text = Buffer.from(token.slice(0, token.lastIndexOf('.')), 'latin1');
    const isRight = isKey(key) && verify('RSA-SHA256', text, prepared(key), Buffer.from(third, 'base64url'));
    if (!isRight) return 'signature';
    const claims = decode(second);
    return claims ? { header, claims } : 'malformed';
  };
}

/** Public keys come out of jose's sets in the form of the Web Crypto API. */
function isKey(key: object): key is Key {
  return types.isCryptoKey(key) && (key as Key).type === 'public';
}

/** A JSON object in base64url. */
function decode(text: string): Record<string, unknown> | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (!isUtf8(bytes)) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
