import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import fc from 'fast-check';
import { createLocalJWKSet } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Format } from '../../src/crypto/envelope.js';
import { fromBase64url } from '../../src/crypto/node.js';
import type { Purpose } from '../../src/crypto/cipher.js';
import { createSeal, createWebSeal, type Seal } from '../../src/crypto/seal.js';
import { createVerifier, withJose } from '../../src/oauth/jws.js';

const secrets = ['0123456789abcdefghijklmnopqrstuvwxyz', 'zyxwvutsrqponmlkjihgfedcba9876543210'];
const formats: Format[] = ['packed', 'jwe'];
const sealsOf = (format: Format) => ({
  node: createSeal(secrets, 'app', format),
  web: createWebSeal(secrets, 'app', format),
});
const seals = sealsOf('packed');
const purposes: Purpose[] = ['session', 'login', 'store', 'refresh'];

const changed = (text: string, position: number, character: string) => {
  const index = position % text.length;
  return text.slice(0, index) + character + text.slice(index + 1);
};

/** What both say of a text, which has to be the same. */
const agree = async (text: string, purpose: Purpose = 'session') => {
  const node = await seals.node.open(text, purpose);
  const web = await seals.web.open(text, purpose);
  expect(node, text).toEqual(web);
  expect(seals.node.openSync!(text, purpose)).toEqual(web);
  expect(await seals.node.isForeign(text)).toBe(await seals.web.isForeign(text));
  return node;
};

