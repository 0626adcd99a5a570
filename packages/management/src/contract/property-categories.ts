import * as v from 'valibot';
import { op } from '../op.js';
import { answer, around, bool, reply, text } from '../schema.js';

/** Groups of properties. */
export const list = op({
  route: 'GET /api/v1/property_categories',
  scope: 'read:property_categories',
  query: { ...around, context: v.optional(v.picklist(['usr', 'org'])) },
  returns: answer({ categories: v.array(v.object({ id: text, name: text })), has_more: bool }),
  paging: { by: 'id', items: 'categories' },
});

/** Adds a group of properties. */
export const create = op({
  route: 'POST /api/v1/property_categories',
  scope: 'create:property_categories',
  status: 201,
  body: { name: text, context: v.picklist(['org', 'usr', 'app']) },
  returns: answer({ category: v.object({ id: text }) }),
});

/** Renames a group of properties. */
export const update = op({
  route: 'PUT /api/v1/property_categories/{category_id}',
  scope: 'update:property_categories',
  body: { name: text },
  returns: reply,
});
