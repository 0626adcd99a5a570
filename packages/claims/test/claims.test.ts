import { describe, expect, test } from 'vitest';
import {
  checkRequirement,
  createAccess,
  createNoAccess,
  getClaim,
  getFlag,
  getFlags,
  getOrganization,
  getPermission,
  getPermissions,
  getProperties,
  getRole,
  getRoles,
  getUser,
  getUserOrganizations,
  has,
} from '../src/index.js';

const access = {
  sub: 'kp_1',
  org_code: 'org_acme',
  org_name: 'Acme',
  permissions: ['create:todos', 'read:todos'],
  roles: [{ id: 'role_1', key: 'admin', name: 'Administrator' }],
  feature_flags: {
    theme: { t: 's', v: 'ocean' },
    empty: { t: 's', v: '' },
    beta_ui: { t: 'b', v: true },
    off: { t: 'b', v: false },
    limit: { t: 'i', v: 5 },
    zero: { t: 'i', v: 0 },
    limits: { t: 'j', v: { rpm: 60 } },
  },
};

describe('permissions', () => {
  test('a held permission is granted, in the organization of the token', () => {
    expect(getPermission(access, 'create:todos')).toEqual({
      permissionKey: 'create:todos',
      orgCode: 'org_acme',
      isGranted: true,
    });
    expect(getPermissions(access)).toEqual({
      orgCode: 'org_acme',
      permissions: ['create:todos', 'read:todos'],
    });
  });

  test.each([
    'create:todo',
    'CREATE:TODOS',
    ' create:todos',
    'create:*',
    '*',
    'create:todos:all',
    '__proto__',
    'toString',
    '',
  ])('PM-05 PM-07 PM-18 %j is not held', (key) =>
    expect(getPermission(access, key).isGranted).toBe(false),
  );

  test('PM-06 a permission that looks like a wildcard matches only itself', () => {
    const claims = { permissions: ['*', 'admin:*', 'read:*'] };
    expect(getPermission(claims, 'read:users').isGranted).toBe(false);
    expect(getPermission(claims, 'read:*').isGranted).toBe(true);
  });

  test.each([undefined, null, {}, 'create:todos', [null, 1, { a: 1 }, ['create:todos']]])(
    'PM-03 %j as permissions grants nothing',
    (permissions) => {
      expect(getPermission({ permissions }, 'create:todos').isGranted).toBe(false);
      expect(getPermissions({ permissions }).permissions).toEqual([]);
    },
  );

  test('claims are never read from the prototype', () => {
    const claims = Object.create({ permissions: ['admin'], org_code: 'org_evil' });
    expect(getPermission(claims, 'admin')).toEqual({
      permissionKey: 'admin',
      orgCode: null,
      isGranted: false,
    });
  });
});

describe('roles', () => {
  test('are found by key, never by name', () => {
    expect(getRole(access, 'admin')).toEqual({
      id: 'role_1',
      key: 'admin',
      name: 'Administrator',
      orgCode: 'org_acme',
      isGranted: true,
    });
    expect(getRole(access, 'Administrator').isGranted).toBe(false);
  });

  test.each([null, 'admin', { key: 'admin' }, ['admin', null, { key: 5 }]])(
    '%j as roles holds none',
    (roles) => {
      expect(getRoles({ roles }).roles).toEqual([]);
    },
  );
});

