import { createHash, pbkdf2Sync } from 'node:crypto';
import { hashSync } from 'bcryptjs';
import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { appOf, callerOf, eventsOf, managementToken, type Call } from './kit.js';

const SITE = 'https://app.example';
const GRACE = 'grace@example.com';

let emulator: Emulator;
let call: Call;
let app: ReturnType<typeof appOf>;
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
  call = callerOf(emulator, await managementToken(emulator));
  app = appOf(emulator, SITE);
});

const idOf = (email: string) => emulator.state.people.find((person) => person.email === email)!.id;
const codeOf = ({ body }: { body: any }) => body.errors[0].code;
const emailOf = (email: string) => ({ type: 'email', is_verified: true, details: { email } });

describe('people', () => {
  test('a person who was created signs in, and their token shows what the API says', async () => {
    const { body } = await call('users.create', {
      profile: {
        given_name: 'Katherine',
        family_name: 'Johnson',
        picture: 'https://cdn.example/k.png',
      },
      provided_id: 'staff-7',
      identities: [
        emailOf('katherine@example.com'),
        { type: 'username', details: { username: 'kat' } },
      ],
    });
    expect(body).toMatchObject({
      created: true,
      identities: [{ type: 'email', result: { created: true } }, {}],
    });
    expect(body.id).toMatch(/^kp_[0-9a-f]{32}$/);
    const { id, access } = await app.signIn('katherine@example.com');
    expect(id).toMatchObject({
      sub: body.id,
      name: 'Katherine Johnson',
      email: 'katherine@example.com',
      email_verified: true,
      picture: 'https://cdn.example/k.png',
      preferred_username: 'kat',
      provided_id: 'staff-7',
      org_codes: ['org_acme0rockets'],
    });
    expect(access['permissions']).toContain('create:todos');
    const { body: got } = await call('users.get', {
      id: body.id,
      expand: 'organizations,identities',
    });
    expect(got).toMatchObject({
      preferred_email: 'katherine@example.com',
      username: 'kat',
      provided_id: 'staff-7',
      total_sign_ins: 1,
      organizations: ['org_acme0rockets'],
      identities: [
        { type: 'email', identity: 'katherine@example.com' },
        { type: 'username', identity: 'kat' },
      ],
    });
    expect((await call('users.get', { id: body.id })).body).not.toHaveProperty('identities');
  });

  test('an address that somebody has is answered with that person, and nothing is created', async () => {
    const before = emulator.state.people.length;
    const { body } = await call('users.create', {
      identities: [
        emailOf('GRACE@example.com'),
        { type: 'username', details: { username: 'grace' } },
      ],
    });
    const no = { created: false };
    expect(body).toEqual({
      id: idOf(GRACE),
      created: false,
      identities: [
        { type: 'email', result: no },
        { type: 'username', result: no },
      ],
    });
    expect(emulator.state.people).toHaveLength(before);
  });

  test('a new person can go to another organization, which must exist; identities must be what they say', async () => {
    const create = (more: object) =>
      call('users.create', { identities: [emailOf('new@example.com')], ...more });
    expect(codeOf(await create({ organization_code: 'org_nowhere' }))).toBe(
      'ORGANIZATION_NOT_FOUND',
    );
    expect(codeOf(await create({ identities: [emailOf('nobody')] }))).toBe('EMAIL_INVALID');
    expect(codeOf(await create({ identities: [{ type: 'phone', details: {} }] }))).toBe(
      'PHONE_INVALID',
    );
    await create({ organization_code: 'org_globex0gardens' });
    expect((await app.signIn('new@example.com')).id['org_codes']).toEqual(['org_globex0gardens']);
  });

  test('people without an e-mail address are like others: by user name or phone on every page, without the claims', async () => {
    const identities = [
      { type: 'username', details: { username: 'hedy' } },
      {
        type: 'phone',
        is_verified: false,
        details: { phone: '+61 400 000 009', phone_country_id: 'au' },
      },
    ];
    for (const identity of identities) {
      await call('users.create', { identities: [identity] });
    }
    const { text } = await app.open();
    expect(text).toContain('hedy');
    expect(text).toContain('+61 400 000 009');
    const { id } = await app.signIn('Hedy');
    expect(id).toMatchObject({ preferred_username: 'hedy' });
    expect(id).not.toHaveProperty('email');
    const byPhone = await app.type(
      { email: '+61400000009' },
      { scope: 'openid profile email phone' },
    );
    expect((await app.exchange(new URL(byPhone.headers.get('location')!))).id).toMatchObject({
      phone_number: '+61 400 000 009',
      phone_number_verified: true,
    });
    const profile = await emulator.fetch(`${emulator.issuer}/oauth2/v2/user_profile`, {
      headers: { authorization: `Bearer ${(await app.signIn('hedy')).access_token}` },
    });
    expect(await profile.json()).toMatchObject({
      email: null,
      email_verified: false,
      preferred_username: 'hedy',
    });
    expect((await app.open({ login_hint: 'username:hedy' })).text).toContain(
      'required value="hedy"',
    );
    expect((await call('users.list', { phone: '+61400000009' })).body.users).toMatchObject([
      { email: null, phone: '+61 400 000 009' },
    ]);
  });

  test('changes are in the next token; names cannot be emptied', async () => {
    const tokens = await app.signIn(GRACE);
    emulator.clock.advance(60);
    const { body } = await call('users.update', {
      id: idOf(GRACE),
      given_name: 'Amazing',
      family_name: '',
    });
    expect(body).toMatchObject({
      given_name: 'Amazing',
      family_name: 'Hopper',
      email: GRACE,
      is_suspended: false,
    });
    const { body: fresh } = await app.refresh(tokens);
    const claims = JSON.parse(Buffer.from(fresh['id_token'].split('.')[1], 'base64url').toString());
    expect(claims).toMatchObject({ name: 'Amazing Hopper', updated_at: emulator.clock.now() });
    expect(codeOf(await call('users.update', { id: 'kp_nobody' }))).toBe('USER_NOT_FOUND');
  });

  test('a suspended person can neither sign in nor refresh, and can again when they are let in', async () => {
    const tokens = await app.signIn(GRACE);
    await call('users.update', { id: idOf(GRACE), is_suspended: true });
    expect(await app.refresh(tokens)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    await expect(app.signIn(GRACE)).rejects.toThrow('The user is suspended.');
    const silent = await emulator.signIn(app.linkTo({ prompt: 'none' }), { email: GRACE });
    expect(silent.searchParams.get('error')).toBe('login_required');
    await call('users.update', { id: idOf(GRACE), is_suspended: false });
    expect((await app.refresh(tokens)).status).toBe(200);
    expect((await app.signIn(GRACE)).id['sub']).toBe(idOf(GRACE));
  });

  test('somebody who is suspended while a page is open gets no code from it', async () => {
    emulator.state.organizations['org_globex0gardens']!.allowRegistrations = true;
    const ada = idOf('ada@example.com');
    const { request } = await app.open();
    const page = await app.post('/emulator/sign-in', { request, person: ada });
    expect(await page.text()).toContain('Choose an organization');
    await call('users.update', { id: ada, is_suspended: true });
    const refused = await app.post('/emulator/organization', {
      request,
      org_code: 'org_acme0rockets',
    });
    expect([refused.status, refused.headers.get('location')]).toEqual([400, null]);
  });

  test('the tokens of somebody who was removed are worth nothing, and the same address is a new person', async () => {
    const tokens = await app.signIn(GRACE);
    const before = idOf(GRACE);
    expect(await app.isActive(tokens)).toBe(true);
    expect((await call('users.remove', { id: before })).status).toBe(200);
    expect(await app.isActive(tokens)).toBe(false);
    expect((await app.refresh(tokens)).body['error']).toBe('invalid_grant');
    expect(codeOf(await call('users.get', { id: before }))).toBe('USER_NOT_FOUND');
    const { body } = await call('users.create', { identities: [emailOf(GRACE)] });
    expect(body.created).toBe(true);
    expect(body.id).not.toBe(before);
  });
});

describe('lists of people', () => {
  test('are paged, and filtered by ids, addresses, organization and last sign-in', async () => {
    await app.signIn(GRACE);
    await call('users.create', { identities: [emailOf('loner@example.com')] });
    emulator.state.people.at(-1)!.organizations = {};
    const idsOf = async (input: Record<string, unknown>) =>
      (await call('users.list', input)).body.users.map(
        ({ email }: { email: string }) => email.split('@')[0],
      );
    expect(await idsOf({})).toEqual(['ada', 'grace', 'alan', 'loner']);
    expect(await idsOf({ user_id: [idOf(GRACE), idOf('alan@example.com')] })).toEqual([
      'grace',
      'alan',
    ]);
    expect(await idsOf({ email: 'ADA@example.com,nobody@example.com' })).toEqual(['ada']);
    expect(await idsOf({ has_organization: false })).toEqual(['loner']);
    const now = new Date(emulator.clock.now() * 1000).toISOString();
    expect(await idsOf({ active_since: now })).toEqual(['grace']);
    expect(codeOf(await call('users.list', { active_since: 'soon' }))).toBe('ACTIVE_SINCE_INVALID');
    const first = await call('users.list', { page_size: 3, expand: 'organizations,identities' });
    expect(first.body.users[1]).toMatchObject({
      organizations: ['org_acme0rockets'],
      identities: [{ type: 'email', identity: GRACE }],
      last_organization_sign_ins: [{ org_code: 'org_acme0rockets', last_signed_in: now }],
    });
    const next = await call('users.list', { page_size: 3, next_token: first.body.next_token });
    expect(next.body.users).toHaveLength(1);
    expect(next.body.next_token).toBeNull();
  });

  test('a search finds words in names and addresses, and values of properties', async () => {
    await declare('city', 'usr');
    await call('users.setProperty', {
      user_id: idOf(GRACE),
      property_key: 'city',
      value: 'Arlington',
    });
    await call('users.setProperty', {
      user_id: idOf('ada@example.com'),
      property_key: 'city',
      value: 'London',
    });
    const namesOf = async (input: Record<string, unknown>) =>
      (await call('users.search', input)).body.results.map(
        ({ first_name: name }: { first_name: string }) => name,
      );
    expect(await namesOf({ query: '*' })).toEqual(['Ada', 'Grace', 'Alan']);
    expect(await namesOf({ query: 'lovelace ADA' })).toEqual(['Ada']);
    expect(await namesOf({ properties: { city: 'London,Arlington' } })).toEqual(['Ada', 'Grace']);
    expect(await namesOf({ properties: { city: 'Paris' } })).toEqual([]);
    const [ada, grace] = emulator.state.people;
    expect(await namesOf({ page_size: 1, starting_after: ada!.id })).toEqual(['Grace']);
    const { body } = await call('users.search', {
      query: 'grace',
      expand: 'properties,organizations',
    });
    expect(body.results).toMatchObject([
      { id: grace!.id, properties: { city: 'Arlington' }, organizations: ['org_acme0rockets'] },
    ]);
  });
});

/** A property of people or organizations, as `properties.create` makes it. */
async function declare(key: string, context: 'usr' | 'org', isPrivate = false): Promise<void> {
  emulator.state.properties[key] = {
    id: `prop_${key}`,
    name: key,
    description: '',
    type: 'single_line_text',
    context,
    isPrivate,
    categoryId: '',
  };
}

describe('what is known of a person', () => {
  test('properties are set one by one or together, and the Account API tells the person those that are not private', async () => {
    await declare('city', 'usr');
    await declare('score', 'usr', true);
    await declare('plan', 'org');
    const user_id = idOf(GRACE);
    expect(
      (await call('users.setProperties', { user_id, properties: { city: 'York', score: 7 } }))
        .status,
    ).toBe(200);
    expect(
      codeOf(
        await call('users.setProperties', { user_id, properties: { city: 'Bath', plan: 'x' } }),
      ),
    ).toBe('PROPERTY_NOT_FOUND');
    expect(
      codeOf(await call('users.setProperties', { user_id, properties: { city: ['Bath'] } })),
    ).toBe('VALUE_INVALID');
    const { body } = await call('users.listProperties', { user_id });
    expect(body.properties).toMatchObject([
      { key: 'city', value: 'York' },
      { key: 'score', value: '7' },
    ]);
    const { access_token: token } = await app.signIn(GRACE);
    const answer = await emulator.fetch(`${emulator.issuer}/account_api/v1/properties`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(await answer.json()).toMatchObject({
      data: { properties: [{ id: 'prop_city', name: 'city', key: 'city', value: 'York' }] },
      metadata: { has_more: false },
    });
    await call('users.setProperties', { user_id, properties: { city: null } });
    expect(emulator.state.people.find(({ id }) => id === user_id)!.properties).toEqual({
      score: '7',
    });
  });

  test('a flag of a person wins over that of their organization, and must be of its type', async () => {
    const user_id = idOf(GRACE);
    const set = (feature_flag_key: string, value: string) =>
      call('users.setFlag', { user_id, feature_flag_key, value });
    expect(codeOf(await set('todo_limit', 'many'))).toBe('VALUE_INVALID');
    expect(codeOf(await set('no_flag', '1'))).toBe('FEATURE_FLAG_NOT_FOUND');
    await set('todo_limit', '99');
    expect((await app.signIn(GRACE)).access['feature_flags'].todo_limit).toEqual({ t: 'i', v: 99 });
  });
});

describe('sign-ins', () => {
  test('are counted with the failed ones, by identity too, and told as events', async () => {
    emulator.state.people[1]!.password = 'correct horse';
    const wrong = await app.type({ email: GRACE, password: 'wrong' });
    expect(wrong.status).toBe(400);
    const right = await app.type({ email: GRACE, password: 'correct horse' });
    expect(right.status).toBe(302);
    const { body } = await call('users.get', { id: idOf(GRACE) });
    expect(body).toMatchObject({ total_sign_ins: 1, failed_sign_ins: 1 });
    expect(Date.parse(body.last_signed_in) / 1000).toBe(emulator.clock.now());
    const { body: identities } = await call('users.listIdentities', { user_id: idOf(GRACE) });
    expect(identities.identities).toMatchObject([
      { total_logins: 1, last_login_on: body.last_signed_in },
    ]);
    const user = { id: idOf(GRACE) };
    expect(eventsOf(emulator)).toEqual([
      { type: 'user.authentication_failed', source: 'user', data: { user } },
      { type: 'user.authenticated', source: 'user', data: { user } },
    ]);
  });

  test('are sessions that can be looked at, and ended with everything that came of them', async () => {
    const { request } = await app.open({}, { 'user-agent': 'Test browser' });
    const page = await app.post('/emulator/sign-in', { request, person: idOf(GRACE) });
    const cookie = page.headers.get('set-cookie')!.split(';')[0]!;
    const tokens = await app.exchange(new URL(page.headers.get('location')!));
    const { body } = await call('users.listSessions', { user_id: idOf(GRACE) });
    expect(body.sessions).toMatchObject([
      { user_id: idOf(GRACE), org_code: 'org_acme0rockets', initial_user_agent: 'Test browser' },
    ]);
    expect(body.sessions[0].session_id).toMatch(/^session_[0-9a-f]{32}$/);
    expect((await app.open({}, { cookie })).response.status).toBe(302);
    await call('users.endSessions', { user_id: idOf(GRACE) });
    expect((await call('users.listSessions', { user_id: idOf(GRACE) })).body.sessions).toEqual([]);
    expect((await app.refresh(tokens)).body['error']).toBe('invalid_grant');
    expect(await app.isActive(tokens)).toBe(false);
    expect((await app.open({}, { cookie })).response.status).toBe(200);
    expect(await call('users.endSessions', { user_id: 'kp_nobody' })).toMatchObject({
      status: 404,
      body: { errors: { code: 'USER_NOT_FOUND' } },
    });
  });

  test('a refresh answers with the same access token until new claims are asked for', async () => {
    const tokens = await app.signIn(GRACE);
    const { body: same } = await app.refresh(tokens);
    expect(same['access_token']).toBe(tokens.access_token);
    await call('users.refreshClaims', { user_id: idOf(GRACE) });
    const { body: fresh } = await app.refresh(same as never);
    expect(fresh['access_token']).not.toBe(tokens.access_token);
  });
});

describe('passwords that were hashed elsewhere', () => {
  const PASSWORD = 'correct horse';
  const hex = (method: string, text: string) => createHash(method).update(text).digest('hex');
  const salt = Buffer.from('sixteen bytes ok').toString('base64');
  const derived = (rounds: number, length: number, digest: string) =>
    pbkdf2Sync(PASSWORD, Buffer.from(salt, 'base64'), rounds, length, digest).toString('base64');
  const set = (given: Record<string, unknown>) =>
    call('users.setPassword', { user_id: idOf(GRACE), ...given });

  test.each<[string, () => Record<string, unknown>]>([
    ['bcrypt, which is the default', () => ({ hashed_password: hashSync(PASSWORD, 4) })],
    [
      'bcrypt of another program',
      () => ({ hashed_password: hashSync(PASSWORD, 4).replace('$2b$', '$2y$') }),
    ],
    ['md5', () => ({ hashing_method: 'md5', hashed_password: hex('md5', PASSWORD).toUpperCase() })],
    [
      'sha256 with a salt before it',
      () => ({
        hashing_method: 'sha256',
        hashed_password: hex('sha256', `pepper${PASSWORD}`),
        salt: 'pepper',
        salt_position: 'prefix',
      }),
    ],
    [
      'sha256 with a salt behind it',
      () => ({
        hashing_method: 'sha256',
        hashed_password: hex('sha256', `${PASSWORD}pepper`),
        salt: 'pepper',
        salt_position: 'suffix',
      }),
    ],
    [
      'PBKDF2 with the default rounds',
      () => ({
        hashing_method: 'pbkdf2',
        hashed_password: derived(24_000, 32, 'sha256'),
        salt,
        variant: 'salted-pbkdf2-hmac-sha256',
      }),
    ],
    [
      'PBKDF2 with other rounds and SHA-512',
      () => ({
        hashing_method: 'pbkdf2',
        hashed_password: derived(1000, 64, 'sha512'),
        salt,
        iterations: 1000,
        variant: 'salted-pbkdf2-hmac-sha512-512',
      }),
    ],
  ])('are what the form asks for: %s', async (_name, given) => {
    expect((await set(given())).status).toBe(200);
    const asked = await (await app.type({ email: GRACE })).text();
    expect(asked).toContain('autocomplete="current-password"');
    expect((await app.type({ email: GRACE, password: `${PASSWORD}!` })).status).toBe(400);
    expect((await app.type({ email: GRACE, password: '' })).status).toBe(400);
    expect((await app.type({ email: GRACE, password: PASSWORD })).status).toBe(302);
  });

  test.each<[string, Record<string, unknown>, string]>([
    [
      'a method that is not emulated',
      { hashing_method: 'firebase-scrypt' },
      'HASHING_METHOD_INVALID',
    ],
    ['a plain password', { hashed_password: PASSWORD }, 'HASHED_PASSWORD_INVALID'],
    [
      'a bcrypt cost of hours',
      { hashed_password: `$2b$31$${'a'.repeat(53)}` },
      'HASHED_PASSWORD_INVALID',
    ],
    [
      'a digest of another length',
      { hashing_method: 'sha256', hashed_password: 'abc' },
      'HASHED_PASSWORD_INVALID',
    ],
    ['PBKDF2 of an unknown kind', { hashing_method: 'pbkdf2', salt }, 'VARIANT_INVALID'],
    [
      'rounds without end',
      { hashing_method: 'pbkdf2', salt, variant: 'salted-pbkdf2-hmac-sha256', iterations: 2 ** 40 },
      'ITERATIONS_INVALID',
    ],
    [
      'PBKDF2 without a salt',
      { hashing_method: 'pbkdf2', variant: 'salted-pbkdf2-hmac-sha256' },
      'SALT_INVALID',
    ],
  ])('are refused with the field that is wrong: %s', async (_name, given, code) => {
    const answer = await set({ hashed_password: 'x', ...given });
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(JSON.stringify(answer.body)).not.toContain(PASSWORD);
    expect(emulator.state.people[1]).not.toHaveProperty('hashedPassword');
  });

  test('a temporary one must be replaced when it is used', async () => {
    await set({
      hashing_method: 'md5',
      hashed_password: hex('md5', PASSWORD),
      is_temporary_password: true,
    });
    expect(await (await app.type({ email: GRACE })).text()).toContain('New password');
    const sign = (new_password: string, password = PASSWORD) =>
      app.type({ email: GRACE, password, new_password });
    expect((await sign('short')).status).toBe(400);
    expect((await sign(PASSWORD)).status).toBe(400);
    expect((await sign('better horse', 'wrong')).status).toBe(400);
    expect((await sign('better horse')).status).toBe(302);
    expect((await app.type({ email: GRACE, password: PASSWORD })).status).toBe(400);
    expect((await app.type({ email: GRACE, password: 'better horse' })).status).toBe(302);
  });

  test('somebody who is asked to change theirs does so at the next sign-in', async () => {
    await set({ hashed_password: hashSync(PASSWORD, 4) });
    const { body } = await call('users.update', {
      id: idOf(GRACE),
      is_password_reset_requested: true,
    });
    expect(body.is_password_reset_requested).toBe(true);
    expect((await app.type({ email: GRACE, password: PASSWORD })).status).toBe(400);
    expect(
      (await app.type({ email: GRACE, password: PASSWORD, new_password: 'better horse' })).status,
    ).toBe(302);
    expect((await call('users.update', { id: idOf(GRACE) })).body.is_password_reset_requested).toBe(
      false,
    );
  });
});

describe('identities', () => {
  const add = (more: Record<string, unknown>) =>
    call('users.addIdentity', { user_id: idOf(GRACE), ...more });

  test('a second address signs the same person in, and is shown when it is the primary one', async () => {
    const { body } = await add({ type: 'email', value: 'hopper@navy.example' });
    const id = body.identity.id;
    expect(id).toMatch(/^identity_[0-9a-f]{32}$/);
    expect((await app.signIn('hopper@navy.example')).id['email']).toBe(GRACE);
    expect((await call('identities.get', { identity_id: id })).body).toMatchObject({
      type: 'email',
      name: 'hopper@navy.example',
      is_primary: false,
    });
    const grace = idOf(GRACE);
    await call('identities.update', { identity_id: id, is_primary: true });
    expect((await app.signIn(GRACE)).id).toMatchObject({
      sub: grace,
      email: 'hopper@navy.example',
    });
    expect(codeOf(await call('identities.update', { identity_id: id, is_primary: false }))).toBe(
      'PRIMARY_IDENTITY_REQUIRED',
    );
  });

  test('a primary address that is removed makes room for another one; then nobody signs in by it', async () => {
    await add({ type: 'email', value: 'hopper@navy.example' });
    const grace = idOf(GRACE);
    const { body } = await call('users.listIdentities', { user_id: grace });
    const primary = body.identities.find(({ is_primary }: { is_primary: boolean }) => is_primary);
    expect((await call('identities.remove', { identity_id: primary.id })).status).toBe(200);
    expect((await call('users.get', { id: grace })).body.preferred_email).toBe(
      'hopper@navy.example',
    );
    await expect(app.signIn(GRACE)).rejects.toThrow('has no user');
    expect(codeOf(await call('identities.get', { identity_id: primary.id }))).toBe(
      'IDENTITY_NOT_FOUND',
    );
  });

  test('an address belongs to whoever has it now: it is free once that person, or the address, is gone', async () => {
    const NAVY = 'hopper@navy.example';
    /** Whose it is, by asking for it: nobody's, if it can be had. */
    const ownerOf = async (email: string) => {
      const { body } = await call('users.create', { identities: [emailOf(email)] });
      if (body.created) {
        await call('users.remove', { id: body.id });
      }
      return body.created ? 'nobody' : body.id;
    };
    const grace = idOf(GRACE);
    expect([await ownerOf('Grace@Example.com'), await ownerOf(NAVY)]).toEqual([grace, 'nobody']);
    await add({ type: 'email', value: NAVY });
    const { body } = await call('users.listIdentities', { user_id: grace });
    await call('identities.remove', { identity_id: body.identities[0].id });
    expect([await ownerOf(GRACE), await ownerOf(NAVY)]).toEqual(['nobody', grace]);
    // The state is anybody's to change.
    emulator.state.people[0]!.username = 'countess';
    emulator.state.people.push({ id: 'kp_joan', email: 'joan@example.com', organizations: {} });
    expect((await app.signIn('Countess')).id['email']).toBe('ada@example.com');
    expect(await ownerOf('JOAN@example.com')).toBe('kp_joan');
    await call('users.remove', { id: grace });
    expect([await ownerOf(NAVY), await ownerOf('joan@example.com')]).toEqual(['nobody', 'kp_joan']);
    emulator.state.people = [];
    expect(await ownerOf('joan@example.com')).toBe('nobody');
  });

  test('an address that was not proved is not verified until somebody signs in by it', async () => {
    await call('users.create', {
      identities: [
        { type: 'email', is_verified: false, details: { email: 'new@example.com' } },
        { type: 'username', details: { username: 'newbie' } },
      ],
    });
    expect(
      (await app.exchange(new URL((await app.type({ email: 'newbie' })).headers.get('location')!)))
        .id,
    ).toMatchObject({ email: 'new@example.com', email_verified: false });
    expect((await app.signIn('new@example.com')).id['email_verified']).toBe(true);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['what somebody has', { type: 'email', value: 'ADA@example.com' }, 'IDENTITY_ALREADY_EXISTS'],
    ['no address', { type: 'email', value: 'nobody' }, 'VALUE_INVALID'],
    [
      'a number of no country',
      { type: 'phone', value: '+61400000001' },
      'PHONE_COUNTRY_ID_REQUIRED',
    ],
    ['no connection', { type: 'enterprise', value: 'grace' }, 'CONNECTION_ID_REQUIRED'],
  ])('are refused: %s', async (_name, given, code) => {
    expect(codeOf(await add(given))).toBe(code);
  });

  test('an enterprise identity that exists is answered with its id', async () => {
    emulator.state.connections.push({
      id: 'conn_okta',
      name: 'Okta',
      displayName: 'Okta',
      strategy: 'saml:okta',
      options: {},
      applications: [],
      organizations: [],
    });
    const enterprise = {
      type: 'enterprise',
      value: 'grace@corp.example',
      connection_id: 'conn_okta',
    };
    const first = await add(enterprise);
    const again = await add(enterprise);
    expect(again.body.identity).toEqual({ identity_id: first.body.identity.id });
    expect(await add({ ...enterprise, value: 'x', connection_id: 'conn_no' })).toMatchObject({
      status: 404,
    });
  });
});

test('what happens to people is told as it is, and with who did it', async () => {
  const { body } = await call('users.create', {
    profile: { given_name: 'Kay' },
    identities: [emailOf('k@x.example')],
  });
  await call('users.update', { id: body.id, is_suspended: true });
  await call('users.remove', { id: body.id });
  const { request } = await app.open({ prompt: 'create' });
  await app.post('/emulator/register', { request, email: 'mary@example.com', given_name: 'Mary' });
  const events = eventsOf(emulator);
  expect(events.map(({ type, source }) => [type, source])).toEqual([
    ['user.created', 'api'],
    ['user.updated', 'api'],
    ['user.deleted', 'api'],
    ['user.created', 'user'],
    ['user.authenticated', 'user'],
  ]);
  const member = emulator.state.roles['member']!.id;
  expect(events[0]!.data.user).toEqual({
    id: body.id,
    email: 'k@x.example',
    first_name: 'Kay',
    last_name: null,
    username: null,
    phone: null,
    is_password_reset_requested: false,
    is_suspended: false,
    organizations: [
      { code: 'org_acme0rockets', roles: [{ id: member, key: 'member' }], permissions: null },
    ],
  });
  expect(events[1]!.data.user.is_suspended).toBe(true);
  expect(events[2]!.data).toEqual({ user: { id: body.id } });
});
