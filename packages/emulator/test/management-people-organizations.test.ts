import { beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type Emulator } from '../src/index.js';
import { appOf, callerOf, eventsOf, managementToken, type Call } from './kit.js';

const SITE = 'https://app.example';
const ACME = 'org_acme0rockets';
const GLOBEX = 'org_globex0gardens';
const ADA = 'ada@example.com';
const GRACE = 'grace@example.com';
const ALAN = 'alan@example.com';

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
const roleId = (key: string) => emulator.state.roles[key]!.id;
const permissionId = (key: string) => emulator.state.permissions[key]!.id;

describe('organizations', () => {
  test('one that was created is listed, can be signed in to, changed, and is gone from tokens when it is removed', async () => {
    const { body } = await call('organizations.create', {
      name: 'Initech',
      handle: 'initech',
      external_id: 'crm-7',
      is_auto_membership_enabled: true,
      feature_flags: { todo_limit: '50' },
      is_create_billing_customer: true,
    });
    const { code, billing_customer_id: customer } = body.organization;
    expect(code).toMatch(/^org_[0-9a-f]{11}$/);
    const { body: list } = await call('organizations.list', { sort: 'name_desc' });
    expect(list.organizations.map(({ name }: { name: string }) => name)).toEqual([
      'Initech',
      'Globex Gardens',
      'Acme Rockets',
    ]);
    expect(list.organizations[0]).toMatchObject({
      code,
      handle: 'initech',
      external_id: 'crm-7',
      is_default: false,
    });
    await call('organizations.update', { org_code: code, name: 'Initrode' });
    const { access, id } = await app.signIn(GRACE, { org_code: code });
    expect(access).toMatchObject({ org_code: code, org_name: 'Initrode' });
    expect(access['feature_flags'].todo_limit).toEqual({ t: 'i', v: 50 });
    expect(id['org_codes']).toEqual([ACME, code]);
    const { body: got } = await call('organizations.get', { code, expand: 'billing' });
    expect(got).toMatchObject({
      code,
      name: 'Initrode',
      billing: { billing_customer_id: customer },
    });
    const tokens = await app.signIn(GRACE, { org_code: code });
    expect((await call('organizations.remove', { org_code: code })).status).toBe(200);
    expect((await app.refresh(tokens)).body['error']).toBe('invalid_grant');
    expect(await app.isActive(tokens)).toBe(false);
    expect((await app.signIn(GRACE)).id['org_codes']).toEqual([ACME]);
    expect(codeOf(await call('organizations.get', { code }))).toBe('ORGANIZATION_NOT_FOUND');
    expect(await call('organizations.remove', { org_code: code })).toMatchObject({
      status: 404,
      body: { errors: { code: 'ORGANIZATION_NOT_FOUND' } },
    });
  });

  test('nobody signs in to a suspended one, and what was open stays closed when it is let in again', async () => {
    const tokens = await app.signIn(ALAN);
    await call('organizations.update', { org_code: GLOBEX, is_suspended: true });
    const { body } = await call('organizations.get', { code: GLOBEX });
    expect(body.is_suspended).toBe(true);
    expect(Date.parse(body.suspended_on) / 1000).toBe(emulator.clock.now());
    expect((await app.refresh(tokens)).body['error']).toBe('invalid_grant');
    await expect(app.signIn(ALAN)).rejects.toThrow('The organization is suspended.');
    const silent = await emulator.signIn(app.linkTo({ prompt: 'none' }), { email: ALAN });
    expect(silent.searchParams.get('error')).toBe('organization_suspended');
    expect((await app.signIn(ADA)).access['org_code'], 'the other one, without a question').toBe(
      ACME,
    );
    await expect(app.signIn(ADA, { org_code: GLOBEX })).rejects.toThrow(
      'The organization is suspended.',
    );
    await call('organizations.update', { org_code: GLOBEX, is_suspended: false });
    expect((await call('organizations.get', { code: GLOBEX })).body.suspended_on).toBeNull();
    expect((await app.refresh(tokens)).body['error']).toBe('invalid_grant');
    expect((await app.signIn(ALAN)).access['org_code']).toBe(GLOBEX);
  });

  test('the default one can be neither suspended nor removed', async () => {
    expect(codeOf(await call('organizations.update', { org_code: ACME, is_suspended: true }))).toBe(
      'DEFAULT_ORGANIZATION_CANNOT_BE_SUSPENDED',
    );
    expect(codeOf(await call('organizations.remove', { org_code: ACME }))).toBe(
      'DEFAULT_ORGANIZATION_CANNOT_BE_DELETED',
    );
    expect((await app.signIn(GRACE)).access['org_code']).toBe(ACME);
  });

  test('whether people join by themselves is one setting with an old and a new name', async () => {
    await expect(app.signIn(GRACE, { org_code: GLOBEX })).rejects.toThrow(
      'not in this organization',
    );
    await call('organizations.update', { org_code: GLOBEX, is_allow_registrations: true });
    expect((await call('organizations.get', { code: GLOBEX })).body).toMatchObject({
      is_auto_membership_enabled: true,
      is_allow_registrations: true,
    });
    expect((await app.signIn(GRACE, { org_code: GLOBEX })).access['org_code']).toBe(GLOBEX);
  });

  test('colors are shown in three ways, other settings as they were sent', async () => {
    await call('organizations.update', {
      org_code: GLOBEX,
      background_color: '#fff',
      link_color_dark: '#0056F1',
      button_color: '#2a9d3f',
      theme_code: 'dark',
      sender_name: 'Globex',
      allowed_domains: ['globex.example'],
    });
    await call('organizations.update', { org_code: GLOBEX, sender_email: 'hi@globex.example' });
    expect((await call('organizations.get', { code: GLOBEX })).body).toMatchObject({
      background_color: { raw: '#fff', hex: '#ffffff', hsl: 'hsl(0, 0%, 100%)' },
      link_color_dark: { raw: '#0056F1', hex: '#0056F1', hsl: 'hsl(219, 100%, 47%)' },
      button_color: { raw: '#2a9d3f', hex: '#2a9d3f', hsl: 'hsl(131, 58%, 39%)' },
      link_color: null,
      theme_code: 'dark',
      color_scheme: 'dark',
      sender_name: 'Globex',
      sender_email: 'hi@globex.example',
      allowed_domains: ['globex.example'],
    });
    expect(
      codeOf(await call('organizations.update', { org_code: GLOBEX, link_color: 'reddish' })),
    ).toBe('LINK_COLOR_INVALID');
  });

  test('a handle is of one organization, and can be given up', async () => {
    await call('organizations.update', { org_code: ACME, handle: 'rockets' });
    expect((await call('organizations.update', { org_code: ACME, handle: 'rockets' })).status).toBe(
      200,
    );
    expect(
      codeOf(await call('organizations.update', { org_code: GLOBEX, handle: 'rockets' })),
    ).toBe('HANDLE_ALREADY_EXISTS');
    await call('organizations.removeHandle', { org_code: ACME });
    expect((await call('organizations.get', { code: ACME })).body.handle).toBeNull();
    expect(
      (await call('organizations.update', { org_code: GLOBEX, handle: 'rockets' })).status,
    ).toBe(200);
  });

  test('its flags win over the environment, which wins over the default; values are text', async () => {
    const limit = async () => (await app.signIn(GRACE)).access['feature_flags'].todo_limit.v;
    emulator.state.environmentFlags['todo_limit'] = 6;
    const set = (feature_flag_key: string, value: string) =>
      call('organizations.setFlag', { org_code: ACME, feature_flag_key, value });
    await set('todo_limit', '12');
    expect(await limit()).toBe(12);
    const { body } = await call('organizations.listFlags', { org_code: ACME });
    expect(body.feature_flags).toEqual({
      todo_limit: { type: 'int', value: '12' },
      beta_ui: { type: 'bool', value: 'true' },
    });
    expect(codeOf(await set('beta_ui', 'maybe'))).toBe('VALUE_INVALID');
    expect(codeOf(await set('nothing', '1'))).toBe('FEATURE_FLAG_NOT_FOUND');
    await call('organizations.clearFlag', { org_code: ACME, feature_flag_key: 'todo_limit' });
    expect(await limit()).toBe(6);
    delete emulator.state.environmentFlags['todo_limit'];
    expect(await limit()).toBe(5);
    await call('organizations.clearFlags', { org_code: ACME });
    expect((await call('organizations.listFlags', { org_code: ACME })).body.feature_flags).toEqual(
      {},
    );
  });

  test('its properties are of organizations only', async () => {
    const property = {
      name: '',
      description: '',
      type: 'single_line_text',
      isPrivate: false,
      categoryId: '',
    } as const;
    emulator.state.properties['size'] = { ...property, id: 'prop_size', context: 'org' };
    emulator.state.properties['city'] = { ...property, id: 'prop_city', context: 'usr' };
    await call('organizations.setProperty', {
      org_code: ACME,
      property_key: 'size',
      value: 'small',
    });
    await call('organizations.setProperties', { org_code: ACME, properties: { size: 'large' } });
    expect(
      codeOf(
        await call('organizations.setProperties', { org_code: ACME, properties: { city: 'x' } }),
      ),
    ).toBe('PROPERTY_NOT_FOUND');
    const { body } = await call('organizations.listProperties', { org_code: ACME });
    expect(body.properties).toMatchObject([{ key: 'size', value: 'large' }]);
  });
});