describe('feature flags', () => {
  test('have the type of the fallback, and falsy values are values', () => {
    expect(getFlag(access, 'theme', 'plain')).toEqual({
      code: 'theme',
      type: 'string',
      value: 'ocean',
      isDefault: false,
    });
    expect(getFlag(access, 'empty', 'plain').value).toBe('');
    expect(getFlag(access, 'off', true).value).toBe(false);
    expect(getFlag(access, 'zero', 9).value).toBe(0);
    expect(getFlag(access, 'limits', {}).value).toEqual({ rpm: 60 });
  });

  test('FL-01 a missing flag is the fallback and says so', () => {
    expect(getFlag(access, 'nope', 'plain')).toEqual({
      code: 'nope',
      type: 'string',
      value: 'plain',
      isDefault: true,
    });
    expect(getFlag(access, 'nope')).toEqual({
      code: 'nope',
      type: null,
      value: undefined,
      isDefault: true,
    });
  });

  test.each([
    ['FL-02', { t: 'b', v: 'false' }, false],
    ['FL-03', { t: 'i', v: 'NaN' }, 7],
    ['FL-03', { t: 'i', v: 1.5 }, 7],
    ['FL-03', { t: 'i', v: '' }, 7],
    ['FL-03', { t: 'i', v: [5] }, 7],
    ['FL-03', { t: 'i', v: true }, 7],
    ['FL-04', { t: 'i', v: 2 ** 53 }, 7],
    ['FL-05', { t: 's', v: 'true' }, false],
    ['FL-06', { v: true }, false],
    ['FL-06', null, false],
  ])('%s %j is malformed or of another type, so the fallback counts', (_id, flag, fallback) => {
    expect(getFlag({ feature_flags: { x: flag } }, 'x', fallback)).toMatchObject({
      value: fallback,
      isDefault: true,
    });
  });

  test.each([[[]], ['text'], [null], [5]])(
    'FL-06 %j instead of flags holds none',
    (feature_flags) => {
      expect(getFlag({ feature_flags }, 'x', true)).toMatchObject({ value: true, isDefault: true });
      expect(Object.keys(getFlags({ feature_flags }))).toEqual([]);
    },
  );

  test('FL-07 a flag called __proto__ is just a flag', () => {
    const claims = JSON.parse('{"feature_flags":{"__proto__":{"t":"s","v":"plain"}}}');
    expect(getFlag(claims, '__proto__', 'x').value).toBe('plain');
    expect(getFlags(claims)['__proto__']?.value).toBe('plain');
    expect(({} as { v?: unknown }).v).toBeUndefined();
    expect(getFlag(access, 'constructor', 'x').isDefault).toBe(true);
  });
});

describe('organizations', () => {
  test('current and all, with names where the token has them', () => {
    expect(getOrganization(access)).toEqual({ orgCode: 'org_acme', orgName: 'Acme' });
    expect(getOrganization({})).toBeNull();
    const id = {
      org_codes: ['org_acme', 'org_b'],
      organizations: [{ id: 'org_acme', name: 'Acme' }],
    };
    expect(getUserOrganizations(id)).toEqual({
      orgCodes: ['org_acme', 'org_b'],
      orgs: [
        { code: 'org_acme', name: 'Acme' },
        { code: 'org_b', name: 'org_b' },
      ],
    });
    expect(getUserOrganizations({ org_codes: null, organizations: [null, { id: 1 }] })).toEqual({
      orgCodes: [],
      orgs: [],
    });
  });
});

test('PM-13 belonging to an organization is no permission there', () => {
  const caller = createAccess(access, { org_codes: ['org_acme', 'org_b'] });
  expect(caller.getUserOrganizations().orgCodes).toContain('org_b');
  expect(caller.has({ organization: 'org_b' })).toBe(false);
  expect(caller.has({ permissions: 'create:todos', organization: 'org_b' })).toBe(false);
});

test('properties are read from either token, and only well-formed ones', () => {
  const claims = {
    user_properties: {
      kp_usr_city: { v: 'London' },
      broken: 'x',
      empty: { v: null },
      __proto__: { v: 1 },
    },
    organization_properties: { tier: { v: 'pro', t: 's' } },
  };
  expect({ ...getProperties(claims) }).toEqual({ kp_usr_city: 'London' });
  const caller = createAccess(claims, { user_properties: { kp_usr_job_title: { v: 'Engineer' } } });
  expect(caller.getProperties()).toEqual({ kp_usr_city: 'London', kp_usr_job_title: 'Engineer' });
  expect(caller.getProperties('organization')).toEqual({ tier: 'pro' });
  for (const value of [null, [], 'x', 5]) {
    expect(Object.keys(getProperties({ application_properties: value }, 'application'))).toEqual(
      [],
    );
  }
});

