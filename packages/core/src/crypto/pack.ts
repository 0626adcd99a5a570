import { KindeError } from '../errors.js';
import { bytesOf, concat, toBase64url, utf8 } from './node.js';

/**
 * A JSON object as bytes, in two parts. Secrets are never compressed beside what others can choose: the length of the
 * result would tell how much the two have in common.
 */
export interface Packed {
  /** JSON with holes, then the header and the payload of each token. May be compressed. */
  readonly open: Uint8Array;
  /** Ids, refresh tokens, signatures of tokens and user agents, which fill the holes. Never compressed. */
  readonly apart: Uint8Array;
}

/** Members that are tokens, at any depth: a JWT's header and payload are compressed, its signature is kept apart. */
const TOKENS = new Set(['accessToken', 'idToken']);
/** Members that are kept apart: secrets, and the user agent, which comes with a request. */
const APART = new Set(['id', 'of', 'refreshToken', 'userAgent', 'secret', ...TOKENS]);

/** The kind of text that a hole stands for: a JWT, bytes in base64url, or something else. */
type Hole = 'j' | 'b' | 't';

/** Takes an object apart, so that `unpack` puts the same one together: every text in it comes back as it was. */
export function pack(payload: object): Packed {
  const open: Uint8Array[] = [];
  const apart: Uint8Array[] = [];
  const hole = (name: string, text: string): Hole => {
    const [header, claims, signature, ...more] = TOKENS.has(name)
      ? text.split('.').map(bytesOf)
      : [];
    if (header && claims && signature && more.length === 0) {
      open.push(frame(header), frame(claims));
      apart.push(frame(signature));
      return 'j';
    }
    const bytes = bytesOf(text);
    // As JSON, because UTF-8 has no bytes for half of a surrogate pair.
    apart.push(frame(bytes ?? utf8(JSON.stringify(text))));
    return bytes ? 'b' : 't';
  };
  const text = JSON.stringify(payload, (name, value: unknown) => {
    if (typeof value === 'string' && APART.has(name)) {
      return hole(name, value);
    }
    return value;
  });
  return { open: concat([frame(utf8(shorten(text))), ...open]), apart: concat(apart) };
}

/** The object that `pack` took apart. Throws for anything else. */
export function unpack(packed: Packed): Readonly<Record<string, unknown>> {
  const open = frames(packed.open);
  const apart = frames(packed.apart);
  const fill = (hole: string): string => {
    if (hole === 'j') {
      return [open(), open(), apart()].map(toBase64url).join('.');
    }
    if (hole === 'b') {
      return toBase64url(apart());
    }
    return JSON.parse(TEXT.decode(apart())) as string;
  };
  // Members come in the order in which they were written.
  return JSON.parse(lengthen(TEXT.decode(open())), (name, value: unknown) => {
    if (typeof value === 'string' && APART.has(name)) {
      return fill(value);
    }
    return value;
  }) as Readonly<Record<string, unknown>>;
}

/**
 * Phrases of our own records: one control character stands for each. JSON has no such characters, not even inside its
 * strings, so none can be mistaken. A part of the format: what is removed or moved here can no longer be read.
 */
const PHRASES = [
  '{"id":"b"',
  ',"accessToken":"j","idToken":"j"',
  ',"refreshToken":"b"',
  ',"refreshToken":"t"',
  ',"expiresAt":',
  ',"startedAt":',
  ',"seenAt":',
  ',"exp":',
  ',"userAgent":"t"',
  '{"of":"b","result":',
  '{"secret":"b","startedAt":',
  ',"returnTo":"',
].map((phrase, index) => [phrase, String.fromCharCode(index + 1)] as const);

function shorten(json: string): string {
  return PHRASES.reduce((text, [phrase, character]) => text.replaceAll(phrase, character), json);
}

function lengthen(text: string): string {
  return PHRASES.reduce((json, [phrase, character]) => json.replaceAll(character, phrase), text);
}

/** Lengths are multiples of this many bytes, so that they tell less. */
const BLOCK = 64;

/** Both parts one behind the other, and as many zeros as it takes. */
export function toBytes({ open, apart }: Packed): Uint8Array<ArrayBuffer> {
  const start = frame(open);
  const length = start.length + apart.length;
  return concat([start, apart, new Uint8Array(-length & (BLOCK - 1))]);
}

/** The two parts of what `toBytes` made. The zeros stay at the end, where nothing reads them. */
export function fromBytes(bytes: Uint8Array): Packed {
  const open = frames(bytes)();
  return { open, apart: bytes.subarray(open.length + 2) };
}

/** Bytes behind their length, which takes two bytes. @throws KindeError `session_too_large`. */
function frame(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0xffff) {
    throw new KindeError('session_too_large', 'A text of this session is too long.');
  }
  return concat([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

/** One after the other what `frame` made. */
function frames(bytes: Uint8Array): () => Uint8Array {
  let position = 0;
  return () => {
    const [high, low] = bytes.subarray(position, position + 2);
    const start = position + 2;
    position = start + (high! << 8) + low!;
    if (!(position <= bytes.length)) {
      throw new RangeError('There is less than was announced.');
    }
    return bytes.subarray(start, position);
  };
}

const TEXT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
