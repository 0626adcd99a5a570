import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, nothing, reply, text } from '../schema.js';
import { change } from './entities.js';

const scope = v.object({
  id: text,
  key: text,
  description: text,
});
/** APIs that tokens can be issued for. */
export const list = op({
  route: 'GET /api/v1/apis',
  scope: 'read:apis',
  query: { expand: v.optional(v.picklist(['scopes'])) },
  returns: answer({
    next_token: v.optional(v.nullable(text)),
    apis: v.array(
      v.object({
        id: text,
        name: text,
        audience: text,
        is_management_api: bool,
        scopes: v.optional(v.array(v.object({ id: text, key: text }))),
      }),
    ),
  }),
  deviations: ['names a next_token, but takes none'],
});

/** One API, with its scopes and the applications that may use it. */
export const get = op({
  route: 'GET /api/v1/apis/{api_id}',
  scope: 'read:apis',
  returns: answer({
    api: v.object({
      id: text,
      name: text,
      audience: text,
      is_management_api: bool,
      scopes: v.array(v.object({ id: text, key: text })),
      applications: v.optional(
        v.array(
          v.object({
            id: text,
            name: text,
            type: text,
            is_active: v.nullable(bool),
          }),
        ),
      ),
    }),
  }),
});

/** Registers an API by its audience. */
export const create = op({
  route: 'POST /api/v1/apis',
  scope: 'create:apis',
  body: { name: text, audience: text },
  returns: answer({ api: v.object({ id: text }) }),
});

/** Removes an API. */
export const remove = op({
  route: 'DELETE /api/v1/apis/{api_id}',
  scope: 'delete:apis',
  returns: reply,
});

/** Scopes of an API. */
export const listScopes = op({
  route: 'GET /api/v1/apis/{api_id}/scopes',
  scope: 'read:api_scopes',
  returns: answer({ scopes: v.array(scope) }),
});

/** Adds a scope to an API. */
export const createScope = op({
  route: 'POST /api/v1/apis/{api_id}/scopes',
  scope: 'create:api_scopes',
  body: { key: text, description: v.optional(text) },
  returns: answer({ scope: v.object({ id: text }) }),
});

/** One scope of an API. */
export const getScope = op({
  route: 'GET /api/v1/apis/{api_id}/scopes/{scope_id}',
  scope: 'read:api_scopes',
  returns: answer({ scope: scope }),
});

/** Changes what a scope says about itself. */
export const updateScope = op({
  route: 'PATCH /api/v1/apis/{api_id}/scopes/{scope_id}',
  scope: 'update:api_scopes',
  body: { description: v.optional(text) },
  returns: nothing,
  repeatable: true,
});

/** Removes a scope from an API. */
export const removeScope = op({
  route: 'DELETE /api/v1/apis/{api_id}/scopes/{scope_id}',
  scope: 'delete:apis_scopes',
  returns: nothing,
  deviations: ['the scope for this is spelled delete:apis_scopes'],
});

/** Says which applications may ask for tokens of an API; `operation: "delete"` takes one away. */
export const setApplications = op({
  route: 'PATCH /api/v1/apis/{api_id}/applications',
  scope: 'update:apis',
  body: { applications: v.array(change) },
  returns: answer({
    applications_disconnected: v.array(text),
    applications_connected: v.array(text),
  }),
  repeatable: true,
});

/** Lets an application have a scope of an API. */
export const grantApplicationScope = op({
  route: 'POST /api/v1/apis/{api_id}/applications/{application_id}/scopes/{scope_id}',
  scope: 'create:api_application_scopes',
  returns: nothing,
});

/** Takes a scope of an API from an application. */
export const revokeApplicationScope = op({
  route: 'DELETE /api/v1/apis/{api_id}/applications/{application_id}/scopes/{scope_id}',
  scope: 'delete:apis_application_scopes',
  returns: nothing,
  deviations: ['the scope for this is spelled delete:apis_application_scopes'],
});
