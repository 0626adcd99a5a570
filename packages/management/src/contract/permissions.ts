import * as v from 'valibot';
import { op } from '../op.js';
import { answer, page, reply, text } from '../schema.js';
import { byNameOrId, permission } from './entities.js';

/** Permissions of the environment. */
export const list = op({
  route: 'GET /api/v1/permissions',
  scope: 'read:permissions',
  query: { ...page, sort: v.optional(byNameOrId) },
  returns: answer({ permissions: v.array(permission), next_token: v.nullable(text) }),
  paging: { by: 'token', items: 'permissions' },
});

/** Adds a permission. */
export const create = op({
  route: 'POST /api/v1/permissions',
  scope: 'create:permissions',
  status: 201,
  body: {
    name: text,
    description: v.optional(text),
    key: text,
  },
  returns: answer({ permission: v.optional(v.object({ id: text })) }),
  deviations: ['described without an id in the answer; the service sends one'],
});

/** Changes a permission. */
export const update = op({
  route: 'PATCH /api/v1/permissions/{permission_id}',
  scope: 'update:permissions',
  body: {
    name: v.optional(text),
    description: v.optional(text),
    key: v.optional(text),
  },
  returns: reply,
  repeatable: true,
});

/** Removes a permission from the environment, its roles and members. */
export const remove = op({
  route: 'DELETE /api/v1/permissions/{permission_id}',
  scope: 'delete:permissions',
  returns: reply,
});
