import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
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

/** The only header there is: `{"alg":"dir","enc":"A256GCM"}`. It is authenticated, too, and nothing is ever read from it. */
const HEADER = 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0';
/** JWE in its compact form (RFC 7516, 7.1) with no encrypted key, 96 bits of initialization vector and 128 of tag. */
const SEALED = /^([\w-]{16})\.([\w-]+)\.([\w-]{22})$/;

/**
 * The first secret seals, all of them open. `app` binds what is sealed to one application of one tenant. Node's cryptography
 * works at once; handing a few microseconds of work to another thread, as the Web Crypto API does, takes many times as long.
 */
export function createSeal(secrets: readonly string[], app: string): Seal {
  const keys = new Map<string, Buffer>();
  const keyFor = (secret: string, purpose: Purpose | 'names'): Buffer => {
    const name = `${secrets.indexOf(secret)} ${purpose}`;
    const key = keys.get(name) ?? deriveKey(secret, `kindling ${purpose} ${app}`);
    keys.set(name, key);
    return key;
  };
  return Object.freeze({
    async seal(payload: object, purpose: Purpose, maxAge: number) {
      return encrypt(keyFor(secrets[0]!, purpose), JSON.stringify({ ...payload, exp: now() + maxAge }));
    },
    async open(sealed: string, purpose: Purpose) {
      const [, iv, text, tag] =
        (sealed.startsWith(`${HEADER}..`) && SEALED.exec(sealed.slice(HEADER.length + 2))) || [];
      if (!iv || !text || !tag || !isCanonical(text) || !isCanonical(tag)) return undefined;
      for (const secret of secrets) {
        const payload = decrypt(keyFor(secret, purpose), { iv, text, tag });
        if (!payload) continue;
        const isOver = !(typeof payload['exp'] === 'number' && payload['exp'] > now());
        return isOver ? undefined : { payload, isCurrent: secret === secrets[0] };
      }
      return undefined;
    },
    async names(text: string) {
      const name = (secret: string) => createHmac('sha256', keyFor(secret, 'names')).update(text).digest('base64url');
      return secrets.map(name) as [string, ...string[]];
    },
  });
}

/** Base64url in which no bit can be changed without another meaning: the last character may have some to spare. */
function isCanonical(text: string): boolean {
  const last = text.slice(text.length - (text.length % 4));
  return Buffer.from(last, 'base64url').toString('base64url') === last;
}

function encrypt(key: Buffer, text: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(HEADER));
  const encrypted = cipher.update(text, 'utf8', 'base64url') + cipher.final('base64url');
  return `${HEADER}..${iv.toString('base64url')}.${encrypted}.${cipher.getAuthTag().toString('base64url')}`;
}

/** `undefined` for whatever this key did not encrypt. */
function decrypt(
  key: Buffer,
  { iv, text, tag }: Readonly<Record<'iv' | 'text' | 'tag', string>>,
): Record<string, unknown> | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 })
      .setAAD(Buffer.from(HEADER))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    return JSON.parse(decipher.update(text, 'base64url', 'utf8') + decipher.final('utf8')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** A name for a value that nobody can guess: from it, the value cannot be found. */
export async function hash(value: string): Promise<string> {
  return createHash('sha256').update(value).digest('base64url');
}

/** Are two texts equal? Takes equally long wherever they differ. */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++)
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index % (b.length || 1));
  return difference === 0;
}

/** HKDF with SHA-256 (RFC 5869). */
function deriveKey(secret: string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', info, 32));
}
