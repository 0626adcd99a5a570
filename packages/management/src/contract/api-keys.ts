import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, int, pageSize, reply, text } from '../schema.js';

const apiKey = {
  id: text,
  name: text,
  type: text,
  status: text,
  key_prefix: text,
  key_suffix: v.nullable(text),
  created_on: text,
  last_verified_on: v.nullable(text),
  last_verified_ip: v.nullable(text),
  created_by: v.nullable(text),
  api_ids: v.array(text),
  scopes: v.array(text),
};

/** API keys of the environment, newest page first as Kinde orders them. */
export const list = op({
  route: 'GET /api/v1/api_keys',
  scope: 'read:api_keys',
  query: {
    page_size: v.optional(pageSize),
    starting_after: v.optional(text),
    key_type: v.optional(v.picklist(['organization', 'user'])),
    status: v.optional(v.picklist(['active', 'inactive', 'revoked'])),
    user_id: v.optional(text),
    org_code: v.optional(text),
  },
  returns: answer({
    has_more: bool,
    api_keys: v.array(v.object(apiKey)),
  }),
  paging: { by: 'id', items: 'api_keys' },
});

/** One API key, without its secret. */
export const get = op({
  route: 'GET /api/v1/api_keys/{key_id}',
  scope: 'read:api_keys',
  returns: answer({
    api_key: v.object({
      ...apiKey,
      verification_count: v.nullable(int),
      organization_id: v.nullable(text),
      user_id: v.nullable(text),
    }),
  }),
});

/** Makes an API key. Its secret is in this answer and never again. */
export const create = op({
  route: 'POST /api/v1/api_keys',
  scope: 'create:api_keys',
  status: 201,
  body: {
    name: text,
    type: v.picklist(['user', 'organization', 'environment']),
    api_id: text,
    scope_ids: v.optional(v.nullable(v.array(text))),
    user_id: v.optional(v.nullable(text)),
    org_code: v.optional(v.nullable(text)),
  },
  returns: answer({ api_key: v.object({ id: text, key: text }) }),
});

/** Revokes an API key. */
export const remove = op({
  route: 'DELETE /api/v1/api_keys/{key_id}',
  scope: 'delete:api_keys',
  returns: reply,
});

/** Replaces the secret of a key; the old one stops working. */
export const rotate = op({
  route: 'PUT /api/v1/api_keys/{key_id}',
  scope: 'update:api_keys',
  status: 201,
  returns: answer({ api_key: v.object({ id: text, key: text }) }),
  repeatable: false,
});

/** Verifies an API key that a client presented, and returns what it may do. Needs no scope. */
export const verify = op({
  route: 'POST /api/v1/api_keys/verify',
  scope: null,
  body: { api_key: text },
  returns: answer({
    is_valid: bool,
    key_id: text,
    status: text,
    scopes: v.array(text),
    org_code: v.nullable(text),
    user_id: v.nullable(text),
    last_verified_on: v.nullable(text),
    verification_count: int,
  }),
  repeatable: true,
});