describe('members', () => {
  const member = (email: string) =>
    emulator.state.people.find(({ id }) => id === idOf(email))!.organizations;

  test('are listed by name or address, and by all the roles and permissions that are asked for', async () => {
    const namesOf = async (input: Record<string, unknown>) =>
      (await call('members.list', { org_code: ACME, ...input })).body.organization_users.map(
        ({ first_name: name }: { first_name: string }) => name,
      );
    expect(await namesOf({ sort: 'name_desc' })).toEqual(['Grace', 'Ada']);
    expect(await namesOf({ sort: 'email_asc' })).toEqual(['Ada', 'Grace']);
    expect(await namesOf({ roles: 'admin' })).toEqual(['Ada']);
    expect(await namesOf({ roles: ['admin', 'member'] })).toEqual([]);
    expect(await namesOf({ permissions: 'create:todos,read:todos' })).toEqual(['Ada', 'Grace']);
    expect(await namesOf({ permissions: 'delete:todos' })).toEqual(['Ada']);
    await app.signIn(GRACE);
    const first = await call('members.list', { org_code: ACME, page_size: 1, sort: 'name_desc' });
    expect(first.body.organization_users).toMatchObject([
      {
        id: idOf(GRACE),
        full_name: 'Grace Hopper',
        email: GRACE,
        roles: ['member'],
        is_suspended: false,
      },
    ]);
    expect(Date.parse(first.body.organization_users[0].last_accessed_on) / 1000).toBe(
      emulator.clock.now(),
    );
    const next = await call('members.list', { org_code: ACME, next_token: first.body.next_token });
    expect(next.body.organization_users).toMatchObject([
      { first_name: 'Ada', last_accessed_on: null },
    ]);
    expect(codeOf(await call('members.list', { org_code: 'org_no' }))).toBe(
      'ORGANIZATION_NOT_FOUND',
    );
  });

  test('are added with default roles or those that are named; the lists leave out those nothing was done for', async () => {
    const users = [
      { id: idOf(ADA), roles: ['admin'] },
      { id: idOf(GRACE) },
      { id: idOf(ALAN), roles: ['viewer'], permissions: ['create:todos'] },
      { id: 'kp_nobody' },
    ];
    const { body } = await call('members.add', { org_code: GLOBEX, users });
    expect(body.users_added).toEqual([idOf(GRACE)]);
    expect(member(GRACE)[GLOBEX]!.roles).toEqual(['member']);
    expect(member(ADA)[GLOBEX]!.roles, 'stays as it was').toEqual(['viewer']);
    const again = await call('members.add', { org_code: ACME, users });
    expect(again.body.users_added).toEqual([idOf(ALAN)]);
    const { access } = await app.signIn(ALAN, { org_code: ACME });
    expect(access['permissions']).toEqual(['read:todos', 'create:todos']);
    expect(
      codeOf(
        await call('members.add', { org_code: ACME, users: [{ id: idOf(ALAN), roles: ['king'] }] }),
      ),
    ).toBe('ROLE_NOT_FOUND');
    const many = Array.from({ length: 101 }, () => ({ id: idOf(ALAN) }));
    expect(codeOf(await call('members.add', { org_code: ACME, users: many }))).toBe(
      'TOO_MANY_OBJECTS',
    );
  });

  test('are changed, added and removed in one call', async () => {
    const tokens = await app.signIn(GRACE);
    const { body } = await call('members.update', {
      org_code: ACME,
      users: [
        { id: idOf(ADA), roles: ['viewer'], permissions: ['delete:todos'] },
        { id: idOf(ALAN), roles: ['member'] },
        { id: idOf(GRACE), operation: 'delete' },
        { id: 'kp_nobody', operation: 'delete' },
      ],
    });
    expect(body).toMatchObject({
      users_added: [idOf(ALAN)],
      users_updated: [idOf(ADA)],
      users_removed: [idOf(GRACE)],
    });
    expect((await app.signIn(ADA, { org_code: ACME })).access['permissions']).toEqual([
      'read:todos',
      'delete:todos',
    ]);
    expect(
      (await app.refresh(tokens)).body['error'],
      'for an organization that she is not in',
    ).toBe('invalid_grant');
    expect((await app.signIn(GRACE)).id['org_codes']).toEqual([]);
    const unknown = {
      org_code: ACME,
      users: [{ id: idOf(ADA), roles: [], permissions: ['fly:rockets'] }],
    };
    expect(codeOf(await call('members.update', unknown))).toBe('PERMISSION_NOT_FOUND');
    expect(member(ADA)[ACME]!.roles, 'nothing was changed').toEqual(['viewer']);
  });

  test('get and lose single roles by their ids, and the next token shows it', async () => {
    const who = { org_code: ACME, user_id: idOf(GRACE) };
    await call('members.addRole', { ...who, role_id: roleId('admin') });
    await call('members.addRole', { ...who, role_id: roleId('admin') });
    expect((await call('members.listRoles', who)).body.roles).toEqual([
      { id: roleId('member'), key: 'member', name: 'Member' },
      { id: roleId('admin'), key: 'admin', name: 'Administrator' },
    ]);
    expect((await app.signIn(GRACE)).access['permissions']).toContain('delete:todos');
    expect((await call('members.removeRole', { ...who, role_id: roleId('member') })).status).toBe(
      200,
    );
    expect(codeOf(await call('members.removeRole', { ...who, role_id: roleId('member') }))).toBe(
      'ROLE_NOT_FOUND',
    );
    expect(codeOf(await call('members.addRole', { ...who, role_id: 'admin' }))).toBe(
      'ROLE_NOT_FOUND',
    );
    const { body } = await call('members.listByRole', {
      org_code: ACME,
      role_id: roleId('admin'),
      page_size: 1,
    });
    expect(body.users).toEqual([{ id: idOf(ADA) }]);
    const next = { org_code: ACME, role_id: roleId('admin'), next_token: body.next_token };
    expect((await call('members.listByRole', next)).body).toMatchObject({
      users: [{ id: idOf(GRACE) }],
      next_token: null,
    });
  });

  test('get and lose single permissions, and it can be asked which role gives which', async () => {
    const who = { org_code: GLOBEX, user_id: idOf(ALAN) };
    await call('members.addPermission', { ...who, permission_id: permissionId('create:todos') });
    const { body } = await call('members.listPermissions', { ...who, expand: 'roles' });
    expect(body.permissions).toMatchObject([
      { key: 'read:todos', roles: [{ id: roleId('viewer'), key: 'viewer' }] },
      { key: 'create:todos', roles: [] },
    ]);
    expect((await call('members.listPermissions', who)).body.permissions[0]).not.toHaveProperty(
      'roles',
    );
    const drop = { ...who, permission_id: permissionId('create:todos') };
    expect((await call('members.removePermission', drop)).status).toBe(200);
    expect(codeOf(await call('members.removePermission', drop))).toBe('PERMISSION_NOT_FOUND');
    expect((await app.signIn(ALAN)).access['permissions']).toEqual(['read:todos']);
  });

  test('who is none is told from who does not exist', async () => {
    const asked = (user_id: string, org_code = GLOBEX) =>
      call('members.listRoles', { org_code, user_id });
    expect(codeOf(await asked(idOf(GRACE)))).toBe('USER_NOT_IN_ORGANIZATION');
    expect(codeOf(await asked('kp_nobody'))).toBe('USER_NOT_FOUND');
    expect(codeOf(await asked(idOf(GRACE), '__proto__'))).toBe('ORGANIZATION_NOT_FOUND');
    await call('members.remove', { org_code: ACME, user_id: idOf(GRACE) });
    expect(codeOf(await call('members.remove', { org_code: ACME, user_id: idOf(GRACE) }))).toBe(
      'USER_NOT_IN_ORGANIZATION',
    );
  });
});

