import * as v from 'valibot';
import { op } from '../op.js';
import { answer, int, reply, text } from '../schema.js';

/** Webhooks of the environment. */
export const list = op({
  route: 'GET /api/v1/webhooks',
  scope: 'read:webhooks',
  returns: answer({
    webhooks: v.array(
      v.object({
        id: text,
        name: text,
        endpoint: text,
        description: text,
        event_types: v.array(text),
        created_on: text,
      }),
    ),
  }),
});

/** Sends events of these types to an address. */
export const create = op({
  route: 'POST /api/v1/webhooks',
  scope: 'create:webhooks',
  body: {
    endpoint: text,
    event_types: v.array(text),
    name: text,
    description: v.optional(v.nullable(text)),
  },
  returns: answer({ webhook: v.object({ id: text, endpoint: text }) }),
});

/** Changes a webhook. */
export const update = op({
  route: 'PATCH /api/v1/webhooks/{webhook_id}',
  scope: 'update:webhooks',
  body: {
    event_types: v.optional(v.array(text)),
    name: v.optional(text),
    description: v.optional(v.nullable(text)),
  },
  returns: answer({ webhook: v.object({ id: text }) }),
  repeatable: true,
});

/** One event, with its data. */
export const getEvent = op({
  route: 'GET /api/v1/events/{event_id}',
  scope: 'read:events',
  returns: answer({
    event: v.object({
      type: text,
      source: text,
      event_id: text,
      timestamp: int,
      data: v.record(text, v.unknown()),
    }),
  }),
});

/** Types of events that webhooks can ask for. */
export const listEventTypes = op({
  route: 'GET /api/v1/event_types',
  scope: 'read:event_types',
  returns: answer({
    event_types: v.array(
      v.object({
        id: text,
        code: text,
        name: text,
        origin: text,
        schema: v.record(text, v.unknown()),
      }),
    ),
  }),
});

/** Removes a webhook. */
export const remove = op({
  route: 'DELETE /api/v1/webhooks/{webhook_id}',
  scope: 'delete:webhooks',
  returns: reply,
});
