import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, int, nothing, page, reply, several, text } from '../schema.js';
import { byNameOrEmail, factor } from './entities.js';

/** Members of an organization. `roles` and `permissions` keep those who have all of them. */
export const list = op({
  route: 'GET /api/v1/organizations/{org_code}/users',
  scope: 'read:organization_users',
  query: {
    ...page,
    sort: v.optional(byNameOrEmail),
    permissions: v.optional(several),
    roles: v.optional(several),
  },
  returns: answer({
    organization_users: v.array(
      v.object({
        id: v.nullable(text),
        email: v.nullable(text),
        full_name: v.nullable(text),
        last_name: v.nullable(text),
        first_name: v.nullable(text),
        picture: v.nullable(text),
        joined_on: text,
        last_accessed_on: v.nullable(text),
        is_suspended: bool,
        roles: v.array(text),
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'organization_users' },
});

/** Changes up to 100 members; `operation: "delete"` removes one. */
export const update = op({
  route: 'PATCH /api/v1/organizations/{org_code}/users',
  scope: 'update:organization_users',
  body: {
    users: v.array(
      v.strictObject({
        id: text,
        operation: v.optional(v.picklist(['delete'])),
        roles: v.optional(v.array(text)),
        permissions: v.optional(v.array(text)),
      }),
    ),
  },
  returns: answer({
    users_added: v.array(text),
    users_updated: v.array(text),
    users_removed: v.array(text),
  }),
  repeatable: true,
});

/** Adds up to 100 users to an organization. Roles and permissions are keys. */
export const add = op({
  route: 'POST /api/v1/organizations/{org_code}/users',
  scope: 'create:organization_users',
  body: {
    users: v.array(
      v.strictObject({
        id: text,
        roles: v.optional(v.array(text)),
        permissions: v.optional(v.array(text)),
      }),
    ),
  },
  returns: answer({ users_added: v.array(text) }),
  deviations: ['users who are members already are missing from users_added'],
});

/** Roles of a member. */
export const listRoles = op({
  route: 'GET /api/v1/organizations/{org_code}/users/{user_id}/roles',
  scope: 'read:organization_user_roles',
  returns: answer({
    roles: v.array(
      v.object({
        id: text,
        key: text,
        name: text,
      }),
    ),
    next_token: v.nullable(text),
  }),
  deviations: [
    'names a next_token, but takes none',
    'an empty list may be null; it is made [] here',
  ],
});

/** Gives a member a role, by its id. */
export const addRole = op({
  route: 'POST /api/v1/organizations/{org_code}/users/{user_id}/roles',
  scope: 'create:organization_user_roles',
  body: { role_id: text },
  returns: reply,
});

/** Takes a role from a member. */
export const removeRole = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}/roles/{role_id}',
  scope: 'delete:organization_user_roles',
  returns: reply,
});

/** Members who have a role: ids only. */
export const listByRole = op({
  route: 'GET /api/v1/organizations/{org_code}/roles/{role_id}/users',
  scope: 'read:organization_user_roles',
  query: { ...page },
  returns: answer({ users: v.array(v.object({ id: text })), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'users' },
});

/** Counts the members who have a role. */
export const countByRole = op({
  route: 'GET /api/v1/organizations/{org_code}/roles/{role_id}/users/count',
  scope: 'read:organization_user_roles',
  returns: answer({ count: int }),
});

/** Counts the members with a role who were active between two times, at most three days apart. */
export const countActiveByRole = op({
  route: 'GET /api/v1/organizations/{org_code}/roles/{role_id}/active_users/count',
  scope: 'read:organization_user_roles',
  query: { date_time_from: text, date_time_to: text },
  returns: answer({
    active_users_count: int,
    date_time_from: text,
    date_time_to: text,
  }),
});

/** Permissions of a member, direct ones and those of roles. */
export const listPermissions = op({
  route: 'GET /api/v1/organizations/{org_code}/users/{user_id}/permissions',
  scope: 'read:organization_user_permissions',
  query: { expand: v.optional(several) },
  returns: answer({
    permissions: v.array(
      v.object({
        id: text,
        key: text,
        name: text,
        description: text,
        roles: v.optional(v.array(v.object({ id: text, key: text }))),
      }),
    ),
  }),
});

/** Gives a member a permission directly, by its id. */
export const addPermission = op({
  route: 'POST /api/v1/organizations/{org_code}/users/{user_id}/permissions',
  scope: 'create:organization_user_permissions',
  body: { permission_id: text },
  returns: reply,
});

/** Takes a direct permission from a member. */
export const removePermission = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}/permissions/{permission_id}',
  scope: 'delete:organization_user_permissions',
  returns: reply,
});

/** Removes a user from an organization. */
export const remove = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}',
  scope: 'delete:organization_users',
  returns: reply,
});

/** Lets a member have a scope of an API. */
export const grantScope = op({
  route: 'POST /api/v1/organizations/{org_code}/users/{user_id}/apis/{api_id}/scopes/{scope_id}',
  scope: 'create:organization_user_api_scopes',
  returns: nothing,
});

/** Takes a scope of an API from a member. */
export const revokeScope = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}/apis/{api_id}/scopes/{scope_id}',
  scope: 'delete:organization_user_api_scopes',
  returns: nothing,
});

/** Second factors of a member. */
export const getMfa = op({
  route: 'GET /api/v1/organizations/{org_code}/users/{user_id}/mfa',
  scope: 'read:organization_user_mfa',
  returns: answer({ mfa: factor }),
  deviations: ['described as one object; may be a list'],
});

/** Removes all second factors of a member. */
export const resetMfa = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}/mfa',
  scope: 'delete:organization_user_mfa',
  returns: reply,
});

/** Removes one second factor of a member. */
export const resetMfaFactor = op({
  route: 'DELETE /api/v1/organizations/{org_code}/users/{user_id}/mfa/{factor_id}',
  scope: 'delete:organization_user_mfa',
  returns: reply,
});
