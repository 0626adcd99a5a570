import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const AUDIENCE = 'https://api.app.example';
const JWKS = '/.well-known/jwks';
const DISCOVERY = '/.well-known/openid-configuration';

describe.each(Object.keys(frameworks))('discovery and keys, on %s', (framework) => {
  let emulator: Emulator;
  let app: Server;
  beforeEach(async () => {
    emulator = await createEmulator({
      strict: true,
      siteUrl: SITE,
      issuer: 'https://acme.kinde.example',
    });
    emulator.state.applications[0]!.audiences = [AUDIENCE];
    app = await frameworks[framework]!(optionsFor(emulator, { audience: AUDIENCE, timeout: 1 }));
  });
  afterEach(() => {
    vi.useRealTimers();
    app.close();
  });

  const later = (seconds: number) =>
    vi.useFakeTimers({ now: Date.now() + seconds * 1000, toFake: ['Date'] });
  const calls = (path: string) =>
    emulator.requests.filter((request) => request.path === path).length;
  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: emulator.issuer,
    sub: 'kp_a',
    aud: [AUDIENCE],
    iat: now(),
    exp: now() + 7200,
    scp: [],
  });
  const bearer = async (token: string) =>
    (await send(app, '/private', { headers: { authorization: `Bearer ${token}` } })).status;
  const document = (change: Record<string, unknown>) =>
    emulator.faults.always(DISCOVERY, async (_request, next) =>
      Response.json({ ...((await (await next()).json()) as object), ...change }),
    );
  const login = async () => {
    const answer = await send(app, '/login', { headers: { accept: 'application/json' } });
    return answer.status === 302
      ? { status: 302, code: '', reason: '' }
      : {
          status: answer.status,
          code: answer.json().code,
          reason: answer.json().reason,
          cookies: answer.setCookies,
        };
  };

  test.each([
    ['DI-01', { issuer: 'https://evil.example' }, 'issuer_mismatch'],
    ['DI-02', { issuer: 'https://acme.kinde.example/' }, 'issuer_mismatch'],
    ['DI-02', { issuer: 'https://ACME.kinde.example' }, 'issuer_mismatch'],
    ['DI-02', { issuer: 'https://acme.kinde.example:443' }, 'issuer_mismatch'],
    ['DI-03', { token_endpoint: 'https://evil.example/token' }, 'endpoint_origin'],
    ['DI-04', { jwks_uri: 'http://169.254.169.254/latest' }, 'insecure'],
    ['DI-05', { token_endpoint: 'http://acme.kinde.example/oauth2/token' }, 'insecure'],
    ['DI-09', { jwks_uri: 'file:///etc/passwd' }, 'endpoint'],
    ['DI-09', { authorization_endpoint: 'javascript:alert(1)//' }, 'endpoint'],
    ['DI-09', { token_endpoint: 'https://user:pw@acme.kinde.example/oauth2/token' }, 'endpoint'],
    ['DI-09', { end_session_endpoint: '//evil.example' }, 'endpoint'],
    ['DI-09', { token_endpoint: undefined }, 'endpoint'],
  ])(
    '%s a configuration with %j is refused before anything follows it',
    async (_id, change, reason) => {
      document(change);
      expect(await login()).toEqual({
        status: 502,
        code: 'discovery_invalid',
        reason,
        cookies: [],
      });
      expect(calls('/oauth2/token') + calls(JWKS)).toBe(0);
    },
  );

  test.each([
    [
      'DI-06 not found',
      () => new Response('', { status: 404 }),
      'discovery_invalid',
      'http_status',
    ],
    ['DI-06 a page', () => new Response('<html>'), 'discovery_invalid', 'not_json'],
    ['DI-06 5 MiB', () => new Response(' '.repeat(5 * 2 ** 20)), 'response_invalid', 'too_large'],
    [
      'DI-06 a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
      'response_invalid',
      'redirect',
    ],
  ])('%s is no configuration', async (_name, answer, code, reason) => {
    emulator.faults.always(DISCOVERY, answer);
    expect(await login()).toMatchObject({ status: 502, code, reason });
  });

  test('DI-07 algorithms that the configuration advertises are not accepted for that', async () => {
    document({ id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'] });
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.`;
    expect(await bearer(unsigned)).toBe(401);
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
  });

  test('DI-08 once known, the configuration is used while Kinde is away, and asked for at most every 30 seconds', async () => {
    expect((await login()).status).toBe(302);
    emulator.faults.always(DISCOVERY, () => Promise.reject(new TypeError('fetch failed')));
    later(601);
    const before = calls(DISCOVERY);
    for (let count = 0; count < 20; count++) {
      expect((await login()).status).toBe(302);
    }
    expect(calls(DISCOVERY) - before).toBe(1);
    later(25 * 3600);
    expect(await login()).toMatchObject({ status: 502, code: 'kinde_unreachable' });
    emulator.faults.clear();
    expect((await login()).status).toBe(302);
  });

  test('FD-29 the configuration is fetched anew when the request that fetched it was stopped', async () => {
    emulator.faults.once(DISCOVERY, () => new Promise<never>(() => {}));
    vi.useFakeTimers({ toFake: ['setTimeout'] }); // its deadline never comes either
    login().catch(() => {});
    await vi.waitFor(() => expect(calls(DISCOVERY)).toBe(1));
    vi.useRealTimers();
    later(2);
    expect(await login()).toMatchObject({ status: 302 });
    expect(calls(DISCOVERY)).toBe(2);
  });

  test('JW-01 JW-02 a rotated key is fetched once, and the next sign-in works', async () => {
    await emulator.rotateKeys();
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
    expect(calls(JWKS)).toBe(1);
    await emulator.rotateKeys();
    later(31);
    expect((await createBrowser(app, emulator).signIn('ada@example.com')).status).toBe(302);
    expect(calls(JWKS)).toBe(2);
  });

  test('JW-03 a rotation is noticed at once, and a second one within the cool-down after that', async () => {
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
    await emulator.rotateKeys();
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
    expect(calls(JWKS)).toBe(2);
    await emulator.rotateKeys();
    const token = await emulator.sign(claims());
    expect(await bearer(token)).toBe(401);
    expect(calls(JWKS)).toBe(2);
    later(11);
    expect(await bearer(token)).toBe(200);
  });

  test('JW-04 JW-05 a thousand made-up key ids or bad signatures cost at most two requests for keys', async () => {
    const good = await emulator.sign(claims());
    await bearer(good);
    later(31);
    const { privateKey } = await generateKeyPair('RS256');
    const made = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', kid: 'x' })
      .sign(privateKey);
    const [, payload, signature] = made.split('.');
    const statuses = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        bearer(
          `${Buffer.from(JSON.stringify({ alg: 'RS256', kid: `random-${index}` })).toString('base64url')}.${payload}.${signature}`,
        ),
      ),
    );
    statuses.push(
      ...(await Promise.all(
        Array.from({ length: 500 }, () => bearer(`${good.slice(0, -6)}AAAAAA`)),
      )),
    );
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(calls(JWKS)).toBeLessThanOrEqual(2);
  });

  test('JW-06 JW-17 OP-03 known keys serve for ten minutes, and for four hours while Kinde is away', async () => {
    const token = await emulator.sign({ ...claims(), exp: now() + 86_400 });
    expect(await bearer(token)).toBe(200);
    emulator.faults.always(JWKS, () => Promise.reject(new TypeError('fetch failed')));
    for (const age of [590, 20, 3600, 2 * 3600]) {
      later(age);
      expect(await bearer(token)).toBe(200);
    }
    later(3600);
    expect(await bearer(token)).toBe(503);
    emulator.faults.clear();
    await emulator.rotateKeys();
    await vi.waitFor(async () => expect(await bearer(token)).toBe(401), 4000);
  });

  test('JW-07 without keys nobody signs in', async () => {
    emulator.faults.always(JWKS, () => Promise.reject(new TypeError('fetch failed')));
    const browser = createBrowser(app, emulator);
    const answer = await browser.open(await browser.callbackFor('ada@example.com'), {
      headers: { accept: 'application/json' },
    });
    expect([answer.status, answer.json().code]).toEqual([502, 'keys_unavailable']);
    expect((await browser.open('/me')).json().isAuthenticated).toBe(false);
  });

  test.each([
    [
      'JW-09 50 MiB',
      () =>
        new Response(
          new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(65_536)) }),
        ),
    ],
    [
      'JW-10 a redirect',
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
    ],
    ['JW-11 a text as keys', () => Response.json({ keys: 'x' })],
    ['JW-11 an array', () => Response.json([])],
    ['JW-11 a page', () => new Response('<html>')],
  ])('%s is no set of keys: good ones are kept while they last', async (_name, answer) => {
    const token = await emulator.sign(claims());
    emulator.faults.once(JWKS, answer);
    expect(await bearer(token)).toBe(503);
    expect(await bearer(token)).toBe(200);
    emulator.faults.always(JWKS, answer);
    later(31);
    expect(await bearer(await emulator.sign(claims(), { header: { kid: 'new' } }))).toBe(503);
    expect(await bearer(token)).toBe(200);
  });

  const publishing = (keys: unknown[]) =>
    emulator.faults.always(JWKS, () => Response.json({ keys }));

  test('JW-11 entries that are no keys are passed over', async () => {
    publishing([null, 1, 'a', emulator.state.key.jwk]);
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
  });

  test('JW-12 JW-13 JW-14 JW-15 symmetric, short and foreign keys in the set are not used', async () => {
    const secret = new TextEncoder().encode('a-secret-of-thirty-two-characters');
    const kid = emulator.state.key.jwk.kid!;
    publishing([{ kty: 'oct', kid, k: Buffer.from(secret).toString('base64url') }]);
    expect(
      await bearer(
        await new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(secret),
      ),
    ).toBe(401);

    const short = await crypto.subtle.generateKey(
      {
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: 'SHA-256',
      },
      true,
      ['sign', 'verify'],
    );
    const head = `${Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'short' })).toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}`;
    const signature = Buffer.from(
      await crypto.subtle.sign(
        'RSASSA-PKCS1-v1_5',
        short.privateKey,
        new TextEncoder().encode(head),
      ),
    ).toString('base64url');
    later(31);
    publishing([
      {
        ...(await crypto.subtle.exportKey('jwk', short.publicKey)),
        kid: 'short',
        alg: 'RS256',
        use: 'sig',
      },
    ]);
    emulator.faults.clear();
    publishing([
      {
        ...(await crypto.subtle.exportKey('jwk', short.publicKey)),
        kid: 'short',
        alg: 'RS256',
        use: 'sig',
      },
    ]);
    expect(await bearer(`${head}.${signature}`)).toBe(401);

    for (const change of [
      { use: 'enc' },
      { key_ops: ['encrypt'], use: undefined },
      { alg: 'PS256' },
      { alg: 'RS384' },
    ]) {
      later(31);
      emulator.faults.clear();
      publishing([
        { ...emulator.state.key.jwk, ...change, kid: `changed-${JSON.stringify(change)}` },
      ]);
      expect(
        await bearer(
          await emulator.sign(claims(), { header: { kid: `changed-${JSON.stringify(change)}` } }),
        ),
      ).toBe(401);
    }
    const { privateKey, publicKey } = await generateKeyPair('RS384', { extractable: true });
    later(31);
    emulator.faults.clear();
    publishing([{ ...(await exportJWK(publicKey)), kid: 'open' }]);
    expect(
      await bearer(
        await new SignJWT(claims())
          .setProtectedHeader({ alg: 'RS384', kid: 'open' })
          .sign(privateKey),
      ),
    ).toBe(401);
  });

  test('JW-16 without a key id, one key is clear and two are not', async () => {
    const other = await exportJWK(
      (await generateKeyPair('RS256', { extractable: true })).publicKey,
    );
    const token = await emulator.sign(claims(), { header: { kid: undefined } });
    expect(await bearer(token)).toBe(200);
    later(601);
    publishing([emulator.state.key.jwk, { ...other, kid: 'other', alg: 'RS256', use: 'sig' }]);
    expect(await bearer(token)).toBe(401);
  });

  test('FD-29 OP-20 a modulus that is short behind its zeros is no key', async () => {
    const token = await emulator.sign(claims());
    const { n = '', ...key } = emulator.state.key.jwk;
    // A number of 1,024 bits, in as many characters as one of 2,048.
    publishing([{ ...key, n: 'A'.repeat(n.length / 2) + n.slice(n.length / 2) }]);
    expect(await bearer(token)).toBe(401);
    const browser = createBrowser(app, emulator);
    const answer = await browser.open(await browser.callbackFor('ada@example.com'), {
      headers: { accept: 'application/json' },
    });
    expect(answer.json()).toMatchObject({
      status: 502,
      code: 'id_token_invalid',
      reason: 'key_not_found',
    });
  });

  test('JW-18 private members that were published by mistake do not get in', async () => {
    publishing([{ ...emulator.state.key.jwk, d: 'private', p: 'private', q: 'private' }]);
    expect(await bearer(await emulator.sign(claims()))).toBe(200);
  });

  test('EM-04 the emulator’s issuer is refused in production', async () => {
    const production = await frameworks[framework]!(optionsFor(emulator, { production: true }));
    const answer = await send(production, '/login', { headers: { accept: 'application/json' } });
    expect([answer.status, answer.json().code, answer.json().fix]).toEqual([
      500,
      'emulator_in_production',
      undefined,
    ]);
    production.close();
  });
});
