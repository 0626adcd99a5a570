import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLocalJWKSet, decodeJwt, jwtVerify, type JSONWebKeySet, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createEmulator, defaultSeed, type Emulator, type Seed } from '../src/index.js';

const SITE = 'https://app.example';
const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-0123456789';
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});

const at = (path: string) => emulator.issuer + path;
const authorizationUrl = (params: Record<string, string | undefined> = {}) => {
  const query = {
    client_id: emulator.env['KINDE_CLIENT_ID'],
    redirect_uri: `${SITE}/callback`,
    response_type: 'code',
    scope: 'openid profile email offline',
    state: 'state-of-the-app',
    nonce: 'n',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...params,
  };
  const present = Object.entries(query).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return at(`/oauth2/auth?${new URLSearchParams(present)}`);
};
const codeFor = async (
  email = 'grace@example.com',
  params: Record<string, string | undefined> = {},
) => {
  const back = await emulator.signIn(authorizationUrl(params), { email });
  return back.searchParams.get('code')!;
};
const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  emulator.fetch(at(path), { method: 'POST', body: new URLSearchParams(form), headers });
const credentials = () => ({
  client_id: emulator.env['KINDE_CLIENT_ID']!,
  client_secret: emulator.env['KINDE_CLIENT_SECRET']!,
});
const profileWith = (token: string) =>
  emulator.fetch(at('/oauth2/v2/user_profile'), { headers: { authorization: `Bearer ${token}` } });
const redeem = async (form: Record<string, string>) => {
  const response = await post('/oauth2/token', { ...credentials(), ...form });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, any>,
    headers: response.headers,
  };
};
const tokensFor = async (email?: string, params?: Record<string, string | undefined>) =>
  (
    await redeem({
      grant_type: 'authorization_code',
      code: await codeFor(email, params),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    })
  ).body;
const refresh = (refresh_token: string) => redeem({ grant_type: 'refresh_token', refresh_token });

describe('discovery and keys', () => {
  test('the configuration names this issuer without a slash and endpoints on it', async () => {
    const document = (await (
      await emulator.fetch(at('/.well-known/openid-configuration'))
    ).json()) as Record<string, string>;
    expect(document['issuer']).toBe(emulator.issuer);
    for (const [name, value] of Object.entries(document)) {
      if (name.endsWith('_endpoint') || name === 'jwks_uri') {
        expect(value.startsWith(`${emulator.issuer}/`)).toBe(true);
      }
    }
  });

  test('EM-11 both key addresses serve the same public RSA key, marked as insecure: the published one until a port is opened', async () => {
    const [one, two] = await Promise.all(
      ['/.well-known/jwks', '/.well-known/jwks.json'].map(
        async (path) => (await emulator.fetch(at(path))).json() as Promise<JSONWebKeySet>,
      ),
    );
    expect(one).toEqual(two);
    const [key] = one!.keys;
    expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS256' });
    expect(key!.kid).toContain('insecure');
    expect(key).not.toHaveProperty('d');
    const other = await createEmulator();
    expect(other.state.key.jwk).toEqual(key);
    await other.listen({ port: 0 });
    const own: any = await (await other.fetch(`${other.issuer}/.well-known/jwks`)).json();
    expect(own.keys[0].n).not.toBe(key!.n);
    await other.close();
  });

  test('a key request with credentials gets 403, as at Kinde', async () => {
    expect(
      (await emulator.fetch(at('/.well-known/jwks'), { headers: { authorization: 'Bearer x' } }))
        .status,
    ).toBe(403);
  });

  test('another origin is not reachable through it', async () => {
    await expect(emulator.fetch('https://elsewhere.example/')).rejects.toThrow('fetch failed');
  });
});

