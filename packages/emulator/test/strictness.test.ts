import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { appOf, callerOf, managementToken } from './kit.js';

const SITE = 'http://localhost:3000';
const CHALLENGE = { code_challenge: 'c'.repeat(43), code_challenge_method: 'S256' };

let emulator: Emulator;
let app: ReturnType<typeof appOf>;
beforeEach(async () => {
  emulator = await createEmulator();
  app = appOf(emulator, SITE);
});

/** What the app gets back from an authorization request. */
const answerTo = async (params: Record<string, string>, headers: Record<string, string> = {}) => {
  const { response, text } = await app.open(params, headers);
  const location = response.headers.get('location');
  return { response, text, back: location === null ? undefined : new URL(location).searchParams };
};
/** A browser in which somebody signed in. */
const signedIn = async (email: string) => {
  const done = await app.type({ email });
  return { cookie: done.headers.get('set-cookie')!.split(';')[0]! };
};
const nameOf = (text: string) => /name="email"[^>]*value="([^"]*)"/.exec(text)?.[1];

describe('an authorization request, as strict as Kinde', () => {
  test.each(['token', 'id_token', 'code id_token', ''])(
    'response_type=%s is an error in JSON before anything else is looked at',
    async (response_type) => {
      const { response, text } = await answerTo({ response_type, client_id: 'nobody' });
      expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store']);
      expect(JSON.parse(text)).toEqual({
        error: 'unsupported_response_type',
        error_description: expect.any(String),
      });
    },
  );

  test.each(['', 'seven77'])('a state of less than 8 characters is refused: %j', async (state) => {
    const { response, text } = await answerTo({ state });
    expect(response.status).toBe(400);
    expect(text).toContain('at least 8 characters');
  });

  test('an application without a secret needs PKCE', async () => {
    delete emulator.state.applications[0]!.clientSecret;
    const without = await answerTo({});
    expect([without.response.status, without.text]).toEqual([
      400,
      expect.stringContaining('code_challenge is required'),
    ]);
    expect((await answerTo(CHALLENGE)).response.status).toBe(200);
  });

  test.each(['bogus', 'login bogus', 'none login'])('prompt=%s is refused', async (prompt) => {
    const { back } = await answerTo({ prompt });
    expect([back?.get('error'), back?.get('state')]).toEqual([
      'invalid_request',
      'state-of-the-app',
    ]);
  });

  test('FD-27 consent changes nothing, and select_account shows the users in spite of a session', async () => {
    const headers = await signedIn('grace@example.com');
    expect((await answerTo({ prompt: 'consent' }, headers)).back?.get('code')).toBeTruthy();
    const { response, text } = await answerTo({ prompt: 'select_account' }, headers);
    expect([response.status, text]).toEqual([200, expect.stringContaining('Ada Lovelace')]);
  });

  test('FD-27 a page that asks again cannot be passed by with the session', async () => {
    const headers = await signedIn('grace@example.com');
    const { request } = await app.open({ prompt: 'login' }, headers);
    const passed = await app.post('/emulator/organization', { request }, headers);
    expect([passed.status, passed.headers.get('location')]).toEqual([400, null]);
  });

  test.each(['deploy_id', 'workflow_deployment_id'])('%s is accepted', async (name) => {
    expect((await answerTo({ [name]: 'deploy_1' })).response.status).toBe(200);
  });
});

