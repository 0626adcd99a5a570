import * as crypto from 'node:crypto';
import { createLocalJWKSet } from 'jose';
import { describe, expect, test } from 'vitest';
import { createVerifier, withNode } from '../../src/oauth/jws.js';

const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const keys = createLocalJWKSet({
  keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256' }],
});
const other = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const asked: string[] = [];

/** Cryptography of Node as Cloudflare Workers have it: it makes an object of a web key, and cannot verify with that. */
const incomplete = {
  ...crypto,
  verify: () => {
    asked.push('verify');
    throw new Error('Invalid key for verification operation');
  },
} as unknown as typeof crypto;
const { KeyObject: _, ...withoutKeyObject } = crypto;

describe.each([
  ['throws', incomplete],
  ['lacks a member', withoutKeyObject as typeof crypto],
])('FD-29 where Node’s cryptography %s', (_title, node) => {
  test('WebCrypto checks signatures, and the other is not asked again', async () => {
    asked.length = 0;
    const verify = createVerifier(keys, { check: withNode(keys, node) });
    expect(await verify(tokenOf(privateKey))).toMatchObject({ claims: { sub: 'kp_ada' } });
    expect(await verify(tokenOf(other))).toBe('signature');
    expect(await verify(tokenOf(privateKey))).toMatchObject({ claims: { sub: 'kp_ada' } });
    expect(asked.length).toBe(node === incomplete ? 1 : 0);
  });

  test('a key that is not there is still said to be missing', async () => {
    const verify = createVerifier(keys, { check: withNode(keys, node) });
    await expect(verify(tokenOf(privateKey, 'two'))).rejects.toMatchObject({
      code: 'ERR_JWKS_NO_MATCHING_KEY',
    });
  });
});

function tokenOf(key: crypto.KeyObject, kid = 'one'): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode({ alg: 'RS256', kid })}.${encode({ sub: 'kp_ada' })}`;
  return `${text}.${crypto.sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}
