import { usableKey as usable } from '@kindling/internal';
import { base64url } from 'jose';

/** A key that may verify webhooks. Kinde names all of its keys. */
export interface UsableKey {
  readonly kty: 'RSA';
  readonly n: string;
  readonly e: string;
  readonly alg: 'RS256';
  readonly use: 'sig';
  readonly kid: string;
}

/**
 * Reads a published key (RFC 7517) as webhooks use it: a named RSA key for RS256 signatures that is strong in every member.
 * `undefined` for everything else that a set may hold; private members stay behind.
 */
export function usableKey(key: unknown): UsableKey | undefined {
  const found = usable(key, bytesOf);
  return found?.kid === undefined ? undefined : { ...found, kid: found.kid };
}

/** The bytes of base64url text (RFC 7518, 6.3.1); `undefined` for other text. */
function bytesOf(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text) || text.length % 4 === 1) {
    return undefined;
  }
  return base64url.decode(text);
}