describe('authorization', () => {
  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['EM-05 an unregistered callback', { redirect_uri: 'https://evil.example/callback' }],
    [
      'EM-05 a callback that only begins like a registered one',
      { redirect_uri: `${SITE}/callback/more` },
    ],
    ['EM-05 a callback with an extra query', { redirect_uri: `${SITE}/callback?x=1` }],
    ['EM-05 a callback that runs', { redirect_uri: 'javascript:alert(1)' }],
    ['another response type', { response_type: 'token' }],
    ['plain PKCE', { code_challenge_method: 'plain' }],
    ['an API it is not authorized for', { audience: 'https://other.example' }],
  ])('%s gets a page and never a redirect', async (_name, params) => {
    const response = await emulator.fetch(authorizationUrl(params), { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([400, null]);
  });

  test('a callback mismatch shows what was received against what is allowed', async () => {
    const page = await (
      await emulator.fetch(authorizationUrl({ redirect_uri: 'http://localhost:9/wrong' }))
    ).text();
    expect(page).toContain('http://localhost:9/wrong');
    expect(page).toContain(`${SITE}/callback`);
  });

  test('the sign-in page lists the people, says what it is, needs no script and escapes what it shows', async () => {
    emulator.state.people[0]!.givenName = '<script>alert(1)</script>';
    const response = await emulator.fetch(authorizationUrl({ login_hint: '"><img src=x>' }));
    const page = await response.text();
    for (const { email } of emulator.state.people) {
      expect(page).toContain(email);
    }
    expect(page).toContain('not the real Kinde');
    expect(page).not.toMatch(/<script|<img/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('prompt=none without a session answers login_required, and state always comes back', async () => {
    const response = await emulator.fetch(authorizationUrl({ prompt: 'none' }), {
      redirect: 'manual',
    });
    const back = new URL(response.headers.get('location')!);
    expect([back.searchParams.get('error'), back.searchParams.get('state')]).toEqual([
      'login_required',
      'state-of-the-app',
    ]);
  });

  test('a person of several organizations is asked which; org_code answers beforehand', async () => {
    const form = /name="request" value="([^"]+)"/.exec(
      await (await emulator.fetch(authorizationUrl())).text(),
    )![1]!;
    const chosen = await post('/emulator/sign-in', { request: form, email: 'ada@example.com' });
    expect(await chosen.text()).toContain('Choose an organization');
    const tokens = await tokensFor('ada@example.com', { org_code: 'org_globex0gardens' });
    expect(decodeJwt(tokens['access_token'])).toMatchObject({
      org_code: 'org_globex0gardens',
      permissions: ['read:todos'],
    });
  });

  test('an organization one is not in lets one join only if it says so', async () => {
    await expect(codeFor('grace@example.com', { org_code: 'org_globex0gardens' })).rejects.toThrow(
      'not in this organization',
    );
    await codeFor('alan@example.com', { org_code: 'org_acme0rockets' });
    expect(
      emulator.state.people.find(({ email }) => email === 'alan@example.com')!.organizations,
    ).toHaveProperty('org_acme0rockets');
  });

  test('registering creates a person; with is_create_org their organization, too', async () => {
    const page = await (
      await emulator.fetch(
        authorizationUrl({ prompt: 'create', is_create_org: 'true', org_name: 'Initech' }),
      )
    ).text();
    const request = /name="request" value="([^"]+)"/.exec(page)![1]!;
    const done = await emulator.fetch(at('/emulator/register'), {
      method: 'POST',
      body: new URLSearchParams({
        request,
        email: 'new@example.com',
        given_name: 'New',
        org_name: 'Initech',
      }),
      redirect: 'manual',
    });
    expect(done.status).toBe(302);
    const person = emulator.state.people.find(({ email }) => email === 'new@example.com')!;
    const [code] = Object.keys(person.organizations);
    expect(emulator.state.organizations[code!]!.name).toBe('Initech');
  });

  test('a form from another site is refused', async () => {
    const request = /name="request" value="([^"]+)"/.exec(
      await (await emulator.fetch(authorizationUrl())).text(),
    )![1]!;
    const response = await post(
      '/emulator/sign-in',
      { request, email: 'ada@example.com' },
      { origin: 'https://evil.example' },
    );
    expect(response.status).toBe(403);
  });
});

