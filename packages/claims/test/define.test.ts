import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createEmulator } from '@kindling/emulator';
import { expect, test } from 'vitest';
import { checkDrift, defineKinde } from '../src/index.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('mistyped permissions, roles, flags and values are compile errors, and nothing else is', () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'test/types/tsconfig.json'],
    { cwd: root, encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([0, '']);
}, 60_000);

test('a declared tenant seeds the emulator', async () => {
  const tenant = defineKinde({
    permissions: { 'read:todos': 'See todos' },
    roles: { viewer: { name: 'Viewer', permissions: ['read:todos'] } },
    flags: { theme: { type: 's', value: 'ocean', values: ['ocean', 'forest'] } },
    organizations: { org_acme: { name: 'Acme', flags: { theme: 'forest' } } },
    people: [{ email: 'ada@example.com', organizations: { org_acme: { roles: ['viewer'] } } }],
  });
  const { state } = await createEmulator({ strict: true, seed: tenant });
  expect(state.people.map(({ email }) => email)).toEqual(['ada@example.com']);
  state.organizations['org_acme']!.flags!['theme'] = 'ocean';
  expect(tenant.organizations!.org_acme.flags!.theme).toBe('forest');
  expect(
    (await createEmulator({ strict: true, seed: { permissions: {}, roles: {}, flags: {} } })).state
      .people,
  ).toEqual([]);
});

test('a value that a flag may not have is a problem of the seed', async () => {
  const flags = { theme: { type: 's', value: 'desert', values: ['ocean'] } } as const;
  await expect(
    createEmulator({ strict: true, seed: { permissions: {}, roles: {}, flags } }),
  ).rejects.toThrow('not one of its values');
});

test('what a tenant has and what is declared are compared, difference by difference', () => {
  const tenant = defineKinde({
    permissions: { 'read:todos': '', 'create:todos': '' },
    roles: {
      viewer: { name: 'Viewer', permissions: ['read:todos'] },
      admin: { name: 'Admin', permissions: ['read:todos', 'create:todos'] },
    },
    flags: { theme: { type: 's', value: 'ocean' }, limit: { type: 'i', value: 1 } },
  });
  const same = {
    permissions: [{ key: 'read:todos' }, { key: 'create:todos' }],
    roles: [
      { key: 'viewer', permissions: ['read:todos'] },
      { key: 'admin', permissions: ['create:todos', 'read:todos'] },
    ],
    flags: [
      { key: 'theme', type: 'str' },
      { key: 'limit', type: 'integer' },
    ],
  };
  expect(checkDrift(tenant, same)).toEqual([]);
  const drifted = {
    permissions: [{ key: 'read:todos' }, { key: 'fly' }],
    roles: [
      { key: 'viewer', permissions: ['fly'] },
      { key: 'constructor', permissions: [] },
    ],
    flags: [{ key: 'theme', type: 'bool' }],
  };
  expect(
    checkDrift(tenant, drifted).map(({ kind, key, difference }) => `${kind} ${key} ${difference}`),
  ).toEqual([
    'permission create:todos missing',
    'permission fly undeclared',
    'role admin missing',
    'role constructor undeclared',
    'flag limit missing',
    'role viewer different',
    'flag theme different',
  ]);
  expect(checkDrift(tenant, drifted).at(-2)!.detail).toBe(
    'The role viewer lacks read:todos and also has fly at Kinde.',
  );
});