test('tokens mapped for Hasura answer the same', () => {
  const claims = {
    'x-hasura-org-code': 'org_acme',
    'x-hasura-permissions': ['a'],
    'x-hasura-feature-flags': { f: { t: 'b', v: true } },
  };
  expect(getPermission(claims, 'a')).toMatchObject({ orgCode: 'org_acme', isGranted: true });
  expect(getFlag(claims, 'f', false).value).toBe(true);
  expect(getClaim({ 'x-hasura-user_properties': { a: 1 } }, 'user_properties').value).toEqual({
    a: 1,
  });
});

test('a user has what the ID token tells and nothing else', () => {
  expect(
    getUser({
      sub: 'kp_1',
      email: 'ada@example.com',
      given_name: 'Ada',
      picture: null,
      email_verified: true,
    }),
  ).toEqual({
    id: 'kp_1',
    email: 'ada@example.com',
    givenName: 'Ada',
    emailVerified: true,
  });
});

describe('has', () => {
  test('PM-08 everything that is named must hold', () => {
    const held = { permissions: 'create:todos', roles: 'admin', flags: 'beta_ui' };
    const missing = { permissions: 'x', roles: 'x', flags: 'off' };
    for (let bits = 0; bits < 8; bits++) {
      const pick = (kind: keyof typeof held, bit: number) => ({
        [kind]: bits & bit ? held[kind] : missing[kind],
      });
      const requirement = { ...pick('permissions', 1), ...pick('roles', 2), ...pick('flags', 4) };
      expect(has(access, requirement), JSON.stringify(requirement)).toBe(bits === 7);
    }
  });

  test('flags are asked by exact value', () => {
    expect(has(access, { flags: { theme: 'ocean', limit: 5 } })).toBe(true);
    expect(has(access, { flags: { theme: 'ocean', limit: 6 } })).toBe(false);
    expect(has(access, { flags: ['beta_ui', 'theme'] })).toBe(false);
  });

  test.each(['org_b', 'ORG_ACME', 'org_acme ', 'org_acme/', 'org_acme\u200b', 'ｏrg_acme'])(
    'PM-10 PM-11 PM-12 PM-19 organization %j is another one',
    (organization) => {
      expect(has(access, { permissions: 'create:todos', organization })).toBe(false);
      expect(has(access, { permissions: 'create:todos', organization: 'org_acme' })).toBe(true);
      expect(has({ ...access, org_code: undefined }, { organization })).toBe(false);
    },
  );

  test.each([
    { permision: 'a' },
    { permissions: [] },
    { permissions: '' },
    { permissions: undefined },
    { flags: {} },
    { roles: [1] },
  ])('PM-04 PM-09 %j is refused as a mistake', (requirement) =>
    expect(() => checkRequirement(requirement as never)).toThrow(TypeError),
  );

  test('PM-01 FL-08 nobody has anything, not even with a default', () => {
    const nobody = createNoAccess();
    expect(nobody.has({})).toBe(false);
    expect(nobody.has({ flags: 'beta_ui' })).toBe(false);
    expect(nobody.getPermission('a').isGranted).toBe(false);
    expect(nobody.getFlag('beta_ui', true)).toMatchObject({ value: true, isDefault: true });
    expect(nobody.getOrganization()).toBeNull();
  });

  test('the methods are the free functions', () => {
    const caller = createAccess(access, { org_codes: ['org_acme'], nonce: 'n' });
    expect(caller.getPermission('read:todos')).toEqual(getPermission(access, 'read:todos'));
    expect(caller.getFlag('theme', 'plain')).toEqual(getFlag(access, 'theme', 'plain'));
    expect(caller.getUserOrganizations().orgCodes).toEqual(['org_acme']);
    expect(caller.getClaim('nonce', 'id_token')).toEqual({ name: 'nonce', value: 'n' });
    expect(caller.getClaim('nonce')).toEqual({ name: 'nonce', value: null });
  });
});
