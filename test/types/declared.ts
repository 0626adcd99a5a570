// Compiled, not run: with a declared tenant, each line below `@ts-expect-error` must be a compile error, and no other.
import {
  defineKinde,
  getFlag,
  getPermission,
  has,
  type Auth,
  type Requirement,
} from '@kindling/core';
import { createEmulator } from '@kindling/emulator';
import { protect } from '@kindling/express';
import { protect as protectFastify } from '@kindling/fastify';

const tenant = defineKinde({
  permissions: { 'create:todos': 'Add todos', 'read:todos': 'See todos' },
  roles: {
    admin: { name: 'Administrator', permissions: ['create:todos', 'read:todos'] },
    viewer: { name: 'Viewer', permissions: ['read:todos'], isDefault: true },
  },
  flags: {
    theme: { type: 's', value: 'ocean', values: ['ocean', 'forest'] },
    todo_limit: { type: 'i', value: 5 },
    beta_ui: { type: 'b', value: false },
  },
  organizations: {
    org_acme: { name: 'Acme', flags: { todo_limit: 8, theme: 'forest' } },
    org_hooli: { name: 'Hooli' },
  },
  people: [
    {
      email: 'ada@example.com',
      organizations: {
        org_acme: { roles: ['admin'], permissions: ['create:todos'] },
        org_hooli: {},
      },
    },
    { email: 'grace@example.com', organizations: { org_acme: { roles: ['viewer'] } } },
  ],
});

declare global {
  namespace Kindling {
    interface Register {
      tenant: typeof tenant;
    }
  }
}

declare const auth: Auth;
const claims = {};

// The declared keys are accepted, and values have the declared types.
auth.getPermission('create:todos');
auth.getRole('viewer');
export const theme: 'ocean' | 'forest' = auth.getFlag('theme', 'ocean').value;
export const limit: number = getFlag(claims, 'todo_limit', 3).value;
export const maybe: boolean | undefined = auth.getFlag('beta_ui').value;
auth.has({
  permissions: ['create:todos', 'read:todos'],
  roles: 'admin',
  flags: { theme: 'forest', beta_ui: true },
});
protect({ permissions: 'create:todos' }, { live: true });
protectFastify({ flags: 'beta_ui' });
void createEmulator({ strict: true, seed: tenant });

const whole = defineKinde({
  permissions: { 'read:todos': 'See todos' },
  roles: { viewer: { name: 'Viewer', permissions: ['read:todos'] } },
  flags: {},
  organizations: {
    org_acme: { name: 'Acme', handle: 'acme', entitlements: { seats: { name: 'Seats' } } },
  },
  people: {
    ada: {
      email: 'ada@example.com',
      password: 'secret',
      organizations: { org_acme: { roles: ['viewer'] } },
    },
    grace: { email: 'grace@example.com', externalId: '7', properties: { city: 'London' } },
  },
  applications: [{ name: 'App', type: 'reg', callbacks: ['/callback'] }],
  apis: [{ audience: 'https://api.example', name: 'API', scopes: ['read:reports'] }],
  webhooks: [{ endpoint: 'http://localhost:3000/hook', events: ['user.created'] }],
  invitations: [{ email: 'new@example.com', organization: 'org_acme', roles: ['viewer'] }],
});
void createEmulator({ seed: whole });
export const names: readonly (keyof NonNullable<typeof whole.people>)[] = ['ada', 'grace'];
// @ts-expect-error a user who is not declared
export const nobody: keyof NonNullable<typeof whole.people> = 'alan';

// @ts-expect-error a mistyped permission
auth.getPermission('create:todo');
// @ts-expect-error a mistyped permission in the free function
getPermission(claims, 'create:todo');
// @ts-expect-error a mistyped permission in a guard
protect({ permissions: 'create:todo' });
// @ts-expect-error a mistyped permission in a list
protectFastify({ permissions: ['create:todos', 'delete:todos'] });
// @ts-expect-error a mistyped role
auth.getRole('admim');
// @ts-expect-error a mistyped role in a requirement
has(claims, { roles: 'Admin' });
// @ts-expect-error a mistyped flag
auth.getFlag('them');
// @ts-expect-error a fallback that the flag cannot have
auth.getFlag('theme', 'desert');
// @ts-expect-error a fallback of another type
auth.getFlag('todo_limit', 'five');
// @ts-expect-error a flag value that does not exist
auth.has({ flags: { theme: 'desert' } });
// @ts-expect-error a misspelt word
export const misspelt: Requirement = { permision: 'create:todos' };

const flags = { limit: { type: 'i', value: 5 } } as const;
const parts = { permissions: { 'read:todos': '' }, roles: {}, flags } as const;
const withRole = {
  ...parts,
  roles: { viewer: { name: 'Viewer', permissions: ['read:todos'] } },
} as const;
const organizations = { org_a: { name: 'A' } } as const;

// @ts-expect-error a role that names an unknown permission
defineKinde({ ...parts, roles: { viewer: { name: 'Viewer', permissions: ['read:todo'] } } });
// @ts-expect-error a flag whose value is not of its type
defineKinde({ ...parts, flags: { limit: { type: 'i', value: 'five' } } });
// @ts-expect-error a flag whose value is not one of its values
defineKinde({ ...parts, flags: { theme: { type: 's', value: 'desert', values: ['ocean'] } } });
// @ts-expect-error an organization that sets an unknown flag
defineKinde({ ...parts, organizations: { org_a: { name: 'A', flags: { limits: 5 } } } });
// @ts-expect-error an organization that sets a flag to another type
defineKinde({ ...parts, organizations: { org_a: { name: 'A', flags: { limit: 'five' } } } });
defineKinde({
  ...withRole,
  organizations,
  // @ts-expect-error a person in an unknown organization
  people: [{ email: 'a@b.c', organizations: { org_b: {} } }],
});
defineKinde({
  ...withRole,
  organizations,
  // @ts-expect-error a person in an object with an unknown role
  people: { ada: { email: 'a@b.c', organizations: { org_a: { roles: ['x'] } } } },
});
defineKinde({
  ...withRole,
  organizations,
  // @ts-expect-error a person with an unknown role
  people: [{ email: 'a@b.c', organizations: { org_a: { roles: ['x'] } } }],
});