describe('scopes', () => {
  const profileOf = async (access: string, method = 'GET') => {
    const headers = { authorization: `Bearer ${access}` };
    const url = `${emulator.issuer}/oauth2/v2/user_profile`;
    return (await emulator.fetch(url, { method, headers })).json() as Promise<object>;
  };
  const tokensFor = async (scope: string) => {
    Object.assign(emulator.state.people[1]!, { username: 'grace', phone: '+61400000001' });
    const back = await emulator.signIn(app.linkTo({ scope }), { email: 'grace@example.com' });
    const form = { grant_type: 'authorization_code', redirect_uri: `${SITE}/callback` };
    const response = await app.post('/oauth2/token', {
      ...form,
      client_id: emulator.env['KINDE_CLIENT_ID']!,
      client_secret: emulator.env['KINDE_CLIENT_SECRET']!,
      code: back.searchParams.get('code')!,
    });
    return (await response.json()) as { access_token: string; id_token?: string };
  };

  test.each([
    ['openid', []],
    ['openid email', ['email', 'email_verified']],
    ['openid phone', ['phone_number', 'phone_number_verified']],
    ['openid address', []],
    ['openid profile', ['name', 'given_name', 'family_name', 'preferred_username', 'updated_at']],
  ])('%s decides what the ID token and the profile say', async (scope, expected) => {
    const { access_token, id_token } = await tokensFor(scope);
    const all = ['email', 'email_verified', 'phone_number', 'phone_number_verified', 'name'];
    const profile = ['given_name', 'family_name', 'preferred_username', 'updated_at'];
    for (const claims of [decodeJwt(id_token!), await profileOf(access_token)]) {
      const found = [...all, ...profile].filter((name) => name in claims);
      expect(found.sort()).toEqual([...expected].sort());
    }
  });

  test('without openid there is no ID token, and the profile works, by POST too', async () => {
    const { access_token, id_token } = await tokensFor('email');
    expect(id_token).toBeUndefined();
    const profile = await profileOf(access_token);
    expect(profile).toMatchObject({ email: 'grace@example.com' });
    expect(await profileOf(access_token, 'POST')).toEqual(profile);
  });
});