describe('Node’s cryptography and WebCrypto', () => {
  test.each(formats)('open what the other one sealed as %s, and name alike', async (format) => {
    const { node, web } = sealsOf(format);
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(...purposes),
        fc.string(),
        async (payload, purpose, name) => {
          const kept = JSON.parse(JSON.stringify({ payload })) as object;
          for (const [one, other] of [
            [node, web],
            [web, node],
          ] as [Seal, Seal][]) {
            const opened = await other.open(await one.seal(kept, purpose, 60), purpose);
            expect(opened).toMatchObject({ payload: kept, isCurrent: true });
            expect(Object.keys(opened!.payload)).toEqual(['payload', 'exp']);
          }
          expect(await node.names(name)).toEqual(await web.names(name));
        },
      ),
      { numRuns: 100 },
    );
  });

  test.each(formats)(
    'SC-01 SC-16 refuse alike what was sealed as %s and changed',
    async (format) => {
      const sealed = await sealsOf(format).web.seal(
        { a: randomBytes(90).toString('hex') },
        'session',
        60,
      );
      expect(await agree(sealed)).toBeDefined();
      for (const purpose of purposes.slice(1)) {
        expect(await agree(sealed, purpose)).toBeUndefined();
      }
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.constantFrom(...'AZaz09-_.'), async (position, character) => {
          const text = changed(sealed, position, character);
          // Not even in bits of a last character that mean nothing.
          if (text !== sealed) {
            expect(await agree(text)).toBeUndefined();
          }
        }),
        { numRuns: 1500 },
      );
      for (let length = 0; length < sealed.length; length++) {
        expect(await agree(sealed.slice(0, length)), `${length}`).toBeUndefined();
      }
      for (const text of [
        `${sealed}A`,
        `${sealed}AAAA`,
        `${sealed}=`,
        `${sealed}\n`,
        ` ${sealed}`,
        sealed + sealed,
      ]) {
        expect(await agree(text)).toBeUndefined();
      }
    },
  );

  test('SC-01 refuse alike a JWE with other parts', async () => {
    const sealed = await sealsOf('jwe').web.seal({ a: 1 }, 'session', 60);
    for (const part of [0, 1, 2, 3, 4]) {
      for (const value of [
        '',
        'A',
        'AA',
        'AAAA',
        'A'.repeat(22),
        'A'.repeat(23),
        '=',
        'é',
        sealed,
      ]) {
        expect(
          await agree(sealed.split('.').with(part, value).join('.')),
          `${part} ${value}`,
        ).toEqual(part === 1 && value === '' ? expect.anything() : undefined);
      }
    }
    const none = Buffer.from('{"alg":"none","enc":"A256GCM"}').toString('base64url');
    expect(await agree(sealed.split('.').with(0, none).join('.'))).toBeUndefined();
  });

  test.each(formats)(
    'SC-01 SC-16 refuse alike what is over, or of somebody else, as %s',
    async (format) => {
      expect(await agree(await sealsOf(format).node.seal({}, 'session', 0))).toBeUndefined();
      const retired = createWebSeal(secrets.slice(1), 'app', format);
      expect(await agree(await retired.seal({}, 'session', 60))).toMatchObject({
        isCurrent: false,
      });
      expect(
        await agree(await createWebSeal(secrets, 'other', format).seal({}, 'session', 60)),
      ).toBeUndefined();
      const stranger = createWebSeal(['another secret, of nobody here 123'], 'app', format);
      expect(await agree(await stranger.seal({}, 'session', 60))).toBeUndefined();
    },
  );

  test('judge signatures alike, whatever is changed', async () => {
    const keys = [2048, 1024].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength }));
    const jwks = createLocalJWKSet({
      keys: keys.map(({ publicKey }, kid) => ({
        ...publicKey.export({ format: 'jwk' }),
        kid: String(kid),
        alg: 'RS256',
      })),
    });
    const verifiers = [createVerifier(jwks), createVerifier(jwks, { check: withJose(jwks) })];
    const judge = async (token: string) => {
      const verdict = (verify: (typeof verifiers)[number]) =>
        verify(token).catch((error: { code?: string; name: string }) => error.code ?? 'signature');
      const [node, jose] = await Promise.all(verifiers.map(verdict));
      expect(node, token).toEqual(jose);
      return node;
    };
    const token = tokenOf({ alg: 'RS256', kid: '0' }, keys[0]!.privateKey);
    expect(await judge(token)).toMatchObject({ claims: { sub: 'kp_ada' }, header: { kid: '0' } });
    expect(await judge(tokenOf({ alg: 'RS256', kid: '1' }, keys[1]!.privateKey))).toBe('signature');
    expect(await judge(tokenOf({ alg: 'RS256', kid: '0' }, keys[1]!.privateKey))).toBe('signature');
    expect(await judge(tokenOf({ alg: 'RS256', kid: '2' }, keys[0]!.privateKey))).toBe(
      'ERR_JWKS_NO_MATCHING_KEY',
    );
    expect(await judge(tokenOf({ alg: 'RS256' }, keys[0]!.privateKey))).toBe(
      'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
    );
    expect(await judge(tokenOf({ alg: 'none', kid: '0' }, keys[0]!.privateKey))).toBe('alg');
    expect(
      await judge(tokenOf({ alg: 'RS256', kid: '0', crit: ['b64'] }, keys[0]!.privateKey)),
    ).toBe('crit');
    for (const kid of [0, null, {}, ['0'], true]) {
      expect(await judge(tokenOf({ alg: 'RS256', kid }, keys[0]!.privateKey))).toEqual(
        expect.any(String),
      );
    }
    for (const text of [
      '',
      '.',
      '..',
      token.slice(0, token.lastIndexOf('.')),
      `${token}.`,
      `${token}.AA`,
      `.${token}`,
    ]) {
      expect(await judge(text), text).toBe('malformed');
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(...'AZaz09-_'), async (position, character) => {
        await judge(changed(token, position, character));
        await judge(token.slice(0, token.length - (position % 8)));
      }),
      { numRuns: 1000 },
    );
  });

  test('read base64url alike: nothing that does not belong is skipped', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect([...fromBase64url(Buffer.from(bytes).toString('base64url'))]).toEqual([...bytes]);
      }),
    );
    for (const text of [
      'A',
      'AAAAA',
      'AB',
      'AAB',
      'AAAAA-',
      'AAAAAA_',
      'AA=',
      'AA==',
      'AA A',
      'A+/A',
      'AA\n',
      'é',
      'AA.A',
    ]) {
      expect(() => fromBase64url(text), text).toThrow(TypeError);
    }
  });
});

function tokenOf(header: object, key: Parameters<typeof sign>[2]): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const text = `${encode(header)}.${encode({ sub: 'kp_ada' })}`;
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`;
}
