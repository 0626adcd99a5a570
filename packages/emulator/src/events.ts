import { remember, type State, type TenantEvent } from './state.js';

/** How many events are kept for `GET /events/{event_id}`. */
const MOST_EVENTS = 1_000;

/** Writes down that something happened in the tenant, and tells whoever listens, such as webhooks. */
export function emit(state: State, type: string, data: object, source: TenantEvent['source'] = 'api'): void {
  const id = `event_${crypto.randomUUID().replaceAll('-', '')}`;
  // A copy: what happened does not change when the tenant does.
  const event: TenantEvent = { id, type, source, at: state.clock.now(), data: structuredClone(data) };
  remember(state.events, id, event, MOST_EVENTS);
  for (const tell of state.listeners) tell(event);
}
