import { EncryptJWT, errors, jwtDecrypt, type CryptoKey } from 'jose';
import { now } from './clock.js';

/** What a sealed text is for. Each purpose has keys of its own, so a login cookie can never pass for a session. */
export type Purpose = 'session' | 'login' | 'store' | 'mark';

/** What was sealed, and whether the secret that is used now did it. */
export interface Opened {
  readonly payload: Readonly<Record<string, unknown>>;
  readonly isCurrent: boolean;
}

/** Encrypts and decrypts small JSON objects for this app alone. */
export interface Seal {
  /** JWE (`dir`, `A256GCM`) that opens for `maxAge` seconds. */
  seal(payload: object, purpose: Purpose, maxAge: number): Promise<string>;
  /** What `seal` made. Anything else (forged, too old, another purpose, another app) is simply `undefined`. */
  open(sealed: string, purpose: Purpose): Promise<Opened | undefined>;
}

const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;
const ALGORITHMS = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };

/** The first secret seals, all of them open. `app` binds what is sealed to one application of one tenant. */
export function createSeal(secrets: readonly string[], app: string): Seal {
  const keys = new Map<string, Promise<CryptoKey>>();
  const keyFor = (secret: string, purpose: Purpose): Promise<CryptoKey> => {
    const name = `${secrets.indexOf(secret)} ${purpose}`;
    const key = keys.get(name) ?? deriveKey(secret, `kindling ${purpose} ${app}`);
    keys.set(name, key);
    return key;
  };
  return Object.freeze({
    async seal(payload: object, purpose: Purpose, maxAge: number) {
      const jwt = new EncryptJWT({ ...payload }).setProtectedHeader(HEADER).setExpirationTime(now() + maxAge);
      return jwt.encrypt(await keyFor(secrets[0]!, purpose));
    },
    async open(sealed: string, purpose: Purpose) {
      for (const secret of secrets) {
        try {
          const { payload } = await jwtDecrypt(sealed, await keyFor(secret, purpose), ALGORITHMS);
          return { payload, isCurrent: secret === secrets[0] };
        } catch (error) {
          if (error instanceof errors.JWTExpired) return undefined;
        }
      }
      return undefined;
    },
  });
}

/** Are two texts equal? Takes equally long wherever they differ. */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++)
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index % (b.length || 1));
  return difference === 0;
}

/** HKDF with SHA-256 (RFC 5869). */
async function deriveKey(secret: string, info: string): Promise<CryptoKey> {
  const bytes = new TextEncoder();
  const material = await crypto.subtle.importKey('raw', bytes.encode(secret), 'HKDF', false, ['deriveKey']);
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytes.encode(info) };
  return crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