describe('the token endpoint', () => {
  test('gives verified tokens with Kinde’s claims for a code', async () => {
    const tokens = await tokensFor('grace@example.com');
    const keys = createLocalJWKSet(
      (await (await emulator.fetch(at('/.well-known/jwks'))).json()) as JSONWebKeySet,
    );
    const { payload: access } = await jwtVerify(tokens['access_token'], keys, {
      issuer: emulator.issuer,
    });
    const { payload: id } = await jwtVerify(tokens['id_token'], keys, { issuer: emulator.issuer });
    expect(access).toMatchObject({
      aud: [],
      azp: emulator.env['KINDE_CLIENT_ID'],
      scp: ['openid', 'profile', 'email', 'offline'],
      org_code: 'org_acme0rockets',
    });
    expect(access['feature_flags']).toMatchObject({
      todo_limit: { t: 'i', v: 8 },
      theme: { t: 's', v: 'ocean' },
    });
    expect(access['roles']).toEqual([
      { id: emulator.state.roles['member']!.id, key: 'member', name: 'Member' },
    ]);
    expect(access.exp! - access.iat!).toBe(86_400);
    expect(id).toMatchObject({
      aud: [emulator.env['KINDE_CLIENT_ID']],
      nonce: 'n',
      email: 'grace@example.com',
      given_name: 'Grace',
      org_codes: ['org_acme0rockets'],
    });
    expect(id['at_hash']).toBe(
      createHash('sha256')
        .update(tokens['access_token'])
        .digest()
        .subarray(0, 16)
        .toString('base64url'),
    );
    expect(tokens).toMatchObject({
      token_type: 'bearer',
      expires_in: 86_400,
      scope: 'openid profile email offline',
    });
  });

  test.each([
    ['EM-07 a wrong verifier', { code_verifier: 'wrong' }],
    ['another redirect_uri', { redirect_uri: `${SITE}/other` }],
    ['an unknown code', { code: 'unknown' }],
  ])('%s is invalid_grant', async (_name, change) => {
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    };
    expect(await redeem({ ...form, ...change })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  test('EM-07 a missing verifier, and one without a challenge, are invalid_grant', async () => {
    const form = { grant_type: 'authorization_code', redirect_uri: `${SITE}/callback` };
    expect((await redeem({ ...form, code: await codeFor() })).body['error']).toBe('invalid_grant');
    const without = await codeFor('grace@example.com', {
      code_challenge: undefined,
      code_challenge_method: undefined,
    });
    expect((await redeem({ ...form, code: without, code_verifier: VERIFIER })).body['error']).toBe(
      'invalid_grant',
    );
  });

  test('EM-06 a code works once; the second try ends the tokens of the first', async () => {
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    };
    const { body } = await redeem(form);
    expect((await profileWith(body['access_token'])).status).toBe(200);
    expect((await redeem(form)).body['error']).toBe('invalid_grant');
    expect((await profileWith(body['access_token'])).status).toBe(401);
    expect((await refresh(body['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  test('EM-06 a code used again after its minute still ends the tokens of the first use', async () => {
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    };
    const { body } = await redeem(form);
    emulator.clock.advance(61);
    expect((await redeem(form)).body['error']).toBe('invalid_grant');
    expect((await profileWith(body['access_token'])).status).toBe(401);
  });

  test('a code of one application is worth nothing to another', async () => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    };
    const stolen = await redeem({
      ...form,
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
    });
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await redeem(form)).status).toBe(200);
  });

  test('a public application redeems with PKCE and no secret', async () => {
    emulator.state.applications.push({
      name: 'Browser app',
      clientId: 'f'.repeat(32),
      type: 'spa',
      redirectUris: [`${SITE}/spa`],
      logoutUris: [],
    });
    const code = await codeFor('grace@example.com', {
      client_id: 'f'.repeat(32),
      redirect_uri: `${SITE}/spa`,
    });
    const form = {
      grant_type: 'authorization_code',
      client_id: 'f'.repeat(32),
      redirect_uri: `${SITE}/spa`,
      code,
      code_verifier: VERIFIER,
    };
    const response = await post('/oauth2/token', form);
    expect(response.status).toBe(200);
    const body = (await (
      await post('/oauth2/token', { ...form, grant_type: 'client_credentials' })
    ).json()) as object;
    expect(body).toMatchObject({ error: 'unauthorized_client' });
  });

  test('auth_time is when the person signed in at Kinde, rat when this request came', async () => {
    const page = await (await emulator.fetch(authorizationUrl())).text();
    const request = /name="request" value="([^"]+)"/.exec(page)![1]!;
    const signedInAt = emulator.clock.now();
    const done = await post('/emulator/sign-in', { request, email: 'grace@example.com' });
    const cookie = done.headers.get('set-cookie')!.split(';')[0]!;
    emulator.clock.advance(1000);
    const again = await emulator.fetch(authorizationUrl(), { headers: { cookie } });
    const code = new URL(again.headers.get('location')!).searchParams.get('code')!;
    const { body } = await redeem({
      grant_type: 'authorization_code',
      code,
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    });
    const { auth_time, rat } = decodeJwt(body['id_token']);
    expect(auth_time as number).toBeLessThanOrEqual(signedInAt + 2);
    expect(rat as number).toBeGreaterThanOrEqual(signedInAt + 1000);
  });

  test('a code lives for a minute', async () => {
    const code = await codeFor();
    emulator.clock.advance(61);
    expect(
      (
        await redeem({
          grant_type: 'authorization_code',
          code,
          redirect_uri: `${SITE}/callback`,
          code_verifier: VERIFIER,
        })
      ).status,
    ).toBe(400);
  });

  test('EM-09 of 20 parallel redemptions of a code or a refresh token exactly one succeeds', async () => {
    const form = {
      grant_type: 'authorization_code',
      code: await codeFor(),
      redirect_uri: `${SITE}/callback`,
      code_verifier: VERIFIER,
    };
    const codes = await Promise.all(Array.from({ length: 20 }, () => redeem(form)));
    expect(codes.filter(({ status }) => status === 200)).toHaveLength(1);
    const { refresh_token } = await tokensFor();
    const refreshes = await Promise.all(Array.from({ length: 20 }, () => refresh(refresh_token)));
    expect(refreshes.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('EM-08 a refresh token works once; using it again ends its successors and is counted', async () => {
    const first = await tokensFor();
    const second = (await refresh(first['refresh_token'])).body;
    expect((await refresh(first['refresh_token'])).body['error']).toBe('invalid_grant');
    expect(emulator.state.reuse).toBe(1);
    expect((await refresh(second['refresh_token'])).body['error']).toBe('invalid_grant');
  });

  test('EM-08 within the overlap it may be used again', async () => {
    emulator.state.overlap = 10;
    const { refresh_token } = await tokensFor();
    await refresh(refresh_token);
    expect((await refresh(refresh_token)).status).toBe(200);
    expect(emulator.state.reuse).toBe(1);
    emulator.clock.advance(11);
    expect((await refresh(refresh_token)).status).toBe(400);
    expect(emulator.state.reuse).toBe(2);
  });

  test('a refresh answers with the same access token while that lives, and with a new one after', async () => {
    const first = await tokensFor();
    const second = (await refresh(first['refresh_token'])).body;
    expect(second['access_token']).toBe(first['access_token']);
    emulator.clock.advance(86_401);
    const third = (await refresh(second['refresh_token'])).body;
    expect(third['access_token']).not.toBe(first['access_token']);
    expect(decodeJwt(third['id_token'])).not.toHaveProperty('nonce');
  });

  test('a new signing key makes the next refresh bring a token that can be verified', async () => {
    const { access_token, refresh_token } = await tokensFor();
    await emulator.rotateKeys();
    const keys = createLocalJWKSet(
      (await (await emulator.fetch(at('/.well-known/jwks'))).json()) as JSONWebKeySet,
    );
    await expect(jwtVerify(access_token, keys)).rejects.toThrow('no applicable key');
    const { body } = await refresh(refresh_token);
    expect((await jwtVerify(body['access_token'], keys)).payload.sub).toMatch(/^kp_[0-9a-f]+$/);
  });

  test('refreshReturnsSame off makes every refresh bring new claims', async () => {
    emulator.state.refreshReturnsSame = false;
    const { refresh_token } = await tokensFor();
    emulator.state.people.find(({ email }) => email === 'grace@example.com')!.organizations[
      'org_acme0rockets'
    ]!.roles = ['admin'];
    const { body } = await refresh(refresh_token);
    expect(decodeJwt(body['access_token'])['permissions']).toContain('delete:todos');
  });

  test('a change of state shows in the next token', async () => {
    emulator.state.people.find(({ email }) => email === 'grace@example.com')!.organizations[
      'org_acme0rockets'
    ]!.roles = ['viewer'];
    emulator.state.flags['theme']!.value = 'night';
    expect(decodeJwt((await tokensFor())['access_token'])).toMatchObject({
      permissions: ['read:todos'],
      feature_flags: { theme: { v: 'night' } },
    });
  });

  test('offline gives a refresh token, offline_access does not', async () => {
    expect(
      await tokensFor('grace@example.com', { scope: 'openid offline_access' }),
    ).not.toHaveProperty('refresh_token');
  });

  test('the secret is taken from body or Basic header, and a wrong one is 401 invalid_client', async () => {
    expect(await redeem({ grant_type: 'refresh_token', client_secret: 'wrong' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    const basic = `Basic ${Buffer.from(`${emulator.env['KINDE_CLIENT_ID']}:${emulator.env['KINDE_CLIENT_SECRET']}`).toString('base64')}`;
    const response = await post(
      '/oauth2/token',
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { authorization: basic },
    );
    expect(response.status).toBe(400);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('machines get tokens without a person', async () => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const form = {
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
      audience: 'https://api.todos.example',
      scope: 'read:reports',
    };
    const { body } = await redeem(form);
    const claims: JWTPayload = decodeJwt(body['access_token']);
    expect(claims).toMatchObject({
      gty: ['client_credentials'],
      aud: ['https://api.todos.example'],
      scp: ['read:reports'],
      azp: machine.clientId,
    });
    expect(claims).not.toHaveProperty('sub');
    expect((await redeem({ ...form, audience: 'https://other.example' })).status).toBe(400);
    expect((await redeem({ ...form, scope: 'fly' })).body['error']).toBe('invalid_scope');
  });

  test('unknown grants, repeated parameters and other bodies are refused', async () => {
    expect((await redeem({ grant_type: 'password' })).body['error']).toBe('unsupported_grant_type');
    for (const form of [
      {},
      { grant_type: 'authorization_code' },
      { grant_type: 'refresh_token' },
    ]) {
      expect((await redeem(form as Record<string, string>)).body['error']).toBe('invalid_request');
    }
    const twice = await emulator.fetch(at('/oauth2/token'), {
      method: 'POST',
      body: new URLSearchParams([
        ['grant_type', 'refresh_token'],
        ['grant_type', 'refresh_token'],
      ]),
    });
    expect(await twice.json()).toMatchObject({ error: 'invalid_request' });
    const json = await emulator.fetch(at('/oauth2/token'), {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(json.status).toBe(400);
  });

  test('credentials that cannot be read are refused, not an accident', async () => {
    const form = { grant_type: 'refresh_token', refresh_token: 'x' };
    const authorization = `Basic ${Buffer.from('%zz:%').toString('base64')}`;
    const response = await post('/oauth2/token', form, { authorization });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Basic/);
  });

  test('an application gets no more scopes of an API than it was given', async () => {
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    machine.scopes = { 'https://api.todos.example': ['read:reports'] };
    const form = {
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
      audience: 'https://api.todos.example',
    };
    expect((await redeem(form)).body['scope']).toBe('read:reports');
    expect((await redeem({ ...form, scope: 'write:reports' })).body['error']).toBe('invalid_scope');
  });

  test('scopes that nobody knows are left out; those of an API come with its audience', async () => {
    const scope = 'openid offline write:reports admin';
    expect((await tokensFor('grace@example.com', { scope }))['scope']).toBe('openid offline');
    const tokens = await tokensFor('grace@example.com', {
      scope,
      audience: 'https://api.todos.example',
    });
    expect(decodeJwt(tokens['access_token'])).toMatchObject({
      aud: ['https://api.todos.example'],
      scp: ['openid', 'offline', 'write:reports'],
    });
  });

  test('Hasura mapping renames the claims', async () => {
    emulator.state.applications[0]!.tokens = { hasuraMapping: true };
    const claims = decodeJwt((await tokensFor())['access_token']);
    expect(claims).toMatchObject({
      'x-hasura-org-code': 'org_acme0rockets',
      'x-hasura-permissions': expect.any(Array),
    });
    expect(claims).not.toHaveProperty('permissions');
  });
});

describe('around the session', () => {
  test('the profile, both old and new, needs a valid access token', async () => {
    const { access_token } = await tokensFor();
    const headers = { authorization: `Bearer ${access_token}` };
    expect(
      await (await emulator.fetch(at('/oauth2/v2/user_profile'), { headers })).json(),
    ).toMatchObject({
      email: 'grace@example.com',
      given_name: 'Grace',
    });
    expect(
      await (await emulator.fetch(at('/oauth2/user_profile'), { headers })).json(),
    ).toMatchObject({
      preferred_email: 'grace@example.com',
    });
    expect((await emulator.fetch(at('/oauth2/v2/user_profile'))).status).toBe(401);
    emulator.clock.advance(86_401);
    expect((await emulator.fetch(at('/oauth2/v2/user_profile'), { headers })).status).toBe(401);
  });

  test('a revoked refresh token is over with its access tokens, and introspection says so', async () => {
    const { access_token, refresh_token } = await tokensFor();
    const caller = `Bearer ${await emulator.sign({ iss: emulator.issuer, exp: emulator.clock.now() + 60 })}`;
    const inspect = async (token: string) =>
      (await (
        await post('/oauth2/introspect', { token }, { authorization: caller })
      ).json()) as Record<string, any>;
    expect(await inspect(refresh_token)).toMatchObject({
      active: true,
      client_id: emulator.env['KINDE_CLIENT_ID'],
    });
    expect(await inspect(access_token)).toMatchObject({
      active: true,
      aud: [],
      exp: expect.any(Number),
    });
    expect((await post('/oauth2/introspect', { token: refresh_token })).status).toBe(401);
    expect((await post('/oauth2/revoke', { token: refresh_token })).status).toBe(401);
    expect((await post('/oauth2/revoke', { ...credentials(), token: refresh_token })).status).toBe(
      200,
    );
    expect([await inspect(refresh_token), await inspect(access_token)]).toEqual([
      { active: false },
      { active: false },
    ]);
    expect((await refresh(refresh_token)).status).toBe(400);
  });

  test('a revoked access token is over, and the next refresh brings another one', async () => {
    const { access_token, refresh_token } = await tokensFor();
    expect((await post('/oauth2/revoke', { ...credentials(), token: access_token })).status).toBe(
      200,
    );
    expect((await profileWith(access_token)).status).toBe(401);
    expect((await refresh(refresh_token)).body['access_token']).not.toBe(access_token);
  });

  test('an application cannot revoke what another one got', async () => {
    const { refresh_token } = await tokensFor();
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const form = {
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
      token: refresh_token,
    };
    expect((await post('/oauth2/revoke', form)).status).toBe(400);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  test('an expired refresh token is not active', async () => {
    const { refresh_token } = await tokensFor();
    emulator.clock.advance(1_296_001);
    const authorization = `Bearer ${await emulator.sign({ iss: emulator.issuer, exp: emulator.clock.now() + 60 })}`;
    const answer = await post('/oauth2/introspect', { token: refresh_token }, { authorization });
    expect(await answer.json()).toEqual({ active: false });
  });

  test('an ID token does not open the profile', async () => {
    const { id_token, access_token } = await tokensFor();
    expect((await profileWith(id_token)).status).toBe(401);
    expect((await profileWith(access_token)).status).toBe(200);
  });

  test('logout goes on to an address in any script', async () => {
    const address = `${SITE}/またね`;
    emulator.state.applications[0]!.logoutUris.push(address);
    const answer = await emulator.fetch(at(`/logout?redirect=${encodeURIComponent(address)}`), {
      redirect: 'manual',
    });
    expect(answer.headers.get('location')).toBe(encodeURI(address));
  });

  test('logout goes on only to a registered address', async () => {
    const good = await emulator.fetch(at(`/logout?redirect=${encodeURIComponent(SITE)}`), {
      redirect: 'manual',
    });
    expect([good.status, good.headers.get('location')]).toEqual([302, SITE]);
    const bad = await emulator.fetch(at('/logout?redirect=https://evil.example'), {
      redirect: 'manual',
    });
    expect([bad.status, bad.headers.get('location')]).toEqual([400, null]);
    expect(await bad.text()).toContain('https://evil.example');
    expect(await (await emulator.fetch(at('/logout'))).text()).toContain('signed out');
  });

  test('faults stand around an endpoint, once or until cleared', async () => {
    emulator.faults.once('/.well-known/jwks', () => new Response('down', { status: 503 }));
    expect((await emulator.fetch(at('/.well-known/jwks'))).status).toBe(503);
    expect((await emulator.fetch(at('/.well-known/jwks'))).status).toBe(200);
  });
});

/** Addresses that this port listens on, as the kernel tells them. */
const listening = (port: number) =>
  ['/proc/net/tcp', '/proc/net/tcp6'].filter(existsSync).flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, local, , state]) => state === '0A' && parseInt(local!.split(':')[1]!, 16) === port,
      )
      .map(([, local]) => local!.split(':')[0]!),
  );

describe('what it refuses', () => {
  test('EM-01 production', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    await expect(createEmulator()).rejects.toThrow('refuses to run');
    vi.unstubAllEnvs();
  });

  test.each([
    ['0.0.0.0', 'Name in allowHosts'],
    ['::', 'Name in allowHosts'],
    ['192.168.1.5', 'Name in allowHosts'],
    ['', 'Did you mean "localhost"?'],
    ['localhots', 'Did you mean "localhost"?'],
  ])('EM-02 to listen on %j without names to come by', async (host, why) => {
    await expect(emulator.listen({ host, port: 0 })).rejects.toThrow(why);
  });

  test.skipIf(!existsSync('/proc/net/tcp'))(
    'EM-03 to listen anywhere but on loopback',
    async () => {
      const { url } = await emulator.listen({ port: 0 });
      const addresses = listening(Number(new URL(url).port));
      await emulator.close();
      expect(addresses).toContain('0100007F');
      expect(['0100007F', '00000000000000000000000001000000']).toEqual(
        expect.arrayContaining(addresses),
      );
    },
  );

  test('to answer to a name that is not local', async () => {
    const { url } = await emulator.listen({ port: 0 });
    expect(emulator.issuer).toBe(url);
    const { port } = new URL(url);
    const { request } = await import('node:http');
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/.well-known/jwks',
      headers: { host: 'evil.example' },
    }).end();
    const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
    response.resume();
    expect(response.statusCode).toBe(403);
    expect((await fetch(`${url}/.well-known/jwks`)).status).toBe(200);
    await emulator.close();
  });

  test('EM-10 to serve files', async () => {
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/src/index.ts']) {
      expect((await emulator.fetch(at(path))).status).toBe(404);
    }
  });

  test('an invalid seed, with all problems at once and guesses', async () => {
    const seed: Seed = {
      ...defaultSeed,
      roles: { admin: { name: 'A', permissions: ['create:todo'] } },
      flags: { limit: { type: 'i', value: 'five' } },
      people: [{ email: 'x', organizations: { org_acme: { roles: ['admim'] } } }],
    };
    await expect(createEmulator({ seed })).rejects.toThrow(
      /e-mail[^]*did you mean "create:todos"[^]*flags\.limit[^]*org_acme[^]*did you mean "admin"/,
    );
  });
});

