import { createNodeDeflate, createWebDeflate, type Deflate } from './deflate.js';
import type { Envelope } from './envelope.js';
import { concat, toBase64url, utf8, type NodeCrypto, type NodeKey, type NodeZlib } from './node.js';

/** What a text is for. Each purpose has keys of its own, so a login cookie can never pass for a session. */
export type Purpose = 'session' | 'login' | 'store' | 'refresh';

/** Names a key: it is derived from a secret for one purpose. */
export interface Key {
  readonly secret: string;
  readonly purpose: Purpose;
}

/** A value, or a promise of it. */
type Soon<Value> = Value | Promise<Value>;

/** Cryptography and compression, as they are at hand here. What one cipher writes, the other reads. */
export interface Cipher extends Deflate {
  /** Four bytes that name a secret and tell nothing about it, in base64url. */
  keyId(secret: string): Soon<string>;
  /** A name for a text that tells nothing about it (HMAC with SHA-256), in base64url. */
  nameOf(text: string, secret: string): Soon<string>;
  /** Ciphertext with its tag (AES-256-GCM). */
  encrypt(envelope: Omit<Envelope, 'body'>, key: Key, bytes: Uint8Array): Soon<Uint8Array>;
  /** Decrypts a body. Fails where anything differs: key, purpose, head or body. */
  decrypt(envelope: Envelope, key: Key): Soon<Uint8Array>;
}

/** A cipher that answers at once. */
export interface NodeCipher extends Cipher {
  keyId(secret: string): string;
  nameOf(text: string, secret: string): string;
  encrypt(envelope: Omit<Envelope, 'body'>, key: Key, bytes: Uint8Array): Uint8Array;
  decrypt(envelope: Envelope, key: Key): Uint8Array;
  deflate(bytes: Uint8Array): Uint8Array;
  inflate(bytes: Uint8Array): Uint8Array;
}

/** Makes a cipher of Node's cryptography and compression. `app` binds every key to one application of one tenant. */
export function createNodeCipher(app: string, crypto: NodeCrypto, zlib: NodeZlib): NodeCipher {
  const derive = (secret: string, usage: string, bytes: number) =>
    new Uint8Array(crypto.hkdfSync('sha256', secret, '', infoOf(usage, app), bytes));
  const keyFor = memoized((secret, usage) => crypto.createSecretKey(derive(secret, usage, KEY)));
  const idOf = memoized((secret, usage) => toBase64url(derive(secret, usage, KEY_ID)));
  const locked = (
    { format, salt }: Start,
    { secret, purpose }: Key,
  ): [NodeKey | Uint8Array, Uint8Array] => {
    if (format === 'jwe') {
      return [keyFor(secret, purpose), salt];
    }
    const bytes = crypto
      .createHmac('sha512', keyFor(secret, texts(purpose)))
      .update(salt)
      .digest();
    return [bytes.subarray(0, KEY), bytes.subarray(KEY, KEY + IV)];
  };
  return Object.freeze({
    keyId: (secret) => idOf(secret, ID),
    nameOf: (text, secret) =>
      crypto.createHmac('sha256', keyFor(secret, NAMES)).update(text).digest('base64url'),
    encrypt(start, key, bytes) {
      const cipher = crypto.createCipheriv('aes-256-gcm', ...locked(start, key), TAG);
      const parts = [cipher.setAAD(headOf(start, key)).update(bytes), cipher.final()];
      return concat([...parts, cipher.getAuthTag()]);
    },
    decrypt(envelope, key) {
      const { body } = envelope;
      const decipher = crypto.createDecipheriv('aes-256-gcm', ...locked(envelope, key), TAG);
      decipher.setAAD(headOf(envelope, key)).setAuthTag(body.subarray(-TAG.authTagLength));
      const bytes = decipher.update(body.subarray(0, -TAG.authTagLength));
      // Nothing is given out before this says that all of it is authentic.
      decipher.final();
      return bytes;
    },
    ...createNodeDeflate(zlib),
  } satisfies NodeCipher);
}

/** The same with WebCrypto and the web's streams. */
export function createWebCipher(app: string): Cipher {
  const { subtle } = crypto;
  const derive = async (secret: string, usage: string, bytes: number) => {
    const material = await subtle.importKey('raw', utf8(secret), 'HKDF', false, ['deriveBits']);
    const hkdf = {
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(),
      info: utf8(infoOf(usage, app)),
    };
    return new Uint8Array(await subtle.deriveBits(hkdf, material, bytes * 8));
  };
  const idOf = memoized(async (secret, usage) => toBase64url(await derive(secret, usage, KEY_ID)));
  const signer = memoized(async (secret, usage) => {
    const algorithm = { name: 'HMAC', hash: usage === NAMES ? 'SHA-256' : 'SHA-512' };
    return subtle.importKey('raw', await derive(secret, usage, KEY), algorithm, false, ['sign']);
  });
  const sign = async (bytes: Bytes, secret: string, usage: string) =>
    new Uint8Array(await subtle.sign('HMAC', await signer(secret, usage), bytes));
  const locked = async (start: Start, { secret, purpose }: Key) => {
    const isJwe = start.format === 'jwe';
    const bytes = isJwe
      ? concat([await derive(secret, purpose, KEY), start.salt])
      : await sign(concat([start.salt]), secret, texts(purpose));
    const key = await subtle.importKey('raw', bytes.subarray(0, KEY), 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]);
    const iv = bytes.subarray(KEY, KEY + IV);
    return [
      {
        name: 'AES-GCM',
        iv,
        additionalData: headOf(start, { secret, purpose }),
      },
      key,
    ] as const;
  };
  return Object.freeze({
    keyId: (secret) => idOf(secret, ID),
    nameOf: async (text, secret) => toBase64url(await sign(utf8(text), secret, NAMES)),
    encrypt: async (start, key, bytes) =>
      new Uint8Array(await subtle.encrypt(...(await locked(start, key)), concat([bytes]))),
    decrypt: async (envelope, key) =>
      new Uint8Array(
        await subtle.decrypt(...(await locked(envelope, key)), concat([envelope.body])),
      ),
    ...createWebDeflate(),
  } satisfies Cipher);
}

type Start = Omit<Envelope, 'body'>;
type Bytes = Uint8Array<ArrayBuffer>;

/** Sizes in bytes: of a key of AES-256 or HMAC, of what names it, and of the initialization vector of GCM. */
const KEY = 32;
const KEY_ID = 4;
const IV = 12;
const TAG = { authTagLength: 16 };
/** What keys are for, beside the purposes themselves, whose keys encrypt in JWE. */
const NAMES = 'names';
const ID = '1 id';

/** Names the key that each text's own key is derived from. */
function texts(purpose: Purpose): string {
  return `1 ${purpose}`;
}

/** The info of a key derivation (RFC 5869). */
function infoOf(usage: string, app: string): string {
  return `kindling ${usage} ${app}`;
}

/** What is authenticated beside the ciphertext. In a JWE, that is its header alone (RFC 7516 section 5.1). */
function headOf({ format, head }: Start, { purpose }: Key): Bytes {
  return concat(format === 'jwe' ? [head] : [head, utf8(purpose)]);
}

/** Keys, each made when it is first needed. */
function memoized<Made>(
  make: (secret: string, usage: string) => Made,
): (secret: string, usage: string) => Made {
  const made = new Map<string, Made>();
  return (secret, usage) => {
    const name = `${usage} ${secret}`;
    const known = made.get(name) ?? make(secret, usage);
    made.set(name, known);
    return known;
  };
}