describe('invitations', () => {
  const invite = async (more: Record<string, unknown> = {}) =>
    (
      await call('invites.create', {
        org_code: GLOBEX,
        email: 'new@example.com',
        roles: ['admin'],
        ...more,
      })
    ).body.invite;
  const into = (invitation_code: string) => ({ invitation_code, is_invitation: 'true' });

  test('somebody new registers with the address that was invited, and is in with the roles of the invitation', async () => {
    const { code, ...shown } = await invite({ first_name: 'Mary', last_name: null });
    expect(code).toMatch(/^inv_[0-9a-f]{32}$/);
    expect(shown).toMatchObject({
      id: code,
      full_name: 'Mary',
      roles: [{ key: 'admin', name: 'Administrator' }],
      is_sent: false,
      accepted_on: null,
      invite_link: `${SITE}/login?invitation_code=${code}`,
    });
    const { text, request } = await app.open({ ...into(code), prompt: 'create' });
    expect(text).toMatch(/value="new@example.com" readonly/);
    expect(text).toContain('value="Mary"');
    const form = { request, email: 'another@example.com', given_name: 'Mary' };
    const done = await app.post('/emulator/register', form);
    const { access, id } = await app.exchange(new URL(done.headers.get('location')!));
    expect(id).toMatchObject({ email: 'new@example.com', org_codes: [GLOBEX] });
    expect(access).toMatchObject({ org_code: GLOBEX, roles: [{ key: 'admin' }] });
    const { body } = await call('invites.get', { org_code: GLOBEX, invite_code: code });
    expect(Date.parse(body.accepted_on) / 1000).toBe(emulator.clock.now());
    expect((await app.open(into(code))).text).toContain('This invitation cannot be used');
  });

  test('somebody who has an account signs in, keeps their roles, and nobody else gets in by it', async () => {
    await call('members.remove', { org_code: GLOBEX, user_id: idOf(ADA) });
    const { code } = await invite({ email: 'Ada@Example.com' });
    await call('members.add', { org_code: GLOBEX, users: [{ id: idOf(ADA), roles: ['viewer'] }] });
    await expect(app.signIn(GRACE, into(code))).rejects.toThrow(
      'This invitation is for somebody else',
    );
    const { text } = await app.open({ ...into(code), prompt: 'create' });
    expect(text).toContain('Choose who to be');
    const { access } = await app.signIn(ADA, into(code));
    expect(access['org_code']).toBe(GLOBEX);
    expect(access['roles'].map(({ key }: { key: string }) => key).sort()).toEqual([
      'admin',
      'viewer',
    ]);
  });

  test('who is signed in as somebody else is asked, who is the one goes straight through', async () => {
    const { code } = await invite({ email: GRACE });
    const cookieFor = async (email: string) => {
      const page = await app.type({ email });
      return { cookie: page.headers.get('set-cookie')!.split(';')[0]! };
    };
    expect((await app.open(into(code), await cookieFor(ALAN))).text).toContain('Choose who to be');
    const silent = await emulator.signIn(app.linkTo({ ...into(code), prompt: 'none' }), {
      email: GRACE,
    });
    expect(silent.searchParams.get('error')).toBe('interaction_required');
    const { response } = await app.open(
      { ...into(code), prompt: 'create' },
      await cookieFor(GRACE),
    );
    const { access } = await app.exchange(new URL(response.headers.get('location')!));
    expect(access['org_code']).toBe(GLOBEX);
  });

  test('one that was taken back, was never made, or comes without its word is refused alike', async () => {
    const { code } = await invite();
    const other = await invite({ email: 'other@example.com' });
    expect((await call('invites.revoke', { org_code: GLOBEX, invite_code: code })).status).toBe(
      200,
    );
    const revoked = await app.open(into(code));
    const unknown = await app.open(into('inv_none'));
    expect(revoked.response.status).toBe(400);
    expect(revoked.text).toBe(unknown.text);
    expect((await app.open({ invitation_code: other.code })).text).toContain('is_invitation=true');
  });

  test('one that is taken back while its page is open lets nobody in', async () => {
    const { code } = await invite({ email: GRACE });
    const { request } = await app.open(into(code));
    await call('invites.revoke', { org_code: GLOBEX, invite_code: code });
    const page = await app.post('/emulator/sign-in', { request, person: idOf(GRACE) });
    expect(await page.text()).toContain('This invitation cannot be used');
    expect(
      emulator.state.people.find(({ email }) => email === GRACE)!.organizations,
    ).not.toHaveProperty(GLOBEX);
  });

  test('one into a suspended organization waits until that is let in again', async () => {
    const { code } = await invite({ email: GRACE });
    await call('organizations.update', { org_code: GLOBEX, is_suspended: true });
    await expect(app.signIn(GRACE, into(code))).rejects.toThrow('You cannot sign in');
    await call('organizations.update', { org_code: GLOBEX, is_suspended: false });
    expect((await app.signIn(GRACE, into(code))).access['org_code']).toBe(GLOBEX);
  });

  test('are listed while they are open, or with the others, in the order that is asked for', async () => {
    const [first] = [
      await invite({ email: 'b@x.example' }),
      await invite({ email: 'a@x.example' }),
    ];
    const third = await invite({ email: GRACE });
    await app.signIn(GRACE, into(third.code));
    await call('invites.revoke', { org_code: GLOBEX, invite_code: first.code });
    const emails = async (input: Record<string, unknown>) =>
      (
        await call('invites.list', { org_code: GLOBEX, sort: 'email_asc', ...input })
      ).body.invites.map(({ email }: { email: string }) => email);
    expect(await emails({})).toEqual(['a@x.example']);
    expect(await emails({ include_revoked: true })).toEqual(['a@x.example', 'b@x.example']);
    expect(await emails({ include_accepted: true, sort: 'email_desc' })).toEqual([
      GRACE,
      'a@x.example',
    ]);
    const page = await call('invites.list', {
      org_code: GLOBEX,
      include_revoked: true,
      page_size: 1,
    });
    expect(page.body.invites).toMatchObject([{ email: 'b@x.example', is_revoked: true }]);
    expect(page.body.next_token).toEqual(expect.any(String));
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['an address that is none', { email: 'nobody' }, 'EMAIL_INVALID'],
    ['a long address', { email: `${'a'.repeat(250)}@x.example` }, 'EMAIL_TOO_LONG'],
    ['a long first name', { first_name: 'a'.repeat(65) }, 'FIRST_NAME_TOO_LONG'],
    ['a long last name', { last_name: 'a'.repeat(65) }, 'LAST_NAME_TOO_LONG'],
    ['a role that does not exist', { roles: ['king'] }, 'ROLE_NOT_FOUND'],
    ['a member', { email: ALAN }, 'USER_ALREADY_IN_ORGANIZATION'],
    ['an unknown organization', { org_code: 'org_no' }, 'ORGANIZATION_NOT_FOUND'],
  ])('are refused for %s', async (_name, given, code) => {
    const answer = await call('invites.create', {
      org_code: GLOBEX,
      email: 'new@example.com',
      roles: [],
      ...given,
    });
    expect([answer.status, codeOf(answer)]).toEqual([400, code]);
    expect(emulator.state.invitations).toEqual([]);
  });

  test('of another organization, or of nobody, are not found', async () => {
    const { code } = await invite();
    for (const name of ['invites.get', 'invites.revoke']) {
      expect(await call(name, { org_code: ACME, invite_code: code })).toMatchObject({
        status: 404,
        body: { errors: { code: 'INVITATION_NOT_FOUND' } },
      });
    }
  });
});

test('what happens to organizations is told as it is, whether the API or a person did it', async () => {
  const { body } = await call('organizations.create', { name: 'Initech', external_id: 'crm-7' });
  const { code } = body.organization;
  await call('organizations.update', { org_code: code, is_auto_membership_enabled: true });
  await call('organizations.remove', { org_code: code });
  const { request } = await app.open({ is_create_org: 'true', org_name: 'Hooli' });
  await app.post('/emulator/sign-in', { request, person: idOf(GRACE) });
  const organization = { code, name: 'Initech', handle: null, external_id: 'crm-7' };
  expect(eventsOf(emulator).filter(({ type }) => type.startsWith('organization.'))).toEqual([
    { type: 'organization.created', source: 'api', data: { organization } },
    {
      type: 'organization.updated',
      source: 'api',
      data: { organization: { ...organization, is_allow_registrations: true } },
    },
    { type: 'organization.deleted', source: 'api', data: { organization: { code } } },
    {
      type: 'organization.created',
      source: 'user',
      data: {
        organization: { code: expect.any(String), name: 'Hooli', handle: null, external_id: null },
      },
    },
  ]);
});
