// Encryption of small JSON objects with the app's secrets, and hashes, by Node's cryptography or WebCrypto.
import { createNodeCipher, createWebCipher, type Cipher, type Purpose } from './cipher.js';
import { now } from '../clock.js';
import {
  isForeignText,
  newEnvelope,
  readEnvelope,
  writeEnvelope,
  type Envelope,
  type Format,
} from './envelope.js';
import { nodeCrypto, nodeZlib, utf8 } from './node.js';
import { fromBytes, pack, toBytes, unpack } from './pack.js';

/** A decrypted object. */
export interface Opened {
  readonly payload: Readonly<Record<string, unknown>>;
  /** It would be encrypted in the same way now: with this secret, in this format. */
  readonly isCurrent: boolean;
}

/** Encrypts and decrypts small JSON objects for this app alone. */
export interface Seal {
  /**
   * Encrypts an object into a text that opens for `maxAge` seconds.
   * @throws KindeError `session_too_large` where it would be longer than what is opened.
   */
  seal(payload: object, purpose: Purpose, maxAge: number): Promise<string>;
  /** Decrypts a text of `seal`; `undefined` for anything else (forged, expired, of another purpose or app). */
  open(sealed: string, purpose: Purpose): Promise<Opened | undefined>;
  /** The same at once, where that can be done. */
  openSync?(sealed: string, purpose: Purpose): Opened | undefined;
  /**
   * Says whether a text has a version or a secret that is not known here. Another process may know it, so it is to be left
   * alone. `false` for texts that were damaged or forged under a known secret, that expired, or that are not ours at all.
   */
  isForeign(sealed: string): Promise<boolean>;
  /** Names for a text that say nothing about it (HMAC with SHA-256): one per secret, the one for new entries first. */
  names(text: string): Promise<readonly [string, ...string[]]>;
}

/**
 * Makes a seal. The first secret encrypts, all of them decrypt. `app` binds texts to one application of one tenant. Texts of
 * Node's cryptography open with WebCrypto, and the other way round. `format` is what is written; both are read.
 */
export function createSeal(
  secrets: readonly string[],
  app: string,
  format: Format = 'packed',
): Seal {
  if (!nodeCrypto || !nodeZlib) {
    return createWebSeal(secrets, app, format);
  }
  const cipher = createNodeCipher(app, nodeCrypto, nodeZlib);
  const openSync = (sealed: string, purpose: Purpose) => {
    const envelope = readEnvelope(sealed);
    if (!envelope) {
      return undefined;
    }
    for (const secret of secrets) {
      if (!mayBeOf(envelope, cipher.keyId(secret))) {
        continue;
      }
      try {
        const { open, isDeflated, read } = contentsOf(
          envelope,
          purpose,
          cipher.decrypt(envelope, { secret, purpose }),
        );
        const payload = read(isDeflated ? cipher.inflate(open) : open);
        return answer(payload, secret === secrets[0] && isCurrent(envelope, format));
      } catch {
        // Made with another secret, or by nobody who has one.
      }
    }
    return undefined;
  };
  const open = async (sealed: string, purpose: Purpose) => openSync(sealed, purpose);
  return Object.freeze({
    ...sealWith(cipher, secrets, format),
    open,
    openSync,
  });
}

/** Makes a seal wherever there is WebCrypto. */
export function createWebSeal(
  secrets: readonly string[],
  app: string,
  format: Format = 'packed',
): Seal {
  const cipher = createWebCipher(app);
  const open = async (sealed: string, purpose: Purpose) => {
    const envelope = readEnvelope(sealed);
    if (!envelope) {
      return undefined;
    }
    for (const secret of secrets) {
      if (!mayBeOf(envelope, await cipher.keyId(secret))) {
        continue;
      }
      try {
        const bytes = await cipher.decrypt(envelope, { secret, purpose });
        const { open, isDeflated, read } = contentsOf(envelope, purpose, bytes);
        const payload = read(isDeflated ? await cipher.inflate(open) : open);
        return answer(payload, secret === secrets[0] && isCurrent(envelope, format));
      } catch {
        // As above.
      }
    }
    return undefined;
  };
  return Object.freeze({ ...sealWith(cipher, secrets, format), open });
}

/** The methods that both kinds have in common. */
function sealWith(
  cipher: Cipher,
  secrets: readonly string[],
  format: Format,
): Omit<Seal, 'open' | 'openSync'> {
  const contents = async (payload: object, purpose: Purpose) => {
    if (format === 'jwe') {
      return utf8(JSON.stringify(payload));
    }
    const packed = pack(payload);
    if (!isCompressed(purpose)) {
      return toBytes(packed);
    }
    return toBytes({ ...packed, open: await cipher.deflate(packed.open) });
  };
  return {
    async seal(payload, purpose, maxAge) {
      const secret = secrets[0]!;
      const bytes = await contents({ ...payload, exp: now() + maxAge }, purpose);
      const start = newEnvelope(format, await cipher.keyId(secret));
      return writeEnvelope({
        ...start,
        body: await cipher.encrypt(start, { secret, purpose }, bytes),
      });
    },
    isForeign: async (sealed) =>
      isForeignText(sealed, await Promise.all(secrets.map(cipher.keyId))),
    async names(text) {
      return (await Promise.all(secrets.map((secret) => cipher.nameOf(text, secret)))) as [
        string,
        ...string[],
      ];
    },
  };
}

/** Decrypted bytes, and how they become an object. */
function contentsOf({ format }: Envelope, purpose: Purpose, bytes: Uint8Array) {
  if (format === 'jwe') {
    return {
      open: bytes,
      isDeflated: false,
      read: parse,
    };
  }
  const { open, apart } = fromBytes(bytes);
  const read = (inflated: Uint8Array) => unpack({ open: inflated, apart });
  return {
    open,
    isDeflated: isCompressed(purpose),
    read,
  };
}

/** Pending logins hold where somebody else may have sent the browser, beside secrets: their length tells nothing. */
function isCompressed(purpose: Purpose): boolean {
  return purpose !== 'login';
}

function mayBeOf({ format, keyId }: Envelope, id: string): boolean {
  return format === 'jwe' || keyId === id;
}

/** While JWE is written, other processes may read nothing else: then it is not replaced. */
function isCurrent(envelope: Envelope, format: Format): boolean {
  return envelope.format === 'packed' || format === 'jwe';
}

function answer(payload: Opened['payload'], isCurrent: boolean): Opened | undefined {
  if (Number(payload['exp']) > now()) {
    return { payload, isCurrent };
  }
  return undefined;
}

function parse(bytes: Uint8Array): Opened['payload'] {
  return JSON.parse(new TextDecoder().decode(bytes)) as Opened['payload'];
}
