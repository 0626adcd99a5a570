import { EVENT_TYPES } from '../../state/events.js';
import { idOf } from '../../state/ids.js';
import type { Webhook } from '../../state/resources.js';
import type { State } from '../../state/state.js';
import { isLoopback } from '../../webhooks/loopback.js';
import { invalidField, missing, notFound, ok, type Handlers } from '../envelope.js';
import { dateOf, newId } from '../lookup.js';

/** Webhooks, events and their types. */
export const webhooks: Handlers<'webhooks'> = {
  list: (_input, state) => ok({ webhooks: state.webhooks.map(toResponse) }),
  create({ endpoint, event_types: eventTypes, name, description }, state) {
    if (!isEndpoint(endpoint)) {
      return invalidField('endpoint', 'must be an https address, or one on this machine');
    }
    if (!areKnown(eventTypes)) {
      return invalidField('event_types', 'must be types of events, at least one');
    }
    const webhook: Webhook = {
      id: newId(state, 'webhook'),
      name,
      endpoint,
      description: description ?? '',
      eventTypes: [...eventTypes],
      createdAt: state.clock.now(),
    };
    state.webhooks.push(webhook);
    return ok({ webhook: { id: webhook.id, endpoint } });
  },
  update({ webhook_id: id, event_types: eventTypes, name, description }, state) {
    const webhook = find(state, id);
    if (!webhook) {
      return notFound('WEBHOOK');
    }
    if (eventTypes && !areKnown(eventTypes)) {
      return invalidField('event_types', 'must be types of events, at least one');
    }
    const changes = {
      ...(name && { name }),
      ...(typeof description === 'string' && { description }),
    };
    Object.assign(webhook, changes, eventTypes && { eventTypes: [...eventTypes] });
    // An endpoint that somebody looked after gets another try.
    delete webhook.failingSince;
    delete webhook.disabledAt;
    return ok({ webhook: { id } });
  },
  remove({ webhook_id: id }, state) {
    if (!find(state, id)) {
      return notFound('WEBHOOK');
    }
    state.webhooks = state.webhooks.filter((one) => one.id !== id);
    return ok({});
  },
  getEvent({ event_id: id }, state) {
    const event = state.events.get(id);
    if (!event) {
      return missing('EVENT');
    }
    const { type, source, at, data } = event;
    return ok({
      event: {
        type,
        source,
        event_id: id,
        timestamp: at,
        data: { ...data },
      },
    });
  },
  listEventTypes: () =>
    ok({
      event_types: Object.entries(EVENT_TYPES).map(([code, about]) => ({
        id: idOf(`event type ${code}`),
        code,
        name: nameOf(code),
        origin: code.slice(0, code.indexOf('.')),
        schema: schemaOf(about),
      })),
    }),
};

function find(state: State, id: string): Webhook | undefined {
  return state.webhooks.find((one) => one.id === id);
}

/** Kinde sends to https only; on this machine there seldom is any. */
function isEndpoint(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return (
    url !== undefined &&
    !url.username &&
    !url.password &&
    (url.protocol === 'https:' || isLoopback(address))
  );
}

function areKnown(types: readonly string[]): boolean {
  return types.length > 0 && types.every((type) => Object.hasOwn(EVENT_TYPES, type));
}

function toResponse({ id, name, endpoint, description, eventTypes, createdAt }: Webhook) {
  return {
    id,
    name,
    endpoint,
    description,
    event_types: [...eventTypes],
    created_on: dateOf(createdAt),
  };
}

/** `user.authentication_failed` is called "User authentication failed". */
function nameOf(code: string): string {
  const words = code.replaceAll(/[._]/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The data of an event as a JSON schema. */
function schemaOf(about: (typeof EVENT_TYPES)[keyof typeof EVENT_TYPES]): Record<string, unknown> {
  if (!about) {
    return { type: 'object' };
  }
  const [member, ...texts] = about;
  const properties = Object.fromEntries(texts.map((text) => [text, { type: 'string' }]));
  return {
    type: 'object',
    required: [member],
    properties: {
      [member]: {
        type: 'object',
        required: texts,
        properties,
      },
    },
  };
}
