import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, page, reply, text } from '../schema.js';
import { byNameOrId, change, permission } from './entities.js';

/** Roles of the environment. */
export const list = op({
  route: 'GET /api/v1/roles',
  scope: 'read:roles',
  query: {
    ...page,
    sort: v.optional(v.picklist(['name_asc', 'name_desc', 'key_asc', 'key_desc'])),
  },
  returns: answer({
    roles: v.array(
      v.object({
        id: text,
        key: text,
        name: text,
        description: v.nullable(text),
        is_default_role: bool,
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'roles' },
});

/** One role. */
export const get = op({
  route: 'GET /api/v1/roles/{role_id}',
  scope: 'read:roles',
  returns: answer({
    role: v.object({
      id: text,
      key: text,
      name: text,
      description: text,
      is_default_role: bool,
    }),
  }),
});

/** Adds a role. */
export const create = op({
  route: 'POST /api/v1/roles',
  scope: 'create:roles',
  status: 201,
  body: {
    name: text,
    description: v.optional(text),
    key: text,
    is_default_role: v.optional(bool),
    assignment_permission_id: v.optional(v.nullable(text)),
  },
  returns: answer({ role: v.object({ id: text }) }),
});

/** Changes a role; `name` and `key` must be sent again. */
export const update = op({
  route: 'PATCH /api/v1/roles/{role_id}',
  scope: 'update:roles',
  status: 201,
  body: {
    name: text,
    description: v.optional(text),
    key: text,
    is_default_role: v.optional(bool),
    assignment_permission_id: v.optional(v.nullable(text)),
  },
  returns: reply,
  repeatable: true,
  deviations: [
    'answers 201',
    'an empty description does not clear the old one',
    'assignment_permission_id: NO_PERMISSION_REQUIRED clears it, null keeps it',
  ],
});

/** Deletes a role, also from all users who have it. */
export const remove = op({
  route: 'DELETE /api/v1/roles/{role_id}',
  scope: 'delete:roles',
  returns: reply,
});

/** Scopes that come with a role. */
export const listScopes = op({
  route: 'GET /api/v1/roles/{role_id}/scopes',
  scope: 'read:role_scopes',
  returns: answer({
    scopes: v.array(
      v.object({
        id: text,
        key: text,
        description: text,
        api_id: text,
      }),
    ),
  }),
});

/** Adds a scope to a role. */
export const addScope = op({
  route: 'POST /api/v1/roles/{role_id}/scopes',
  scope: 'create:role_scopes',
  status: 201,
  body: { scope_id: text },
  returns: reply,
});

/** Takes a scope from a role. */
export const removeScope = op({
  route: 'DELETE /api/v1/roles/{role_id}/scopes/{scope_id}',
  scope: 'delete:role_scopes',
  returns: reply,
});

/** Permissions of a role. */
export const listPermissions = op({
  route: 'GET /api/v1/roles/{role_id}/permissions',
  scope: 'read:role_permissions',
  query: { ...page, sort: v.optional(byNameOrId) },
  returns: answer({ permissions: v.array(permission), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'permissions' },
});

/** Adds permissions to a role by id; `operation: "delete"` takes one away. */
export const setPermissions = op({
  route: 'PATCH /api/v1/roles/{role_id}/permissions',
  scope: 'update:role_permissions',
  body: { permissions: v.array(change) },
  returns: answer({ permissions_added: v.array(text), permissions_removed: v.array(text) }),
  repeatable: true,
});

/** Lists the scopes of a role: its rights in Kinde itself. */
export const listSystemPermissions = op({
  route: 'GET /api/v1/roles/{role_id}/system_permissions',
  scope: 'read:role_system_permissions',
  query: { ...page, sort: v.optional(byNameOrId) },
  returns: answer({ system_permissions: v.array(permission), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'system_permissions' },
});

/** Changes what a role may do in Kinde itself; `operation: "delete"` takes one away. */
export const setSystemPermissions = op({
  route: 'PATCH /api/v1/roles/{role_id}/system_permissions',
  scope: 'update:role_system_permissions',
  body: { system_permissions: v.array(change) },
  returns: answer({
    system_permissions_added: v.array(text),
    system_permissions_removed: v.array(text),
  }),
  repeatable: true,
});

/** Lists the users who have a role, and in which organizations: ids only. */
export const listUsers = op({
  route: 'GET /api/v1/roles/{role_id}/users',
  scope: 'read:organization_user_roles',
  query: { ...page },
  returns: answer({
    users: v.array(v.object({ id: text, org_codes: v.array(text) })),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'users' },
  deviations: ['the scope for this is read:organization_user_roles'],
});

/** Takes a permission from a role. */
export const removePermission = op({
  route: 'DELETE /api/v1/roles/{role_id}/permissions/{permission_id}',
  scope: 'delete:role_permissions',
  returns: reply,
});

/** Lists all scopes that roles can have: rights in Kinde itself. */
export const listAllSystemPermissions = op({
  route: 'GET /api/v1/system_permissions',
  scope: 'read:system_permissions',
  query: { ...page, sort: v.optional(byNameOrId) },
  returns: answer({ system_permissions: v.array(permission), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'system_permissions' },
});
