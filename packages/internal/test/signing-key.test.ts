import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { usableKey } from '../src/signing-key.js';

const decode = (text: string) =>
  /^[\w-]+$/.test(text) ? new Uint8Array(Buffer.from(text, 'base64url')) : undefined;
const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { kty, n, e, ...secrets } = privateKey.export({ format: 'jwk' });
const key = { kty, n, e, kid: 'one' };

/** A number of so many bits, all of them set: odd. */
function ones(bits: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits / 8)).fill(255);
  bytes[0] = 255 >> (bytes.length * 8 - bits);
  return bytes;
}

test('a strong RSA key is used, without its private and unknown members', () => {
  const expected = { kty: 'RSA', n, e, kid: 'one', alg: 'RS256', use: 'sig' };
  expect(usableKey(key, decode)).toEqual(expected);
  expect(usableKey({ ...key, ...secrets, x5c: ['certificate'] }, decode)).toEqual(expected);
});

test('a key may say that it is for RS256 signatures, and may have no name', () => {
  const full = { ...key, use: 'sig', alg: 'RS256', key_ops: ['verify'] };
  expect(usableKey(full, decode)).toBeDefined();
  expect(usableKey({ ...key, kid: undefined }, decode)).toEqual({
    kty: 'RSA',
    n,
    e,
    alg: 'RS256',
    use: 'sig',
  });
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['text', 'key'],
  ['a key of another type', { ...key, kty: 'EC' }],
  ['a key for encryption', { ...key, use: 'enc' }],
  ['a key for another algorithm', { ...key, alg: 'RS512' }],
  ['a key that may only sign', { ...key, key_ops: ['sign'] }],
  ['a key whose operations are no list', { ...key, key_ops: 'verify' }],
  ['a key without a modulus', { ...key, n: undefined }],
  ['a key whose modulus is malformed', { ...key, n: '!' }],
  ['a key whose modulus is zero', { ...key, n: encode(new Uint8Array(256)) }],
  ['a key without an exponent', { ...key, e: undefined }],
  ['a key whose exponent is malformed', { ...key, e: '' }],
])('%s is not used', (_, given) => {
  expect(usableKey(given, decode)).toBeUndefined();
});

describe('the numbers of a key', () => {
  test.each([
    [2047, false],
    [2048, true],
    [16_384, true],
    [16_385, false],
  ])('a modulus of %i bits: %s', (bits, isUsed) => {
    expect(usableKey({ ...key, n: encode(ones(bits)) }, decode) !== undefined).toBe(isUsed);
  });

  test.each([
    [16, false],
    [17, true],
    [64, true],
    [65, false],
  ])('an exponent of %i bits: %s', (bits, isUsed) => {
    expect(usableKey({ ...key, e: encode(ones(bits)) }, decode) !== undefined).toBe(isUsed);
  });

  test('even numbers are not used', () => {
    const even = ones(2048).fill(254, -1);
    expect(usableKey({ ...key, n: encode(even) }, decode)).toBeUndefined();
    expect(usableKey({ ...key, e: encode(ones(17).fill(254, -1)) }, decode)).toBeUndefined();
  });

  test('zeros in front do not count', () => {
    const padded = (bits: number) => encode(Uint8Array.of(0, 0, ...ones(bits)));
    expect(usableKey({ ...key, n: padded(2047) }, decode)).toBeUndefined();
    expect(usableKey({ ...key, n: padded(2048) }, decode)).toBeDefined();
  });
});
