import * as v from 'valibot';
import { op } from '../op.js';
import { answer, bool, reply, text } from '../schema.js';

const variable = v.object({
  id: text,
  key: text,
  value: v.nullable(text),
  is_secret: bool,
  created_on: text,
});
/** Variables that workflows can read. */
export const list = op({
  route: 'GET /api/v1/environment_variables',
  scope: 'read:environment_variables',
  returns: answer({ has_more: bool, environment_variables: v.array(variable) }),
  deviations: ['says has_more, but takes no page'],
});

/** One variable. */
export const get = op({
  route: 'GET /api/v1/environment_variables/{variable_id}',
  scope: 'read:environment_variables',
  returns: answer({ environment_variable: variable }),
});

/** Adds a variable. The value of a secret one is never returned. */
export const create = op({
  route: 'POST /api/v1/environment_variables',
  scope: 'create:environment_variables',
  status: 201,
  body: {
    key: text,
    value: text,
    is_secret: v.optional(bool),
  },
  returns: answer({ environment_variable: v.object({ id: text }) }),
});

/** Changes a variable; what is not sent stays. */
export const update = op({
  route: 'PATCH /api/v1/environment_variables/{variable_id}',
  scope: 'update:environment_variables',
  body: {
    key: v.optional(text),
    value: v.optional(text),
    is_secret: v.optional(bool),
  },
  returns: reply,
  repeatable: true,
});

/** Removes a variable. */
export const remove = op({
  route: 'DELETE /api/v1/environment_variables/{variable_id}',
  scope: 'delete:environment_variables',
  returns: reply,
});
