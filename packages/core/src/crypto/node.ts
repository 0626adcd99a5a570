import { builtin } from '@kindling/internal';
import type * as crypto from 'node:crypto';
import type * as zlib from 'node:zlib';
import { base64url } from 'jose';

/** The part of Node's own cryptography that is used. */
export type NodeCrypto = Pick<
  typeof crypto,
  | 'createCipheriv'
  | 'createDecipheriv'
  | 'createHash'
  | 'createHmac'
  | 'createSecretKey'
  | 'hkdfSync'
  | 'KeyObject'
  | 'verify'
>;

export type NodeKey = crypto.KeyObject;
export type WebKey = crypto.webcrypto.CryptoKey;

/**
 * Node's own cryptography: at once, and for a fraction of what WebCrypto takes for a few kilobytes. `undefined` where there
 * is none, and WebCrypto does the same. Asked for, not imported, so that this loads anywhere.
 */
export const nodeCrypto = builtin<NodeCrypto>('node:crypto');

/** The part of Node's own compression that is used. */
export type NodeZlib = Pick<typeof zlib, 'deflateRawSync' | 'inflateRawSync'>;

/** Node's own compression, under the same terms as its cryptography. */
export const nodeZlib = builtin<NodeZlib>('node:zlib');

/** Text as UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Bytes one behind the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let position = 0;
  for (const part of parts) {
    all.set(part, position);
    position += part.length;
  }
  return all;
}

/** Bytes, written as base64url (RFC 4648 section 5) without padding. */
export function toBase64url(bytes: Uint8Array): string {
  if (!nodeCrypto) {
    return base64url.encode(bytes);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}

/** Bytes that are written as base64url. @throws TypeError when they are not. */
export function fromBase64url(text: string): Uint8Array {
  const bytes = bytesOf(text);
  if (!bytes) {
    throw new TypeError('This is not base64url.');
  }
  return bytes;
}

/** The same; `undefined` when they are not. */
export function bytesOf(text: string): Uint8Array | undefined {
  if (!isBase64url(text)) {
    return undefined;
  }
  if (nodeCrypto) {
    return Buffer.from(text, 'base64url');
  }
  return base64url.decode(text);
}

/** The bytes of several texts; `undefined` unless all of them are base64url. */
export function bytesOfAll(texts: readonly string[]): readonly Uint8Array[] | undefined {
  const decoded = texts.map(bytesOf);
  return decoded.every((bytes) => bytes !== undefined) ? decoded : undefined;
}

/**
 * Written as base64url, without padding and in the one way there is: decoders skip what they do not know and overlook bits
 * that mean nothing, so that others could write the same bytes differently.
 */
export function isBase64url(text: string): boolean {
  const last = LAST[text.length % 4];
  return (
    last !== undefined && (last === '' || last.includes(text.at(-1)!)) && /^[\w-]*$/.test(text)
  );
}

/** With which characters a text may end, by how many there are beyond groups of four. */
const LAST = ['', undefined, 'AQgw', 'AEIMQUYcgkosw048'] as const;
