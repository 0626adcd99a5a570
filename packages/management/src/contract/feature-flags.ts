import * as v from 'valibot';
import { op } from '../op.js';
import { reply, text } from '../schema.js';
import { flagType } from './entities.js';

/** Adds a feature flag. `default_value` is written as text for every type. */
export const create = op({
  route: 'POST /api/v1/feature_flags',
  scope: 'create:feature_flags',
  status: 201,
  body: {
    name: text,
    description: v.optional(text),
    key: text,
    type: flagType,
    allow_override_level: v.optional(v.picklist(['env', 'org', 'usr'])),
    default_value: text,
  },
  returns: reply,
});

/** Changes a feature flag. All five values must be sent again. */
export const update = op({
  route: 'PUT /api/v1/feature_flags/{feature_flag_key}',
  scope: 'update:feature_flags',
  query: {
    name: text,
    description: text,
    type: flagType,
    allow_override_level: v.picklist(['env', 'org']),
    default_value: text,
  },
  returns: reply,
  deviations: ['values travel in the query', 'allow_override_level cannot become usr'],
});

/** Removes a feature flag and all its overrides. */
export const remove = op({
  route: 'DELETE /api/v1/feature_flags/{feature_flag_key}',
  scope: 'delete:feature_flags',
  returns: reply,
});
