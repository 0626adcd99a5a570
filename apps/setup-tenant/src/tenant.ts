import { defineKinde } from '@kindling/claims';

/** What the todo product needs of its tenant. */
export const tenant = defineKinde({
  permissions: {
    'create:todos': 'Add todos',
    'read:todos': 'See todos',
    'update:todos': 'Tick todos off',
    'delete:todos': 'Remove todos',
    'read:members': 'See who is in the organization',
    'update:members': 'Change what people in the organization may do',
  },
  roles: {
    owner: {
      name: 'Owner',
      permissions: [
        'create:todos',
        'read:todos',
        'update:todos',
        'delete:todos',
        'read:members',
        'update:members',
      ],
    },
    guest: {
      name: 'Guest',
      permissions: ['read:todos'],
      isDefault: true,
    },
  },
  flags: {
    theme: { type: 's', value: 'ocean' },
    todo_limit: { type: 'i', value: 5 },
    beta_ui: { type: 'b', value: false },
  },
  organizations: {
    org_initech: { name: 'Initech', flags: { todo_limit: 12, theme: 'forest' } },
    org_hooli: { name: 'Hooli' },
  },
  people: [
    {
      email: 'ada@example.com',
      givenName: 'Ada',
      familyName: 'Lovelace',
      organizations: { org_initech: { roles: ['owner'] }, org_hooli: { roles: ['guest'] } },
    },
    {
      email: 'grace@example.com',
      givenName: 'Grace',
      familyName: 'Hopper',
      organizations: { org_initech: { roles: ['guest'], permissions: ['create:todos'] } },
    },
  ],
});

/** The API that machines call, and what they may be allowed there. */
export const api = {
  name: 'Todos API',
  audience: 'https://api.todos.example',
  scopes: { 'read:reports': 'Read reports', 'write:reports': 'Write reports' },
} as const;
