import { concat, utf8, type NodeZlib } from './node.js';

/** Raw deflate (RFC 1951) with a preset dictionary. The two kinds read each other's output. */
export interface Deflate {
  /** Bytes, compressed. */
  deflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Bytes that `deflate` was given. Only for input that was authenticated. Fails where it is malformed or too long. */
  inflate(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** Bytes that come out of `inflate`, at most: several times the longest tokens that are accepted. */
const LARGEST = 256 * 1024;

/**
 * Names that Kinde's claims have, so that they need not stand in every session: that makes a usual session
 * 250 bytes smaller. A part of the format: with another dictionary, nothing that was compressed before can be read.
 */
const DICTIONARY = utf8(
  [
    '"x-hasura-"user_properties":{"kp_usr_":{"v":"organization_properties":{"kp_org_',
    '"ext_provider":{"name":"","connection_id":"conn_","claims":{"external_org_id":"',
    '"phone_number":"+1","preferred_username":"","provided_id":"',
    '"ksp":{"persistent":false},"picture":"https://lh3.googleusercontent.com/a/=s96-c"https://www.gravatar.com/avatar/',
    '"organizations":[{"id":"org_","name":""org_codes":["org_"org_name":"',
    '"roles":[{"id":"","key":"admin","name":"member"}],',
    '"feature_flags":{"":{"t":"b","v":true},"":{"t":"b","v":false},"":{"t":"s","v":""},"":{"t":"i","v":1},',
    '"":{"t":"j","v":{""permissions":["create:","read:","update:","delete:"write:"manage:',
    '"name":"","given_name":"","family_name":"","updated_at":18,"email":"@gmail.com","email_verified":true,',
    '"at_hash":"","auth_time":18,"rat":18,"nonce":""scp":["openid","profile","email","offline"],"org_code":"org_',
    '"sub":"kp_","aud":["","aud":[],"azp":"{"iss":"https://.kinde.com","iat":18,"exp":18,"jti":"',
    '{"alg":"RS256","kid":"","typ":"JWT"}',
  ].join(''),
);

/**
 * The dictionary as a first block of the compressed data (RFC 1951, 3.2.4: stored). Whatever refers back to a dictionary
 * refers back to this just as well, so every decompressor can read it, also those that take no dictionary.
 */
const STORED = (() => {
  const { length } = DICTIONARY;
  const header = [length, ~length].flatMap((number) => [number & 255, (number >> 8) & 255]);
  return concat([Uint8Array.of(0, ...header), DICTIONARY]);
})();

/** With Node's own compression, at once. */
export function createNodeDeflate(zlib: NodeZlib) {
  const maxOutputLength = DICTIONARY.length + LARGEST;
  return Object.freeze({
    deflate: (bytes: Uint8Array) => zlib.deflateRawSync(bytes, { dictionary: DICTIONARY }),
    inflate: (bytes: Uint8Array) =>
      zlib.inflateRawSync(concat([STORED, bytes]), { maxOutputLength }).subarray(DICTIONARY.length),
  } satisfies Deflate);
}

/** With the web's streams, which take no dictionary: what they write is larger, and read by both. */
export function createWebDeflate() {
  return Object.freeze({
    deflate: (bytes: Uint8Array) =>
      collect([bytes], new CompressionStream('deflate-raw'), Infinity),
    inflate: async (bytes: Uint8Array) => {
      const stream = new DecompressionStream('deflate-raw');
      const all = await collect([STORED, bytes], stream, DICTIONARY.length + LARGEST);
      return all.subarray(DICTIONARY.length);
    },
  } satisfies Deflate);
}

/** Everything that comes out of a stream, up to a number of bytes. */
async function collect(
  parts: readonly Uint8Array[],
  through: CompressionStream,
  most: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of new Blob([concat(parts)]).stream().pipeThrough(through)) {
    length += chunk.length;
    if (length > most) {
      throw new RangeError('This is longer than anything that is compressed here.');
    }
    chunks.push(chunk);
  }
  return concat(chunks);
}
