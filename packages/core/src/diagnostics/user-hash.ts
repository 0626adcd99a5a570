import { dropOldest } from '@kindling/internal';
import { nodeCrypto, toBase64url, utf8, type WebKey } from '../crypto/node.js';

/** Characters of a hash: 96 bits, so that no two users of an app share one. */
const LENGTH = 16;
/** Users whose hashes are remembered, since one user makes many requests. */
const MOST_KNOWN = 1000;
/** What the key is for: the secret itself encrypts sessions. */
const PURPOSE = 'kinde events: user';

/**
 * Hashes ids of users with a key of the app (HMAC-SHA-256), so that the events of a user belong together and nobody can try
 * ids. At once where the runtime has Node's cryptography.
 */
export function createUserHash(secret: string): (id: string) => string | Promise<string> {
  if (nodeCrypto) {
    const { createHmac } = nodeCrypto;
    const key = createHmac('sha256', secret).update(PURPOSE).digest();
    const known = new Map<string, string>();
    return (id) => {
      const hash =
        known.get(id) ??
        toBase64url(createHmac('sha256', key).update(id).digest()).slice(0, LENGTH);
      known.set(id, hash);
      dropOldest(known, MOST_KNOWN);
      return hash;
    };
  }
  let key: Promise<WebKey> | undefined;
  return async (id) => {
    key ??= keyFrom(utf8(secret)).then(async (from) => keyFrom(await sign(from, PURPOSE)));
    return toBase64url(new Uint8Array(await sign(await key, id))).slice(0, LENGTH);
  };
}

function keyFrom(bytes: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<WebKey> {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

function sign(key: WebKey, text: string): Promise<ArrayBuffer> {
  return crypto.subtle.sign('HMAC', key, utf8(text));
}
