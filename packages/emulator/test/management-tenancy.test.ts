import { beforeEach, describe, expect, test } from 'vitest';
import { decodeJwt } from 'jose';
import { createEmulator, type Emulator } from '../src/index.js';
import { callerOf, managementToken, type Call } from './kit.js';

const ACME = 'org_acme0rockets';

let emulator: Emulator;
let call: Call;
beforeEach(async () => {
  emulator = await createEmulator({ siteUrl: 'https://app.example' });
  call = callerOf(emulator, await managementToken(emulator));
});

/** Claims of the access token that this person would get at the default application now. */
async function claimsOf(email: string): Promise<any> {
  const {
    KINDE_CLIENT_ID: client_id,
    KINDE_CLIENT_SECRET: client_secret,
    KINDE_REDIRECT_URI,
  } = emulator.env;
  const query = new URLSearchParams({
    client_id: client_id!,
    redirect_uri: KINDE_REDIRECT_URI!,
    response_type: 'code',
    scope: 'openid offline',
    state: 'state-of-the-app',
  });
  const back = await emulator.signIn(`${emulator.issuer}/oauth2/auth?${query}`, {
    email,
    organization: ACME,
  });
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    code: back.searchParams.get('code')!,
    redirect_uri: KINDE_REDIRECT_URI!,
    client_id: client_id!,
    client_secret: client_secret!,
  });
  const answer = await emulator.fetch(`${emulator.issuer}/oauth2/token`, { method: 'POST', body });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return decodeJwt(token);
}

const codeOf = ({ body }: { body: any }) => body.errors[0].code;

describe('roles', () => {
  test('are created, given permissions, changed and removed, and the next token shows each step', async () => {
    const { id } = (await call('roles.create', { key: 'pilot', name: 'Pilot' })).body.role;
    expect(codeOf(await call('roles.create', { key: 'pilot', name: 'Pilot' }))).toBe(
      'ROLE_ALREADY_EXISTS',
    );
    const { permissions } = (await call('permissions.list', { page_size: 50 })).body;
    const fly = permissions.find(({ key }: any) => key === 'read:members').id;
    const set = await call('roles.setPermissions', {
      role_id: id,
      permissions: [{ id: fly }, { id: 'unknown' }],
    });
    expect(set.body.permissions_added).toEqual([fly]);
    const grace = emulator.state.people.find(({ email }) => email === 'grace@example.com')!;
    grace.organizations[ACME]!.roles = ['pilot'];
    expect((await claimsOf('grace@example.com')).permissions).toEqual(['read:members']);
    expect((await call('roles.listPermissions', { role_id: id })).body.permissions).toMatchObject([
      { id: fly },
    ]);
    expect((await call('roles.listUsers', { role_id: id })).body.users).toEqual([
      { id: grace.id, org_codes: [ACME] },
    ]);

    const renamed = { role_id: id, key: 'captain', name: 'Captain', description: 'Steers' };
    expect((await call('roles.update', renamed)).status).toBe(201);
    await call('roles.update', { ...renamed, description: '' });
    expect((await call('roles.get', { role_id: id })).body.role).toMatchObject({
      key: 'captain',
      description: 'Steers',
    });
    expect((await claimsOf('grace@example.com')).roles).toEqual([
      { id, key: 'captain', name: 'Captain' },
    ]);
    await call('roles.removePermission', { role_id: id, permission_id: fly });
    expect((await claimsOf('grace@example.com')).permissions).toEqual([]);
    await call('roles.remove', { role_id: id });
    expect([
      (await claimsOf('grace@example.com')).roles,
      codeOf(await call('roles.get', { role_id: id })),
    ]).toEqual([[], 'ROLE_NOT_FOUND']);
  });

  test('can come with scopes of an API', async () => {
    const [role] = (await call('roles.list')).body.roles;
    const api = (await call('apis.list', { expand: 'scopes' })).body.apis[1];
    const scope = api.scopes[0];
    expect((await call('roles.addScope', { role_id: role.id, scope_id: scope.id })).body.code).toBe(
      'ROLE_SCOPE_ADDED',
    );
    expect((await call('roles.listScopes', { role_id: role.id })).body.scopes).toMatchObject([
      { id: scope.id, key: scope.key, api_id: api.id },
    ]);
    await call('roles.removeScope', { role_id: role.id, scope_id: scope.id });
    expect((await call('roles.listScopes', { role_id: role.id })).body.scopes).toEqual([]);
  });
});