describe('OpenID Connect', () => {
  test('FD-26 max_age asks again once the sign-in is older, and auth_time tells the new one', async () => {
    const headers = await signedIn('grace@example.com');
    emulator.clock.freeze();
    emulator.clock.advance(100);
    const young = await answerTo({ max_age: '200' }, headers);
    expect(young.back?.get('code')).toBeTruthy();
    const link = await app.open({ max_age: '60' }, headers);
    expect([link.response.status, link.text]).toEqual([200, expect.stringContaining('Sign in')]);
    const done = await app.post('/emulator/sign-in', {
      request: link.request,
      email: 'grace@example.com',
    });
    const { id } = await app.exchange(new URL(done.headers.get('location')!));
    expect(id['auth_time']).toBe(emulator.clock.now());
  });

  test('FD-26 with prompt=none, a sign-in that is too old is login_required; max_age=0 always is', async () => {
    const headers = await signedIn('grace@example.com');
    for (const max_age of ['60', '0']) {
      emulator.clock.advance(max_age === '0' ? 0 : 61);
      const { back } = await answerTo({ prompt: 'none', max_age }, headers);
      expect(back?.get('error')).toBe('login_required');
    }
    expect((await answerTo({ max_age: '-1' })).back?.get('error')).toBe('invalid_request');
  });

  test('id_token_hint of another user is login_required with prompt=none; otherwise that user is filled in', async () => {
    const { id_token: graces } = (await app.signIn('grace@example.com')) as unknown as {
      id_token: string;
    };
    const grace = await signedIn('grace@example.com');
    const alan = await signedIn('alan@example.com');
    const silent = { prompt: 'none', id_token_hint: graces };
    expect((await answerTo(silent, grace)).back?.get('code')).toBeTruthy();
    expect((await answerTo(silent, alan)).back?.get('error')).toBe('login_required');
    const asked = await answerTo({ id_token_hint: graces }, alan);
    expect(nameOf(asked.text)).toBe('grace@example.com');
  });

  test('id_token_hint that was not issued here names nobody, and is never sent back to the app', async () => {
    const grace = await signedIn('grace@example.com');
    const id_token_hint = await emulator.sign(
      {
        iss: emulator.issuer,
        sub: emulator.state.people[1]!.id,
        aud: [emulator.env['KINDE_CLIENT_ID']],
      },
      { key: 'unpublished' },
    );
    const { back } = await answerTo({ prompt: 'none', id_token_hint }, grace);
    expect(back?.get('error')).toBe('login_required');
    await app.open({ id_token_hint, supports_reauth: 'true' });
    expect(JSON.stringify([...emulator.state.pending.values()])).not.toContain(id_token_hint);
  });

  test('discovery promises what is kept, and names the sign-ins of the local Kinde', async () => {
    const url = `${emulator.issuer}/.well-known/openid-configuration`;
    expect(await (await emulator.fetch(url)).json()).toMatchObject({
      response_types_supported: ['code'],
      response_modes_supported: ['query'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      prompt_values_supported: ['login', 'create', 'consent', 'select_account', 'none'],
      kindling_emulator: true,
      kindling_emulator_flows: `${emulator.issuer}/emulator/sign-ins/of/{state_hash}`,
    });
  });

  test('a replaced key that is still valid stays published', async () => {
    await emulator.rotateKeys({ keepOld: 60 });
    const keys = async () => {
      const response = await emulator.fetch(`${emulator.issuer}/.well-known/jwks`);
      return ((await response.json()) as { keys: unknown[] }).keys.length;
    };
    expect(await keys()).toBe(2);
    emulator.clock.advance(60);
    expect(await keys()).toBe(1);
  });
});

describe('after every session of a user was ended', () => {
  const endSessions = async (email: string) => {
    const { id } = emulator.state.people.find((one) => one.email === email)!;
    const call = callerOf(emulator, await managementToken(emulator));
    expect((await call('users.endSessions', { user_id: id })).status).toBe(200);
  };

  test('a code that was not redeemed yet gets no tokens', async () => {
    const callback = await emulator.signIn(app.linkTo(), { email: 'grace@example.com' });
    await endSessions('grace@example.com');
    const answer = await app.post('/oauth2/token', {
      client_id: emulator.env['KINDE_CLIENT_ID']!,
      client_secret: emulator.env['KINDE_CLIENT_SECRET']!,
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code')!,
      redirect_uri: `${SITE}/callback`,
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  test('a sign-in that waits for the organization goes no further', async () => {
    const { request } = await app.open();
    await app.post('/emulator/sign-in', { request, email: 'ada@example.com' });
    await endSessions('ada@example.com');
    const form = { request, org_code: 'org_acme0rockets' };
    expect((await app.post('/emulator/organization', form)).status).toBe(400);
  });
});

test('the Management API accepts tokens of a replaced key while that is published', async () => {
  const token = await managementToken(emulator);
  const status = async () => {
    const headers = { authorization: `Bearer ${token}` };
    return (await emulator.fetch(`${emulator.issuer}/api/v1/roles`, { headers })).status;
  };
  await emulator.rotateKeys({ keepOld: 60 });
  expect(await status()).toBe(200);
  emulator.clock.advance(60);
  expect(await status()).toBe(403);
});

describe('signing out', () => {
  const logout = async (params: Record<string, string>) => {
    const url = `${emulator.issuer}/logout?${new URLSearchParams(params)}`;
    const response = await emulator.fetch(url, { redirect: 'manual' });
    const text = await response.text();
    return { status: response.status, location: response.headers.get('location'), text };
  };

  test('post_logout_redirect_uri works like redirect, and its state comes back', async () => {
    expect(await logout({ redirect: SITE, state: 'mine' })).toMatchObject({ location: SITE });
    expect(await logout({ post_logout_redirect_uri: SITE, state: 'mine' })).toMatchObject({
      status: 302,
      location: `${SITE}/?state=mine`,
    });
  });

  test('both have to be registered', async () => {
    for (const name of ['redirect', 'post_logout_redirect_uri']) {
      const evil = await logout({ redirect: SITE, [name]: 'https://evil.example' });
      expect(evil).toMatchObject({ status: 400, location: null });
      expect(evil.text).toContain(`Received ${name}`);
    }
  });

  test('redirect_uri goes nowhere, and the page says so', async () => {
    const { status, text } = await logout({ redirect_uri: SITE });
    expect([status, text]).toEqual([200, expect.stringContaining('The app sent redirect_uri')]);
  });
});
