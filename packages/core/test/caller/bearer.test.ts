import { createHmac } from 'node:crypto';
import type { Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { createKinde } from '@kindling/core';
import { exportSPKI, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { send } from '../../../../test/kit/http.js';

const AUDIENCE = 'https://api.app.example';
const ADA = 'ada@example.com';

describe.each(Object.keys(frameworks))('bearer tokens, on %s', (framework) => {
  let emulator: Emulator;
  let app: Server;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, siteUrl: SITE });
    emulator.state.applications[0]!.audiences = [AUDIENCE];
    app = await frameworks[framework]!(optionsFor(emulator, { audience: AUDIENCE, timeout: 1 }));
  });
  afterAll(() => void app.close());
  afterEach(() => {
    vi.useRealTimers();
    emulator.faults.clear();
  });

  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: emulator.issuer,
    sub: 'kp_aaa',
    aud: [AUDIENCE],
    azp: 'some-client',
    iat: now(),
    exp: now() + 600,
    scp: ['openid'],
    jti: 'j',
    org_code: 'org_a',
    permissions: ['create:todos'],
  });
  const tokenWith = (
    change: Record<string, unknown> = {},
    options?: Parameters<Emulator['sign']>[1],
  ) => emulator.sign({ ...claims(), ...change }, options);
  const call = (authorization?: string | string[], path = '/private', more = {}) =>
    send(app, path, {
      headers: {
        accept: 'application/json',
        ...(authorization !== undefined && { authorization }),
        ...more,
      },
    });
  const invalid = async (token: string) => {
    const answer = await call(`Bearer ${token}`);
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      401,
      'Bearer error="invalid_token", error_description="The access token is not valid here"',
    ]);
    return answer;
  };
  const jwksCalls = () => emulator.requests.filter(({ path }) => path.includes('jwks')).length;

  test('a good token is accepted, with its permissions and organization', async () => {
    const answer = await call(`Bearer ${await tokenWith()}`, '/todos/new');
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      { isAuthenticated: true, organization: 'org_a', permissions: ['create:todos'] },
    ]);
  });

  test('BR-01 BR-02 without one, or with another scheme, the challenge names no error', async () => {
    for (const authorization of [undefined, 'Basic YTpi']) {
      const answer = await call(authorization);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
  });

  test.each(['Bearer', 'Bearer ', 'Bearer    ', 'Bearer a b'])(
    'BR-03 %j is refused',
    async (authorization) => {
      expect((await call(authorization)).status).toBe(401);
    },
  );

  test('BR-04 the scheme may be written in any letters', async () => {
    expect((await call(`bEARER ${await tokenWith()}`)).status).toBe(200);
  });

  test('BR-05 DS-08 PM-16 tokens, identities and permissions elsewhere are ignored', async () => {
    const token = await tokenWith();
    const places = [
      send(app, `/private?access_token=${token}`, { headers: { accept: 'application/json' } }),
      send(app, '/private', {
        method: 'POST',
        body: JSON.stringify({ access_token: token, user: { sub: 'kp_aaa' }, session: {} }),
        headers: { 'content-type': 'application/json' },
      }),
      call(undefined, '/private', { cookie: `access_token=${token}` }),
      call(undefined, '/private', { 'x-permissions': 'create:todos', 'x-user': 'kp_aaa' }),
    ];
    for (const answer of await Promise.all(places)) {
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
  });

  test('BR-06 DS-05 what is no token is refused without asking for keys', async () => {
    await call(`Bearer ${await tokenWith()}`);
    const before = jwksCalls();
    for (const text of [
      '%E0%A4%A',
      'x',
      '.'.repeat(8000),
      `eyJ${'.'.repeat(7000)}`,
      'a'.repeat(12_000),
    ]) {
      expect((await call(`Bearer ${text}`)).status).toBe(401);
    }
    expect(jwksCalls()).toBe(before);
  });

  test.each([
    ['BR-07 expired', () => ({ exp: now() - 61 })],
    ['BR-07 not valid yet', () => ({ nbf: now() + 3600 })],
    ['BR-07 without end', () => ({ exp: undefined })],
    ['BR-08 for nobody', () => ({ aud: [] })],
    ['BR-08 for a client', () => ({ aud: 'some-client' })],
    ['BR-08 for another API', () => ({ aud: ['https://other.example'] })],
    ['BR-08 without audience', () => ({ aud: undefined })],
    ['BR-11 of several issuers', () => ({ iss: [emulator.issuer] })],
    ['BR-11 of an issuer with a slash', () => ({ iss: `${emulator.issuer}/` })],
    ['BR-10 of another issuer', () => ({ iss: 'https://other.kinde.com' })],
    ['BR-12 an ID token', () => ({ nonce: 'n', at_hash: 'h', scp: undefined })],
    ['BR-12 an ID token with scopes', () => ({ auth_time: now() })],
    ['BR-12 without scopes', () => ({ scp: undefined })],
    ['BR-14 a webhook', () => ({ event_id: 'e', type: 'user.created' })],
    ['BR-14 a logout token', () => ({ events: {}, sid: 's' })],
    ['BR-17 about an object', () => ({ sub: { a: 1 } })],
    ['BR-17 about a number', () => ({ sub: 1 })],
    ['BR-17 about nobody', () => ({ sub: undefined })],
    ['BR-17 about an empty name', () => ({ sub: '' })],
  ])('%s is refused', async (_name, change) => {
    await invalid(await tokenWith(change()));
  });

  test('PM-02 a token that was refused leaves nobody behind, on routes without a guard too', async () => {
    const answer = await call(`Bearer ${await tokenWith({ exp: now() - 100 })}`, '/me');
    expect(answer.json()).toMatchObject({
      isAuthenticated: false,
      reason: 'bearer_invalid',
      permissions: [],
      organization: null,
    });
  });

  test('BR-09 one of several audiences is enough', async () => {
    expect((await call(`Bearer ${await tokenWith({ aud: ['x', AUDIENCE] })}`)).status).toBe(200);
  });

  test('BR-10 BR-13 keys, algorithms and headers of somebody else are refused', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const kid = emulator.state.key.jwk.kid!;
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    await invalid(await tokenWith({}, { key: 'unpublished' }));
    await invalid(`${encode({ alg: 'none' })}.${encode(claims())}.`);
    await invalid(
      await new SignJWT(claims())
        .setProtectedHeader({
          alg: 'RS256',
          kid,
          jwk: (await crypto.subtle.exportKey('jwk', publicKey)) as never,
        })
        .sign(privateKey),
    );
    const pem = await exportSPKI((await importJWK(emulator.state.key.jwk, 'RS256')) as CryptoKey);
    const head = `${encode({ alg: 'HS256', kid })}.${encode(claims())}`;
    await invalid(`${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`);
    const [, payload, signature] = (await tokenWith()).split('.');
    await invalid(`${encode({ alg: 'RS256', kid, crit: ['x'], x: 1 })}.${payload}.${signature}`);
  });

  test('BR-12 BR-14 our own ID token and cookies are no bearer tokens', async () => {
    const browser = createBrowser(app, emulator);
    let idToken = '';
    emulator.faults.once('/oauth2/token', async (_request, next) => {
      const body = (await (await next()).json()) as { id_token: string };
      idToken = body.id_token;
      return Response.json(body);
    });
    const callback = await browser.callbackFor(ADA);
    const [login] = [...browser.jar.values()];
    await browser.open(callback);
    await invalid(idToken);
    await invalid(login!);
    await invalid([...browser.jar.values()][0]!);
  });

  test('BR-15 BR-16 machines and people are told apart', async () => {
    const machine = {
      gty: ['client_credentials'],
      sub: undefined,
      permissions: undefined,
      scope: 'read:reports',
      scp: ['read:reports'],
    };
    const token = await tokenWith(machine);
    expect((await call(`Bearer ${token}`, '/machines')).status).toBe(200);
    expect((await call(`Bearer ${token}`, '/person')).status).toBe(403);
    expect((await call(`Bearer ${token}`, '/todos/new')).status).toBe(403);
    expect((await call(`Bearer ${await tokenWith()}`, '/machines')).status).toBe(403);
    expect(
      (await call(`Bearer ${await tokenWith({ gty: ['client_credentials'] })}`, '/machines'))
        .status,
    ).toBe(401);
  });

  test('BR-18 a missing scope is named in the challenge', async () => {
    const refused = await call(`Bearer ${await tokenWith()}`, '/scoped');
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([
      403,
      'Bearer error="insufficient_scope", scope="write:reports"',
    ]);
    expect(
      (await call(`Bearer ${await tokenWith({ scp: ['write:reports'] })}`, '/scoped')).status,
    ).toBe(200);
  });

  test('BR-19 K8 beside a session the bearer token alone counts, and is never written into it', async () => {
    const browser = createBrowser(app, emulator);
    await browser.signIn(ADA);
    const before = new Map(browser.jar);
    const both = await browser.open('/person', {
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${await tokenWith({ sub: 'kp_bbb' })}`,
      },
    });
    expect(both.json()).toEqual({ sub: 'kp_bbb' });
    expect([both.setCookies, browser.jar]).toEqual([[], before]);
    const bad = await browser.open('/person', {
      headers: { accept: 'application/json', authorization: 'Bearer nonsense' },
    });
    expect(bad.status).toBe(401);
    expect((await browser.open('/person')).json()).toEqual({ sub: emulator.state.people[0]!.id });
  });

  test('BR-20 JW-07 JW-08 keys that cannot be had are neither yes nor no', async () => {
    const cold = await frameworks[framework]!(
      optionsFor(emulator, { audience: AUDIENCE, timeout: 1 }),
    );
    const authorization = `Bearer ${await tokenWith()}`;
    emulator.faults.once('/.well-known/jwks', () => Promise.reject(new TypeError('fetch failed')));
    const down = await send(cold, '/private', { headers: { authorization } });
    expect([down.status, down.headers['retry-after']]).toEqual([503, '5']);
    emulator.faults.once('/.well-known/jwks', () => new Promise<never>(() => {}));
    const before = jwksCalls();
    const hanging = await Promise.all(
      Array.from({ length: 20 }, () => send(cold, '/private', { headers: { authorization } })),
    );
    expect(new Set(hanging.map(({ status }) => status))).toEqual(new Set([503]));
    expect(jwksCalls() - before).toBe(1);
    expect((await send(cold, '/private', { headers: { authorization } })).status).toBe(200);
    cold.close();
  });

  test('BR-23 a token with many permissions is fine below the limit of 16 kB', async () => {
    const permissions = Array.from({ length: 350 }, (_, index) => `read:some-thing-${index}`);
    expect((await call(`Bearer ${await tokenWith({ permissions })}`)).status).toBe(200);
  });

  test('BR-24 challenges repeat nothing of the token', async () => {
    const token = await tokenWith({ exp: now() - 100 });
    const answer = await call(`Bearer ${token}`);
    for (const part of token.split('.')) {
      expect(JSON.stringify(answer)).not.toContain(part);
    }
    expect(answer.headers['www-authenticate']).not.toMatch(/[\r\n]/);
  });

  test('BR-25 BR-26 1,000 requests of 100 people at once stay apart', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => tokenWith({ sub: `kp_${index}` })),
    );
    const answers = await Promise.all(
      Array.from(
        { length: 1000 },
        async (_, index) =>
          (await call(`Bearer ${tokens[index % 100]}`, '/person')).json().sub ===
          `kp_${index % 100}`,
      ),
    );
    expect(answers.every(Boolean)).toBe(true);
  });

  test('without an audience no bearer token is accepted at all', async () => {
    const other = await frameworks[framework]!(optionsFor(emulator));
    const answer = await send(other, '/private', {
      headers: { authorization: `Bearer ${await tokenWith()}` },
    });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, undefined]);
    other.close();
  });
});

test.each([[''], [['']], [[5]], [{}]])(
  'BR-21 the audience %j is refused at set-up',
  async (audience) => {
    const emulator = await createEmulator({ strict: true, siteUrl: SITE });
    expect(() => createKinde(optionsFor(emulator, { audience: audience as never }))).toThrow(
      /audience/,
    );
  },
);

test('BR-22 CF-12 algorithms cannot be chosen: it is RS256', async () => {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  for (const algorithms of [[], ['none'], ['RS256', 'HS256']]) {
    expect(() => createKinde({ ...optionsFor(emulator), algorithms } as never)).toThrow(
      /algorithms/,
    );
  }
});
