import * as v from 'valibot';
import { op } from '../op.js';
import { answer, page, text } from '../schema.js';
import { byNameOrEmail } from './entities.js';

/** Lists the subscribers. */
export const list = op({
  route: 'GET /api/v1/subscribers',
  scope: 'read:subscribers',
  query: { ...page, sort: v.optional(byNameOrEmail) },
  returns: answer({
    subscribers: v.array(
      v.object({
        id: text,
        email: v.nullable(text),
        full_name: v.nullable(text),
        first_name: v.nullable(text),
        last_name: v.nullable(text),
      }),
    ),
    next_token: v.nullable(text),
  }),
  paging: { by: 'token', items: 'subscribers' },
});

/** One subscriber. */
export const get = op({
  route: 'GET /api/v1/subscribers/{subscriber_id}',
  scope: 'read:subscribers',
  returns: answer({
    subscribers: v.array(
      v.object({
        id: text,
        preferred_email: v.nullable(text),
        first_name: v.nullable(text),
        last_name: v.nullable(text),
      }),
    ),
  }),
  deviations: ['answers a list'],
});

/** Adds a subscriber. */
export const create = op({
  route: 'POST /api/v1/subscribers',
  scope: 'create:subscribers',
  status: 201,
  query: {
    first_name: text,
    last_name: text,
    email: text,
  },
  returns: v.object({ subscriber: v.object({ subscriber_id: text }) }),
  deviations: ['values travel in the query'],
});
