import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Purpose } from '../../src/crypto/cipher.js';
import { createSeal, createWebSeal, type Seal } from '../../src/crypto/seal.js';

const SECRET = '0123456789abcdefghijklmnopqrstuvwxyz';
const OTHER = 'zyxwvutsrqponmlkjihgfedcba9876543210';
const seals = { node: createSeal([SECRET], 'app'), web: createWebSeal([SECRET], 'app') };
const runtimes = Object.entries(seals) as [string, Seal][];
const purposes: Purpose[] = ['session', 'login', 'store', 'refresh'];

// The format as docs/decisions/0013 has it, in words of its own.
const keyOf = (usage: string, bytes = 32) =>
  Buffer.from(hkdfSync('sha256', SECRET, '', `kindling ${usage} app`, bytes));
const lockOf = (purpose: Purpose, salt: Buffer) => {
  const lock = createHmac('sha512', keyOf(`1 ${purpose}`))
    .update(salt)
    .digest();
  return [lock.subarray(0, 32), lock.subarray(32, 44)] as const;
};
const forge = (
  plain: Uint8Array,
  { version = 1, keyId = keyOf('1 id', 4), purpose = 'session' as Purpose } = {},
) => {
  const salt = randomBytes(16);
  const head = Buffer.concat([Buffer.of(version), keyId, salt]);
  const cipher = createCipheriv('aes-256-gcm', ...lockOf(purpose, salt), { authTagLength: 16 });
  cipher.setAAD(Buffer.concat([head, Buffer.from(purpose)]));
  const padded = Buffer.concat([plain, Buffer.alloc(-plain.length & 63)]);
  return Buffer.concat([head, cipher.update(padded), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  );
};
const frame = (bytes: Uint8Array) =>
  Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes]);
const json = (value: object) =>
  frame(Buffer.from(JSON.stringify({ ...value, exp: 4_000_000_000 })));
const decode = (sealed: string) => Buffer.from(sealed, 'base64url');

