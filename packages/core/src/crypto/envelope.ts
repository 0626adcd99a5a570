import { KindeError } from '../errors.js';
import { bytesOf, concat, fromBase64url, isBase64url, toBase64url, utf8 } from './node.js';

/**
 * How a text is written. `packed` is base64url of: version (1 byte), key id (4), salt (16), then what was encrypted with its
 * tag (16). `jwe` is what came before (RFC 7516, `dir`, `A256GCM`): it names no key, and one key encrypts all texts.
 */
export type Format = 'packed' | 'jwe';

/** An encrypted text, taken apart. */
export interface Envelope {
  readonly format: Format;
  /** Names the secret. Empty in a JWE, which names none. */
  readonly keyId: string;
  /** The salt of this text’s own key. In a JWE, its initialization vector. */
  readonly salt: Uint8Array;
  /** The bytes in front of the ciphertext, which are authenticated with it. */
  readonly head: Uint8Array;
  /** Ciphertext, then its tag. */
  readonly body: Uint8Array;
}

const VERSION = 1;
/** Sizes in bytes. */
const KEY_ID = 4;
const SALT = 16;
const IV = 12;
const TAG = 16;
const HEAD = 21;
/** Characters of the head in base64url: a whole number of groups. */
const HEAD_TEXT = 28;
/** Characters of a text. The shortest has a head, one block and a tag; three tokens of 16 KB are shorter than the longest. */
const SHORTEST = 135;
const LONGEST = 72 * 1024;
/** The protected header of a JWE of ours, and all that may stand there. */
const JWE = toBase64url(utf8('{"alg":"dir","enc":"A256GCM"}'));

/** Parts of a text of either format; `undefined` where it is something else. Says nothing about who wrote it. */
export function readEnvelope(text: string): Envelope | undefined {
  if (text.length > LONGEST) {
    return undefined;
  }
  if (text.startsWith(`${JWE}.`)) {
    return readJwe(text);
  }
  const bytes = text.length < SHORTEST ? undefined : bytesOf(text);
  if (bytes?.[0] !== VERSION) {
    return undefined;
  }
  const head = bytes.subarray(0, HEAD);
  const body = bytes.subarray(HEAD);
  return {
    format: 'packed',
    keyId: keyIdOf(head),
    salt: head.subarray(1 + KEY_ID),
    head,
    body,
  };
}

function readJwe(text: string): Envelope | undefined {
  // One part more than there should be, however many dots there are.
  const [head = '', key, ...rest] = text.split('.', 6);
  const [iv, ciphertext, tag] = rest.map(bytesOf);
  if (key !== '' || rest.length !== 3 || !ciphertext?.length) {
    return undefined;
  }
  if (iv?.length !== IV || tag?.length !== TAG) {
    return undefined;
  }
  return {
    format: 'jwe',
    keyId: '',
    salt: iv,
    head: utf8(head),
    body: concat([ciphertext, tag]),
  };
}

/**
 * Says whether a text looks like ours, but has a version or a key that is not known here. Then another process may be able to
 * read it. A JWE names no key and is never foreign.
 */
export function isForeignText(text: string, keyIds: readonly string[]): boolean {
  if (text.length < SHORTEST || text.length > LONGEST || !isBase64url(text)) {
    return false;
  }
  const head = fromBase64url(text.slice(0, HEAD_TEXT));
  return head[0] !== VERSION || !keyIds.includes(keyIdOf(head));
}

/** A new text, before anything is encrypted. */
export function newEnvelope(format: Format, keyId: string): Omit<Envelope, 'body'> {
  if (format === 'jwe') {
    return {
      format,
      keyId: '',
      salt: random(IV),
      head: utf8(JWE),
    };
  }
  const salt = random(SALT);
  return {
    format,
    keyId,
    salt,
    head: concat([Uint8Array.of(VERSION), fromBase64url(keyId), salt]),
  };
}

/**
 * The text of an envelope, which `readEnvelope` takes apart again.
 * @throws KindeError `session_too_large` where it would be longer than what that reads.
 */
export function writeEnvelope({ format, salt, head, body }: Envelope): string {
  const parts = [salt, body.subarray(0, -TAG), body.subarray(-TAG)];
  const text =
    format === 'jwe'
      ? `${JWE}..${parts.map(toBase64url).join('.')}`
      : toBase64url(concat([head, body]));
  if (text.length <= LONGEST) {
    return text;
  }
  throw new KindeError(
    'session_too_large',
    `This session would take ${text.length} bytes (${LONGEST} at most).`,
  );
}

/** Four bytes that name a secret, in base64url. */
function keyIdOf(head: Uint8Array): string {
  return toBase64url(head.subarray(1, 1 + KEY_ID));
}

function random(bytes: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(bytes));
}
