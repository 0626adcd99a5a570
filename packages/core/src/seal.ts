import { base64url, EncryptJWT, errors, jwtDecrypt, type CryptoKey } from 'jose';
import { now } from './clock.js';

/** What a sealed text is for. Each purpose has keys of its own, so a login cookie can never pass for a session. */
export type Purpose = 'session' | 'login' | 'store' | 'refresh';

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
  /** Names for a text that say nothing about it (HMAC with SHA-256): one per secret, the one to use for new things first. */
  names(text: string): Promise<readonly [string, ...string[]]>;
}

const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;
const ALGORITHMS = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };

/** The first secret seals, all of them open. `app` binds what is sealed to one application of one tenant. */
export function createSeal(secrets: readonly string[], app: string): Seal {
  const keys = new Map<string, Promise<CryptoKey>>();
  const keyFor = (secret: string, purpose: Purpose | 'names'): Promise<CryptoKey> => {
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
    async names(text: string) {
      const name = async (secret: string) => {
        const signature = await crypto.subtle.sign('HMAC', await keyFor(secret, 'names'), bytesOf(text));
        return base64url.encode(new Uint8Array(signature));
      };
      return (await Promise.all(secrets.map(name))) as [string, ...string[]];
    },
  });
}

/** A name for a value that nobody can guess: from it, the value cannot be found. */
export async function hash(value: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(value))));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
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
  const material = await crypto.subtle.importKey('raw', bytesOf(secret), 'HKDF', false, ['deriveKey']);
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: bytesOf(info) };
  return info.startsWith('kindling names ')
    ? crypto.subtle.deriveKey(hkdf, material, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign'])
    : crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
