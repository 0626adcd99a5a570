import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromBytes, pack, toBytes, unpack } from '../../src/crypto/pack.js';
import type { Purpose } from '../../src/crypto/cipher.js';
import { createSeal, createWebSeal } from '../../src/crypto/seal.js';

const secrets = ['0123456789abcdefghijklmnopqrstuvwxyz'];
const seals = { node: createSeal(secrets, 'app'), web: createWebSeal(secrets, 'app') };
const token = (claims: object, signature = randomBytes(256)) =>
  [{ alg: 'RS256', kid: '1', typ: 'JWT' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)))
    .concat(signature)
    .map((part) => part.toString('base64url'))
    .join('.');
const session = {
  id: randomBytes(32).toString('base64url'),
  accessToken: token({ sub: 'kp_ada', permissions: ['create:todos'], email: 'ada@example.com' }),
  idToken: token({ sub: 'kp_ada', email: 'ada@example.com' }),
  refreshToken: randomBytes(32).toString('base64url'),
  expiresAt: 1_900_000_000,
  startedAt: 1_899_900_000,
  seenAt: 1_899_900_000,
};
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** Texts as tokens may be: three parts of base64url, nearly that, or anything. */
const part = fc.oneof(
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.string(),
  fc.constantFrom('', 'A', 'AA', 'AB', 'AA=', 'e30', 'A+/A', 'AA\n', 'é', '\ud800', '\u0001', '"'),
);
const someToken = fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.'));
const names = [
  'accessToken',
  'idToken',
  'refreshToken',
  'id',
  'of',
  'userAgent',
  'nonce',
  'exp',
  '7',
  '__proto__',
];
const name = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.string() },
);
const value = fc.oneof(
  { weight: 4, arbitrary: someToken },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
);
const record = fc.dictionary(name, value, { maxKeys: 5 });
const payloads = fc.dictionary(name, fc.oneof(value, record, fc.array(record, { maxLength: 3 })), {
  maxKeys: 5,
});

describe('packing', () => {
  test('brings back every object as JSON has it, and every token byte for byte', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const json = JSON.stringify(payload);
        expect(JSON.stringify(unpack(pack(payload)))).toBe(json);
        expect(JSON.stringify(unpack(fromBytes(toBytes(pack(payload)))))).toBe(json);
      }),
      { numRuns: 3000 },
    );
  });

  test.each(['session', 'store', 'refresh', 'login'] as Purpose[])(
    'brings back what either runtime sealed for %s in the other one',
    async (purpose) => {
      await fc.assert(
        fc.asyncProperty(payloads, async (payload) => {
          const kept = { payload: JSON.parse(JSON.stringify(payload)) as unknown };
          const byWeb = await seals.web.open(await seals.node.seal(kept, purpose, 60), purpose);
          const byNode = await seals.node.open(await seals.web.seal(kept, purpose, 60), purpose);
          for (const opened of [byWeb, byNode]) {
            expect(JSON.stringify({ payload: opened?.payload['payload'] })).toBe(
              JSON.stringify(kept),
            );
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  test('keeps signatures, refresh tokens, session ids and user agents out of what is compressed', () => {
    const userAgent = 'Mozilla/5.0 (a browser of this request)';
    const { open, apart } = pack({ ...session, userAgent });
    const bytesOf = (base64url: string) => text(Buffer.from(base64url, 'base64url'));
    const signatures = [session.accessToken, session.idToken].map((jwt) => jwt.split('.')[2]!);
    for (const secret of [session.id, session.refreshToken, ...signatures]) {
      expect(text(apart)).toContain(bytesOf(secret));
      expect(text(open)).not.toContain(bytesOf(secret));
      expect(text(open)).not.toContain(secret);
    }
    expect(text(apart)).toContain(userAgent);
    expect(text(open)).not.toContain('Mozilla');
    expect(text(open)).toContain('ada@example.com');
  });

  test('keeps the whole of a token out of what is compressed that is no JWT, as its secret part is not known', () => {
    for (const accessToken of [
      'opaque.secret',
      'opaque secret of somebody',
      'a.b.c.d',
      `${session.accessToken}=`,
    ]) {
      const { open, apart } = pack({ ...session, accessToken });
      expect(text(apart)).toContain(accessToken);
      expect(text(open)).not.toContain(accessToken.slice(0, 9));
    }
  });

  test.each(['node', 'web'] as const)(
    'makes lengths that say nothing about a secret (%s)',
    async (runtime) => {
      const lengthOf = async (more: object) =>
        (await seals[runtime].seal({ ...session, ...more }, 'session', 60)).length;
      const plain = await lengthOf({});
      // Guesses that have as much in common with the claims as can be, and secrets that have nothing in common with anything.
      const claims = 'ada@example.com create:todos kp_ada permissions RS256 ada@example.com';
      for (const name of ['refreshToken', 'id', 'userAgent']) {
        const guess = await lengthOf({ [name]: claims.slice(0, 62) });
        expect(
          await lengthOf({
            [name]: randomBytes(62)
              .toString('latin1')
              .replace(/[^ !#-[\]-~]/g, ' '),
          }),
        ).toBe(guess);
      }
      for (const [index, name] of ['accessToken', 'idToken'].entries()) {
        const [header, body] = Object.values(session)[index + 1]!.toString().split('.');
        const signature = Buffer.alloc(256, Buffer.from(body!, 'base64url'));
        expect(
          await lengthOf({ [name]: `${header}.${body}.${signature.toString('base64url')}` }),
        ).toBe(plain);
      }
    },
  );

  test.each(['node', 'web'] as const)(
    'pads to a multiple of 64 bytes before it encrypts (%s)',
    async (runtime) => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom<Purpose>('session', 'login'),
          fc.string(),
          async (purpose, value) => {
            const sealed = await seals[runtime].seal({ value }, purpose, 60);
            const head = 21;
            const tag = 16;
            expect((Buffer.from(sealed, 'base64url').length - head - tag) % 64).toBe(0);
          },
        ),
        { numRuns: 100 },
      );
    },
  );

  test('FD-05 never compresses a pending login, and still makes it small', async () => {
    const secret = randomBytes(32).toString('base64url');
    const login = { secret, startedAt: 1_899_900_000, returnTo: 'https://app.example/' };
    const lengthOf = async (path: string) =>
      (await seals.node.seal({ ...login, returnTo: `https://app.example/${path}` }, 'login', 3600))
        .length;
    expect(await lengthOf('')).toBe(220);
    const letters = randomBytes(400).toString('hex').slice(0, 400);
    expect(await lengthOf('a'.repeat(400))).toBe(await lengthOf(letters));
    expect(await lengthOf(secret.repeat(8).slice(0, 344) + 'a'.repeat(56))).toBe(
      await lengthOf(letters),
    );
  });

  test('makes the cookie of a session in a store small', async () => {
    expect((await seals.node.seal({ id: session.id }, 'session', 60)).length).toBe(135);
  });
});
