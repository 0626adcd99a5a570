import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const ISSUER = 'https://acme.kinde.example';
type Call = (input?: object) => Promise<any>;

/** Kinde's own client of the Management API, unchanged, as a judge of the emulator. */
describe('@kinde/management-api-js at the emulator', () => {
  let emulator: Emulator;
  let kinde: Record<string, Record<string, Call>>;
  beforeAll(async () => {
    emulator = await createEmulator({ strict: true, issuer: ISSUER });
    vi.stubEnv('KINDE_DOMAIN', ISSUER);
    vi.stubEnv('KINDE_MANAGEMENT_CLIENT_ID', emulator.env['KINDE_MANAGEMENT_CLIENT_ID']);
    vi.stubEnv('KINDE_MANAGEMENT_CLIENT_SECRET', emulator.env['KINDE_MANAGEMENT_CLIENT_SECRET']);
    vi.stubGlobal('fetch', emulator.fetch);
    // Its declarations have no classes under nodenext.
    kinde = (await import('@kinde/management-api-js')) as unknown as typeof kinde;
    (kinde['init'] as unknown as () => void)();
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });
  const call = (resource: string, name: string, input?: object) => kinde[resource]![name]!(input);

  test('people: list, get, create, update, delete', async () => {
    const { users } = await call('Users', 'getUsers', { pageSize: 2 });
    expect(users).toHaveLength(2);
    const requestBody = {
      profile: { given_name: 'Lin', family_name: 'Chen' },
      identities: [{ type: 'email', details: { email: 'lin@example.com' } }],
    };
    const created = await call('Users', 'createUser', { requestBody });
    expect(created).toMatchObject({ created: true, id: expect.stringMatching(/^kp_/) });
    const { id } = created;
    expect(await call('Users', 'getUserData', { id })).toMatchObject({
      first_name: 'Lin',
      preferred_email: 'lin@example.com',
    });
    expect(
      await call('Users', 'updateUser', { id, requestBody: { given_name: 'Linda' } }),
    ).toMatchObject({
      given_name: 'Linda',
    });
    expect(
      (await call('Users', 'getUsers', { email: 'lin@example.com,ada@example.com' })).users,
    ).toHaveLength(2);
    expect(await call('Users', 'deleteUser', { id })).toMatchObject({ code: 'OK' });
    await expect(call('Users', 'getUserData', { id })).rejects.toMatchObject({ name: 'ApiError' });
  });

  test('organizations and their members: list, get, create, update, delete', async () => {
    expect((await call('Organizations', 'getOrganizations')).organizations).toHaveLength(2);
    const { organization } = await call('Organizations', 'createOrganization', {
      requestBody: { name: 'Initech' },
    });
    const { code } = organization;
    expect(await call('Organizations', 'getOrganization', { code })).toMatchObject({
      code,
      name: 'Initech',
    });
    await call('Organizations', 'updateOrganization', {
      orgCode: code,
      requestBody: { name: 'Initech Ltd' },
    });
    const [ada] = (await call('Users', 'getUsers', { email: 'ada@example.com' })).users;
    const users = [{ id: ada.id, roles: ['viewer'] }];
    expect(
      await call('Organizations', 'addOrganizationUsers', {
        orgCode: code,
        requestBody: { users },
      }),
    ).toMatchObject({ users_added: [ada.id] });
    const { organization_users: members } = await call('Organizations', 'getOrganizationUsers', {
      orgCode: code,
    });
    expect(members).toMatchObject([{ email: 'ada@example.com', roles: ['viewer'] }]);
    await call('Organizations', 'deleteOrganization', { orgCode: code });
    expect(emulator.state.organizations[code]).toBeUndefined();
  });

  test('roles, permissions and feature flags', async () => {
    await call('Permissions', 'createPermission', {
      requestBody: { name: 'Fly', key: 'fly:rockets' },
    });
    const { role } = await call('Roles', 'createRole', {
      requestBody: { name: 'Pilot', key: 'pilot' },
    });
    const { permissions } = await call('Permissions', 'getPermissions', { pageSize: 100 });
    const { id } = permissions.find(({ key }: { key: string }) => key === 'fly:rockets');
    await call('Roles', 'updateRolePermissions', {
      roleId: role.id,
      requestBody: { permissions: [{ id }] },
    });
    expect(emulator.state.roles['pilot']?.permissions).toEqual(['fly:rockets']);
    const flag = {
      name: 'Dark',
      key: 'dark',
      type: 'bool',
      default_value: 'false',
      allow_override_level: 'org',
    };
    await call('FeatureFlags', 'createFeatureFlag', { requestBody: flag });
    const org = { orgCode: 'org_acme0rockets', featureFlagKey: 'dark' };
    await call('Organizations', 'updateOrganizationFeatureFlagOverride', { ...org, value: 'true' });
    const { feature_flags: flags } = await call(
      'Organizations',
      'getOrganizationFeatureFlags',
      org,
    );
    expect(flags.dark).toEqual({ type: 'bool', value: 'true' });
  });

  test('one token serves all of these calls', () => {
    expect(emulator.requests.filter(({ path }) => path === '/oauth2/token')).toHaveLength(1);
  });
});