test('a feature flag has a default, a value of the environment over it, and the organization’s over both', async () => {
  await call('featureFlags.create', {
    key: 'speed',
    name: 'Speed',
    type: 'int',
    default_value: '1',
  });
  const speed = async () => (await claimsOf('grace@example.com')).feature_flags.speed;
  expect(await speed()).toEqual({ t: 'i', v: 1 });
  await call('environment.setFlag', { feature_flag_key: 'speed', value: '2' });
  expect(await speed()).toEqual({ t: 'i', v: 2 });
  await call('organizations.setFlag', { org_code: ACME, feature_flag_key: 'speed', value: '3' });
  expect(await speed()).toEqual({ t: 'i', v: 3 });
  expect((await call('environment.listFlags')).body.feature_flags.speed).toEqual({
    type: 'int',
    value: '2',
  });
  expect(
    (await call('environment.setFlag', { feature_flag_key: 'speed', value: 'fast' })).status,
  ).toBe(400);
  await call('organizations.clearFlag', { org_code: ACME, feature_flag_key: 'speed' });
  await call('environment.clearFlags');
  expect(await speed()).toEqual({ t: 'i', v: 1 });
  const changed = {
    name: 'Speed',
    description: '',
    type: 'bool',
    allow_override_level: 'org',
    default_value: 'true',
  };
  await call('featureFlags.update', { feature_flag_key: 'speed', ...changed });
  expect(await speed()).toEqual({ t: 'b', v: true });
  await call('featureFlags.remove', { feature_flag_key: 'speed' });
  expect([
    await speed(),
    codeOf(await call('environment.clearFlag', { feature_flag_key: 'speed' })),
  ]).toEqual([undefined, 'FEATURE_FLAG_NOT_FOUND']);
});

test('the environment tells its domain, and keeps variables whose secrets it never tells again', async () => {
  expect((await call('environment.get')).body.environment.kinde_domain).toBe(emulator.issuer);
  const { id } = (
    await call('environmentVariables.create', { key: 'TOKEN', value: 'hidden', is_secret: true })
  ).body.environment_variable;
  expect(codeOf(await call('environmentVariables.create', { key: 'TOKEN', value: 'x' }))).toBe(
    'ENVIRONMENT_VARIABLE_ALREADY_EXISTS',
  );
  expect(
    (await call('environmentVariables.get', { variable_id: id })).body.environment_variable.value,
  ).toBeNull();
  await call('environmentVariables.update', { variable_id: id, value: 'shown', is_secret: false });
  expect((await call('environmentVariables.list')).body.environment_variables).toMatchObject([
    { value: 'shown' },
  ]);
  await call('environmentVariables.remove', { variable_id: id });
  expect((await call('environmentVariables.list')).body.environment_variables).toEqual([]);
});

describe('applications', () => {
  test('are registered with addresses that sign-in and sign-out then accept, and with lifetimes of their tokens', async () => {
    const { client_id: id, client_secret: secret } = (
      await call('applications.create', { name: 'Shop', type: 'reg' })
    ).body.application;
    expect(secret).toMatch(/^[0-9a-f]{48}$/);
    const url = 'https://shop.example/callback';
    const authorize = () =>
      emulator.fetch(
        `${emulator.issuer}/oauth2/auth?client_id=${id}&response_type=code&redirect_uri=${url}&state=state-of-the-app`,
      );
    expect(await (await authorize()).text()).toContain('not allowed');
    await call('applications.addRedirectUrls', {
      app_id: id,
      urls: [url, 'https://old.example/cb'],
    });
    await call('applications.removeRedirectUrls', { app_id: id, urls: 'https://old.example/cb' });
    expect(
      (await call('applications.listRedirectUrls', { app_id: id })).body.redirect_urls,
    ).toEqual([url]);
    expect(await (await authorize()).text()).toContain('Ada');
    await call('applications.replaceLogoutUrls', { app_id: id, urls: ['https://shop.example'] });
    await call('applications.addLogoutUrls', {
      app_id: id,
      urls: ['https://shop.example', 'https://shop.example/bye'],
    });
    expect(
      (await call('applications.listLogoutUrls', { app_id: id })).body.logout_urls,
    ).toHaveLength(2);
    await call('applications.setTokens', {
      application_id: id,
      access_token_lifetime: 120,
      is_hasura_mapping_enabled: true,
    });
    expect(emulator.state.applications.at(-1)!.tokens).toEqual({
      accessTokenLifetime: 120,
      hasuraMapping: true,
    });
    await call('applications.update', {
      application_id: id,
      name: 'Store',
      login_uri: 'https://shop.example/login',
    });
    expect((await call('applications.get', { application_id: id })).body.application).toMatchObject(
      {
        name: 'Store',
        login_uri: 'https://shop.example/login',
        client_secret: secret,
      },
    );
    await call('applications.remove', { application_id: id });
    expect(codeOf(await call('applications.get', { application_id: id }))).toBe(
      'APPLICATION_NOT_FOUND',
    );
    expect(await (await authorize()).text()).toContain('Unknown application');
  });

  test.each(['spa', 'device'])('of type %s have no secret', async (type) => {
    const { application } = (await call('applications.create', { name: 'Public', type })).body;
    expect(application.client_secret).toBe('');
    expect((await call('applications.list')).body.applications.at(-1)).toMatchObject({
      id: application.id,
      type,
    });
  });
});