test('the command starts, tells how to use it, and stops on a signal', async () => {
  const cli = spawn(process.execPath, [
    '--import',
    'tsx',
    fileURLToPath(new URL('../src/cli.ts', import.meta.url)),
    '--memory',
    '--port',
    '0',
    '--site',
    'http://localhost:4000',
  ]);
  let said = '';
  cli.stdout.on('data', (chunk) => (said += chunk));
  await vi.waitFor(() => expect(said).toContain('Ctrl-C'), { timeout: 15_000 });
  expect(said).toContain('ada@example.com');
  expect(said).toContain('KINDE_REDIRECT_URI=http://localhost:4000/callback');
  const issuer = /KINDE_ISSUER_URL=(\S+)/.exec(said)![1]!;
  expect((await fetch(`${issuer}/.well-known/jwks`)).status).toBe(200);
  cli.kill('SIGTERM');
  const [code] = await once(cli, 'exit');
  expect(code).toBe(0);
});

test('the command explains what is wrong with its arguments', async () => {
  const cli = spawn(process.execPath, [
    '--import',
    'tsx',
    fileURLToPath(new URL('../src/cli.ts', import.meta.url)),
    '--memory',
    '--port',
    'x',
  ]);
  let said = '';
  cli.stderr.on('data', (chunk) => (said += chunk));
  const [code] = await once(cli, 'exit');
  expect([code, said]).toEqual([1, expect.stringContaining('--port must be a number')]);
});
