import { base64url, EncryptJWT, errors, jwtDecrypt, type CryptoKey } from 'jose';
import { now } from './clock.js';
import { isBase64url, nodeCrypto, type NodeCrypto } from './native.js';

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
  /** The same at once, where that can be done. */
  openNow?(sealed: string, purpose: Purpose): Opened | undefined;
  /** Names for a text that say nothing about it (HMAC with SHA-256): one per secret, the one to use for new things first. */
  names(text: string): Promise<readonly [string, ...string[]]>;
}

/**
 * The first secret seals, all of them open. `app` binds what is sealed to one application of one tenant. What is sealed with
 * Node's cryptography opens with WebCrypto, and the other way round.
 */
export function createSeal(secrets: readonly string[], app: string): Seal {
  return nodeCrypto ? createNodeSeal(secrets, app, nodeCrypto) : createWebSeal(secrets, app);
}

const HEADER = { alg: 'dir', enc: 'A256GCM' } as const;
const ALGORITHMS = { keyManagementAlgorithms: [HEADER.alg], contentEncryptionAlgorithms: [HEADER.enc] };

/** With jose, wherever there is WebCrypto. */
export function createWebSeal(secrets: readonly string[], app: string): Seal {
  const keyFor = keysOf((secret, purpose) => deriveKey(secret, infoOf(purpose, app)));
  return Object.freeze({
    async seal(payload: object, purpose: Purpose, maxAge: number) {
      const jwt = new EncryptJWT({ ...payload }).setProtectedHeader(HEADER).setExpirationTime(now() + maxAge);
      return jwt.encrypt(await keyFor(secrets[0]!, purpose));
    },
    async open(sealed: string, purpose: Purpose) {
      if (!sealed.split('.').every(isBase64url)) return undefined;
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

/** `HEADER` as it stands in front of every sealed text, and all that may stand there. */
const PREFIX = base64url.encode(JSON.stringify(HEADER));

/** The same texts, in Node's own words. */
function createNodeSeal(secrets: readonly string[], app: string, node: NodeCrypto): Seal {
  const keyFor = keysOf((secret, purpose) =>
    node.createSecretKey(new Uint8Array(node.hkdfSync('sha256', secret, '', infoOf(purpose, app), 32))),
  );
  const decrypt = ({ iv, text, tag }: Parts, secret: string, purpose: Purpose): string | undefined => {
    const decipher = node.createDecipheriv('aes-256-gcm', keyFor(secret, purpose), iv, TAG);
    const opened = decipher.setAAD(bytesOf(PREFIX)).setAuthTag(tag).update(text, undefined, 'utf8');
    try {
      return opened + decipher.final('utf8');
    } catch {
      return undefined;
    }
  };
  const openNow = (sealed: string, purpose: Purpose): Opened | undefined => {
    const parts = partsOf(sealed);
    for (const secret of parts ? secrets : []) {
      const opened = decrypt(parts!, secret, purpose);
      if (opened === undefined) continue;
      const payload = JSON.parse(opened) as Opened['payload'];
      return Number(payload['exp']) > now() ? { payload, isCurrent: secret === secrets[0] } : undefined;
    }
    return undefined;
  };
  return Object.freeze({
    async seal(payload: object, purpose: Purpose, maxAge: number) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const cipher = node.createCipheriv('aes-256-gcm', keyFor(secrets[0]!, purpose), iv, TAG);
      const text = JSON.stringify({ ...payload, exp: now() + maxAge });
      const sealed = Buffer.concat([cipher.setAAD(bytesOf(PREFIX)).update(text, 'utf8'), cipher.final()]);
      return `${PREFIX}.${['', iv, sealed, cipher.getAuthTag()].map((part) => base64url.encode(part)).join('.')}`;
    },
    open: async (sealed: string, purpose: Purpose) => openNow(sealed, purpose),
    openNow,
    async names(text: string) {
      const name = (secret: string) =>
        node.createHmac('sha256', keyFor(secret, 'names')).update(text).digest('base64url');
      return secrets.map(name) as [string, ...string[]];
    },
  });
}

const TAG = { authTagLength: 16 };

interface Parts {
  readonly iv: Uint8Array;
  readonly text: Uint8Array;
  readonly tag: Uint8Array;
}

/** What stands behind `PREFIX`: no key, 12 bytes of IV, the text, 16 bytes of tag. */
function partsOf(sealed: string): Parts | undefined {
  const [head, key, ...rest] = sealed.split('.');
  if (head !== PREFIX || key !== '' || rest.length !== 3 || !rest.every(isBase64url)) return undefined;
  const [iv, text, tag] = rest.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer];
  return iv.length === 12 && text.length > 0 && tag.length === 16 ? { iv, text, tag } : undefined;
}

/** One key for each secret and purpose, made when it is first needed. */
function keysOf<Key>(derive: (secret: string, purpose: Purpose | 'names') => Key) {
  const keys = new Map<string, Key>();
  return (secret: string, purpose: Purpose | 'names'): Key => {
    const name = `${purpose} ${secret}`;
    const key = keys.get(name) ?? derive(secret, purpose);
    keys.set(name, key);
    return key;
  };
}

const infoOf = (purpose: Purpose | 'names', app: string) => `kindling ${purpose} ${app}`;

/** A name for a value that nobody can guess: from it, the value cannot be found. */
export async function hash(value: string): Promise<string> {
  return base64url.encode(await digest(value));
}

/** SHA-256. */
export async function digest(value: string): Promise<Uint8Array> {
  if (nodeCrypto) return nodeCrypto.createHash('sha256').update(value).digest();
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(value)));
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
