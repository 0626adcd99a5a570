import { createHash, generateKeyPairSync, sign, type JsonWebKey } from 'node:crypto';
import type { Server } from 'node:http';
import { createWebhooks, type WebhookProblem } from '@kindling/webhooks';
import type { Emulator } from '@kindling/emulator';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { usableKey } from '@kindling/internal';
import { bytesOf } from '../../src/crypto/node.js';
import { usableKey as webhookKey } from '../../../webhooks/src/strength.js';
import {
  bearerClaims,
  JWKS,
  rows,
  sendBearer,
  startKinde,
  startRow,
  stop,
} from '../../../../test/kit/provider.js';

const coreKey = (key: unknown) => usableKey(key, bytesOf);
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const toText = (number: bigint) => {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url');
};
const toNumber = (text: string) =>
  BigInt(`0x${Buffer.from(text, 'base64url').toString('hex') || '0'}`);

/** A key pair of Node's, and a JWT that it signed. */
function pair(modulusLength: number, publicExponent = 65_537) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  const jwk = {
    ...publicKey.export({ format: 'jwk' }),
    kid: 'weak',
    alg: 'RS256',
    use: 'sig',
  } as Published;
  return { jwk, sign: (text: string) => sign('RSA-SHA256', Buffer.from(text), privateKey) };
}

type Published = JsonWebKey & { n: string; e: string };

/** What a signature with the exponent 1 is: the padded hash itself, which anybody can write down (RFC 8017, 9.2). */
function withoutKey(text: string, bytes: number): Buffer {
  const prefix = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const hash = Buffer.concat([prefix, createHash('sha256').update(text).digest()]);
  return Buffer.concat([
    Buffer.from([0, 1]),
    Buffer.alloc(bytes - hash.length - 3, 0xff),
    Buffer.from([0]),
    hash,
  ]);
}

const strong = pair(2048);
const short = pair(1024);
const odd = pair(2047);
const small = pair(2048, 3);

/** Keys that are weak, with signatures that fit them where such can be made. */
const weak: [string, Published, (text: string) => Buffer][] = [
  ['1,024 bits', short.jwk, short.sign],
  ['2,047 bits', odd.jwk, odd.sign],
  ['1,024 bits behind zeros', { ...short.jwk, n: `${'A'.repeat(172)}${short.jwk.n}` }, short.sign],
  [
    '2,047 bits behind a zero',
    {
      ...odd.jwk,
      n: Buffer.concat([Buffer.alloc(1), Buffer.from(odd.jwk.n, 'base64url')]).toString(
        'base64url',
      ),
    },
    odd.sign,
  ],
  ['the exponent 3', small.jwk, small.sign],
  ['the exponent 1', { ...strong.jwk, e: 'AQ' }, (text) => withoutKey(text, 256)],
  ['the exponent 1 behind zeros', { ...strong.jwk, e: 'AAAB' }, (text) => withoutKey(text, 256)],
  ['the exponent 0', { ...strong.jwk, e: 'AA' }, strong.sign],
  ['an even exponent', { ...strong.jwk, e: toText(65_538n) }, strong.sign],
  ['an exponent of 200 bits', { ...strong.jwk, e: toText(2n ** 199n + 1n) }, strong.sign],
  ['an empty exponent', { ...strong.jwk, e: '' }, strong.sign],
  ['an even modulus', { ...strong.jwk, n: toText(toNumber(strong.jwk.n) - 1n) }, strong.sign],
  ['a modulus of 32,768 bits', { ...strong.jwk, n: toText(2n ** 32_767n + 1n) }, strong.sign],
  [
    'a modulus that is no base64url',
    { ...strong.jwk, n: `${strong.jwk.n.slice(0, -1)}=` },
    strong.sign,
  ],
];

test('OP-20 a key counts by the numbers that its members are', () => {
  const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
  const zeros = fc.nat({ max: 40 });
  fc.assert(
    fc.property(bytes(250, 262), bytes(0, 10), zeros, zeros, (modulus, exponent, before, ahead) => {
      const text = (some: Uint8Array, count: number) =>
        Buffer.concat([Buffer.alloc(count), some]).toString('base64url');
      const key = { kty: 'RSA', kid: 'k', n: text(modulus, before), e: text(exponent, ahead) };
      const n = toNumber(key.n);
      const e = toNumber(key.e);
      const isStrong =
        n >= 2n ** 2047n && n % 2n === 1n && e > 2n ** 16n && e < 2n ** 64n && e % 2n === 1n;
      expect([coreKey(key) !== undefined, webhookKey(key) !== undefined]).toEqual([
        isStrong,
        isStrong,
      ]);
    }),
    { numRuns: 2000 },
  );
});

test('OP-20 strong keys of every length that is in use count', () => {
  for (const bits of [2048, 3072, 4096]) {
    for (const usable of [coreKey, webhookKey]) {
      expect(usable({ ...pair(bits).jwk, d: 'private' })).not.toHaveProperty('d');
    }
  }
});

describe.each(rows)('OP-20 weak keys in the published set, on %s with sessions %s', (...row) => {
  let emulator: Emulator;
  let app: Server;
  beforeAll(async () => {
    emulator = await startKinde();
  });
  beforeEach(async () => {
    app = await startRow(row, emulator);
  });
  afterEach(() => {
    emulator.faults.clear();
    stop(app);
  });
  const tokenOf = (claims: Record<string, unknown>, by: (text: string) => Buffer, kid = 'weak') => {
    const text = `${encode({ alg: 'RS256', kid, typ: 'JWT' })}.${encode(claims)}`;
    return `${text}.${by(text).toString('base64url')}`;
  };

  test.each(weak)('a key with %s is not used', async (_name, jwk, by) => {
    emulator.faults.always(JWKS, () => Response.json({ keys: [jwk, emulator.state.key.jwk] }));
    expect((await sendBearer(app, tokenOf(bearerClaims(emulator), by))).status).toBe(401);
    expect((await sendBearer(app, await emulator.sign(bearerClaims(emulator)))).status).toBe(200);
  });

  test('a strong key beside them is', async () => {
    emulator.faults.always(JWKS, () => Response.json({ keys: [strong.jwk] }));
    expect((await sendBearer(app, tokenOf(bearerClaims(emulator), strong.sign))).status).toBe(200);
  });

  test.each(weak)('a webhook under a key with %s is not handled', async (_name, jwk, by) => {
    const [seen, problems]: [string[], WebhookProblem[]] = [[], []];
    const webhooks = createWebhooks({
      issuer: emulator.issuer,
      fetch: emulator.fetch,
      otherwise: ({ type }) => void seen.push(type),
      onProblem: (problem) => void problems.push(problem),
    });
    const post = (body: string) =>
      webhooks.handle(
        new Request('https://app.example/webhooks/kinde', {
          method: 'POST',
          headers: { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1' },
          body,
        }),
      );
    const event = () => ({
      type: 'passkey.added',
      event_id: crypto.randomUUID(),
      timestamp: new Date().toISOString(),
      data: {},
    });
    emulator.faults.always(JWKS, () =>
      Response.json({
        keys: [jwk, strong.jwk].map((key, index) => ({ ...key, kid: `k${index}` })),
      }),
    );
    expect((await post(tokenOf(event(), by, 'k0'))).status).toBe(503);
    expect([seen, problems[0]!.reason]).toEqual([[], 'key_unknown']);
    expect((await post(tokenOf(event(), strong.sign, 'k1'))).status).toBe(200);
    expect(seen.length).toBe(1);
  });
});
