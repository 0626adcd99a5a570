import type { Seed } from './seed.js';

/** The tenant without the option `seed`: a todo product with two organizations and three users, whose roles differ between them. */
export const defaultSeed: Seed = {
  permissions: {
    'create:todos': 'Add todos',
    'read:todos': 'See todos',
    'update:todos': 'Tick todos off',
    'delete:todos': 'Remove todos',
    'read:members': 'See who is in the organization',
    'update:members': 'Change what people in the organization may do',
  },
  roles: {
    admin: {
      name: 'Administrator',
      permissions: [
        'create:todos',
        'read:todos',
        'update:todos',
        'delete:todos',
        'read:members',
        'update:members',
      ],
    },
    member: {
      name: 'Member',
      permissions: ['create:todos', 'read:todos', 'update:todos'],
      isDefault: true,
    },
    viewer: { name: 'Viewer', permissions: ['read:todos'] },
  },
  flags: {
    theme: { type: 's', value: 'ocean' },
    todo_limit: { type: 'i', value: 5 },
    beta_ui: { type: 'b', value: false },
    limits: { type: 'j', value: { exportsPerDay: 3 } },
  },
  organizations: {
    org_acme0rockets: {
      name: 'Acme Rockets',
      flags: { todo_limit: 8, beta_ui: true },
      entitlements: {
        exports: { name: 'Exports', max: 100 },
        support: { name: 'Priority support' },
      },
      allowRegistrations: true,
      isDefault: true,
    },
    org_globex0gardens: { name: 'Globex Gardens', flags: { theme: 'forest', todo_limit: 3 } },
  },
  people: [
    {
      email: 'ada@example.com',
      givenName: 'Ada',
      familyName: 'Lovelace',
      organizations: {
        org_acme0rockets: { roles: ['admin'] },
        org_globex0gardens: { roles: ['viewer'] },
      },
    },
    {
      email: 'grace@example.com',
      givenName: 'Grace',
      familyName: 'Hopper',
      organizations: { org_acme0rockets: { roles: ['member'] } },
    },
    {
      email: 'alan@example.com',
      givenName: 'Alan',
      familyName: 'Turing',
      organizations: { org_globex0gardens: { roles: ['viewer'] } },
    },
  ],
  apis: [
    {
      audience: 'https://api.todos.example',
      name: 'Todos API',
      scopes: ['read:reports', 'write:reports'],
    },
  ],
};