describe.each(runtimes)('the format of what is encrypted (%s)', (_runtime, seal) => {
  test.each(purposes)(
    'OP-11 OP-28 is version, key id, salt, ciphertext and tag, as documented, for %s',
    async (purpose) => {
      const bytes = decode(await seal.seal({ id: 'not base64url!', a: 1 }, purpose, 60));
      expect(bytes[0]).toBe(1);
      expect(bytes.subarray(1, 5)).toEqual(keyOf('1 id', 4));
      const decipher = createDecipheriv('aes-256-gcm', ...lockOf(purpose, bytes.subarray(5, 21)), {
        authTagLength: 16,
      });
      decipher
        .setAAD(Buffer.concat([bytes.subarray(0, 21), Buffer.from(purpose)]))
        .setAuthTag(bytes.subarray(-16));
      const plain = Buffer.concat([decipher.update(bytes.subarray(21, -16)), decipher.final()]);
      const length = plain.readUInt16BE();
      expect(plain.toString('latin1', length + 2).replace(/\0+$/, '')).toBe(
        '\0\x10"not base64url!"',
      );
      if (purpose === 'login') {
        expect(plain.toString('latin1', 4, length + 2)).toContain('{"id":"t","a":1\x08');
      }
    },
  );

  test('opens what was written as documented', async () => {
    const plain = Buffer.concat([frame(json({ id: 't', n: 7 })), frame(Buffer.from('"x y"'))]);
    expect((await seal.open(forge(plain, { purpose: 'login' }), 'login'))?.payload).toMatchObject({
      id: 'x y',
      n: 7,
    });
    const deflated = Buffer.concat([
      frame(deflateRawSync(json({ id: 't', n: 7 }))),
      frame(Buffer.from('"x y"')),
    ]);
    expect((await seal.open(forge(deflated), 'session'))?.payload).toMatchObject({
      id: 'x y',
      n: 7,
    });
  });

  test('OP-28 has a key and a nonce of its own for every text', async () => {
    const salts = new Set<string>();
    for (let count = 0; count < 1000; count++) {
      salts.add(decode(await seal.seal({}, 'session', 60)).toString('hex', 5, 21));
    }
    expect(salts.size).toBe(1000);
  });

  test('OP-11 an unknown version or key is foreign, so that it is left alone, and opens nothing', async () => {
    const sealed = await seal.seal({ a: 1 }, 'session', 60);
    const at = (index: number, value: number) => {
      const bytes = decode(sealed);
      bytes[index] = value;
      return bytes.toString('base64url');
    };
    const foreign = [
      ...[0, 2, 7, 0x7b, 255].map((version) => at(0, version)),
      ...[1, 2, 3, 4].map((index) => at(index, decode(sealed)[index]! ^ 1)),
      await createSeal([OTHER], 'app').seal({ a: 1 }, 'session', 60),
      await createWebSeal([SECRET], 'another app').seal({ a: 1 }, 'session', 60),
      forge(Buffer.alloc(64), { version: 2 }),
    ];
    for (const text of foreign) {
      expect(await seal.isForeign(text), text).toBe(true);
      for (const purpose of purposes) {
        expect(await seal.open(text, purpose)).toBeUndefined();
      }
    }
  });

  test('OP-11 SC-11 what fails under a known key, or is no text of ours, is not foreign', async () => {
    const sealed = await seal.seal({ a: 1 }, 'session', 60);
    const damaged = Array.from({ length: 60 }, (_, index) => {
      const bytes = decode(sealed);
      bytes[5 + index]! ^= 1;
      return bytes.toString('base64url');
    });
    const own = [
      sealed,
      await seal.seal({ a: 1 }, 'session', 0),
      await seal.seal({ a: 1 }, 'login', 60),
    ];
    const nothing = [
      '',
      'x',
      'garbage',
      sealed.slice(0, 134),
      `${sealed}=`,
      `${sealed}.`,
      'a b'.repeat(99),
    ];
    const jwe = await createSeal([OTHER], 'app', 'jwe').seal({ a: 1 }, 'session', 60);
    for (const text of [...damaged, ...own, ...nothing, jwe]) {
      expect(await seal.isForeign(text), text).toBe(false);
    }
    for (const text of [...damaged, ...nothing, jwe]) {
      expect(await seal.open(text, 'session')).toBeUndefined();
    }
  });

  test('OP-11 a secret that is being retired is known, the next one is not yet', async () => {
    const before = createSeal([SECRET], 'app');
    const after = createSeal([OTHER, SECRET], 'app');
    const old = await before.seal({}, 'session', 60);
    const next = await after.seal({}, 'session', 60);
    expect([await seal.isForeign(old), await seal.isForeign(next)]).toEqual([false, true]);
    expect([await after.isForeign(old), await after.isForeign(next)]).toEqual([false, false]);
    expect(await after.open(old, 'session')).toMatchObject({ isCurrent: false });
  });

  test('a text that inflates to more than 256 KB opens nothing', async () => {
    const bomb = (length: number) => {
      const tokens = Array.from({ length: length / 50_000 }, () =>
        frame(Buffer.alloc(50_000, 'x')),
      );
      const text = json(
        Object.fromEntries(tokens.map((_, index) => [index, { accessToken: index % 2 ? 0 : 'j' }])),
      );
      const open = deflateRawSync(Buffer.concat([text, ...tokens]));
      return forge(Buffer.concat([frame(open), ...tokens.map(() => frame(Buffer.of(1)))]));
    };
    expect(await seal.open(bomb(200_000), 'session')).toBeDefined();
    expect(await seal.open(bomb(300_000), 'session')).toBeUndefined();
    const zeros = deflateRawSync(Buffer.alloc(50_000_000));
    expect(await seal.open(forge(frame(zeros.subarray(0, 40_000))), 'session')).toBeUndefined();
    expect(await seal.open(forge(frame(zeros)), 'session')).toBeUndefined();
  });

  test('a text longer than any session is not even decoded', async () => {
    const text = (bytes: number) =>
      forge(Buffer.concat([frame(json({})), Buffer.alloc(bytes)]), { purpose: 'login' });
    expect(await seal.open(text(50_000), 'login')).toBeDefined();
    expect(await seal.open(text(60_000), 'login')).toBeUndefined();
    expect(await seal.isForeign(text(60_000))).toBe(false);
    await expect(seal.seal({ a: 'é'.repeat(60_000) }, 'login', 60)).rejects.toMatchObject({
      code: 'session_too_large',
    });
    await expect(seal.seal({ id: ' '.repeat(60_000) }, 'store', 60)).rejects.toMatchObject({
      code: 'session_too_large',
    });
  });

  test('SC-01 what is authentic and still not ours opens nothing, and throws nothing', async () => {
    const plain = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => frame(bytes)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => frame(deflateRawSync(bytes))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => frame(deflateRawSync(frame(bytes)))),
      fc
        .constantFrom(
          { id: 't' },
          { id: 't', of: 'b' },
          { id: '' },
          { idToken: 'x' },
          { of: {}, secret: 'undefined' },
        )
        .map((holes) => frame(deflateRawSync(json(holes)))),
      fc
        .constantFrom('null', '[]', '7', '"x"', '{}', '{"exp":null}', '{"exp":"never"}', '{', '')
        .map((text) => frame(deflateRawSync(frame(Buffer.from(text))))),
    );
    await fc.assert(
      fc.asyncProperty(plain, fc.constantFrom(...purposes), async (bytes, purpose) => {
        expect(await seal.open(forge(bytes, { purpose }), purpose)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });
});

describe.each(runtimes)('what was encrypted before (%s)', (_runtime, seal) => {
  const jweOf = (payload: Record<string, unknown>, purpose: Purpose) =>
    new EncryptJWT(payload)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setExpirationTime('1 minute')
      .encrypt(keyOf(purpose));

  test.each(purposes)('a JWE still opens, and is to be written again, for %s', async (purpose) => {
    const payload = { id: 'j', accessToken: 'b', nested: { refreshToken: 't' } };
    const sealed = await jweOf(payload, purpose);
    expect(await seal.open(sealed, purpose)).toMatchObject({ payload, isCurrent: false });
    for (const other of purposes.filter((one) => one !== purpose)) {
      expect(await seal.open(sealed, other)).toBeUndefined();
    }
    expect(await seal.isForeign(sealed)).toBe(false);
  });

  test('while other processes read nothing else, JWE is written, and neither format makes the other be written', async () => {
    const create = _runtime === 'node' ? createSeal : createWebSeal;
    const early = create([SECRET], 'app', 'jwe');
    for (const purpose of purposes) {
      const sealed = await early.seal({ id: 'j', a: 1 }, purpose, 60);
      const { payload } = await jwtDecrypt(sealed, keyOf(purpose));
      expect(payload).toMatchObject({ id: 'j', a: 1 });
      expect(await early.open(sealed, purpose)).toMatchObject({ payload, isCurrent: true });
      expect(await early.open(await seal.seal({ a: 1 }, purpose, 60), purpose)).toMatchObject({
        isCurrent: true,
      });
    }
  });
});
