import * as v from 'valibot';
import { op } from '../op.js';
import { answer, around, bool, reply, text } from '../schema.js';

/** Definitions of properties. */
export const list = op({
  route: 'GET /api/v1/properties',
  scope: 'read:properties',
  query: { ...around, context: v.optional(v.picklist(['usr', 'org', 'app'])) },
  returns: answer({
    properties: v.array(
      v.object({
        id: text,
        key: text,
        name: text,
        is_private: bool,
        description: text,
        is_kinde_property: bool,
      }),
    ),
    has_more: bool,
  }),
  paging: { by: 'id', items: 'properties' },
});

/** Defines a property of users, organizations or applications. */
export const create = op({
  route: 'POST /api/v1/properties',
  scope: 'create:properties',
  status: 201,
  body: {
    name: text,
    description: v.optional(text),
    key: text,
    type: v.picklist(['single_line_text', 'multi_line_text']),
    context: v.picklist(['org', 'usr', 'app']),
    is_private: bool,
    category_id: text,
  },
  returns: answer({ property: v.object({ id: text }) }),
});

/** Changes the definition of a property. */
export const update = op({
  route: 'PUT /api/v1/properties/{property_id}',
  scope: 'update:properties',
  body: {
    name: text,
    description: v.optional(text),
    is_private: bool,
    category_id: text,
  },
  returns: reply,
});

/** Removes a property and its values. */
export const remove = op({
  route: 'DELETE /api/v1/properties/{property_id}',
  scope: 'delete:properties',
  returns: reply,
});