describe('APIs', () => {
  const tokenOf = async (
    client: { client_id: string; client_secret: string },
    audience: string,
  ) => {
    const { client_id, client_secret } = client;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id,
      client_secret,
      audience,
    });
    const response = await emulator.fetch(`${emulator.issuer}/oauth2/token`, {
      method: 'POST',
      body,
    });
    const answer = (await response.json()) as {
      access_token?: string;
      scope?: string;
      error?: string;
    };
    return { status: response.status, ...answer };
  };

  test('are created with scopes, and an application gets tokens with just those that it was granted', async () => {
    const audience = 'https://api.rockets.example';
    const machine = (await call('applications.create', { name: 'Worker', type: 'm2m' })).body
      .application;
    const api_id = (await call('apis.create', { name: 'Rockets', audience })).body.api.id;
    expect(codeOf(await call('apis.create', { name: 'Again', audience }))).toBe(
      'API_ALREADY_EXISTS',
    );
    const scopes = await Promise.all(
      ['fuel', 'launch'].map(
        async (key) => (await call('apis.createScope', { api_id, key })).body.scope.id as string,
      ),
    );
    expect((await tokenOf(machine, audience)).status).toBe(400);
    const connect = { api_id, applications: [{ id: machine.id }] };
    expect((await call('apis.setApplications', connect)).body.applications_connected).toEqual([
      machine.id,
    ]);
    expect((await call('apis.setApplications', connect)).body.applications_connected).toEqual([]);
    const grant = { api_id, application_id: machine.id, scope_id: scopes[1] };
    await call('apis.grantApplicationScope', grant);
    expect((await tokenOf(machine, audience)).scope).toBe('launch');
    await call('apis.revokeApplicationScope', grant);
    expect((await tokenOf(machine, audience)).scope).toBe('');
    await call('apis.updateScope', { api_id, scope_id: scopes[0], description: 'Fill it' });
    expect(
      (await call('apis.getScope', { api_id, scope_id: scopes[0] })).body.scope.description,
    ).toBe('Fill it');
    await call('apis.removeScope', { api_id, scope_id: scopes[0] });
    expect((await call('apis.listScopes', { api_id })).body.scopes).toHaveLength(1);
    expect((await call('apis.get', { api_id })).body.api.applications).toContainEqual({
      id: machine.id,
      name: 'Worker',
      type: 'Machine to machine (M2M)',
      is_active: true,
    });
    await call('apis.remove', { api_id });
    expect((await tokenOf(machine, audience)).status).toBe(400);
  });

  test('include the Management API itself, which an application can be let in to, scope by scope', async () => {
    const machine = (await call('applications.create', { name: 'Reader', type: 'm2m' })).body
      .application;
    const management = (await call('apis.list', { expand: 'scopes' })).body.apis.find(
      (api: any) => api.is_management_api,
    );
    const scope = management.scopes.find(({ key }: any) => key === 'read:roles');
    await call('apis.setApplications', {
      api_id: management.id,
      applications: [{ id: machine.id }],
    });
    await call('apis.grantApplicationScope', {
      api_id: management.id,
      application_id: machine.id,
      scope_id: scope.id,
    });
    const { access_token: token } = await tokenOf(machine, `${emulator.issuer}/api`);
    const reader = callerOf(emulator, token!);
    expect([(await reader('roles.list')).status, (await reader('users.list')).status]).toEqual([
      200, 403,
    ]);
    expect((await call('apis.remove', { api_id: management.id })).status).toBe(400);
    await call('apis.setApplications', {
      api_id: management.id,
      applications: [{ id: machine.id, operation: 'delete' }],
    });
    expect((await tokenOf(machine, `${emulator.issuer}/api`)).status).toBe(400);
  });
});
