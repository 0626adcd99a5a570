import { remember } from './ids.js';
import type { Person, State, TenantEvent } from './state.js';

/** Subject of an event's data, and those of its strings that are always present; `null` where Kinde publishes no shape. */
type About = readonly [member: string, ...texts: string[]] | null;

/** Every type of event that Kinde names. Those that nothing here causes are never sent. */
export const EVENT_TYPES = {
  'user.created': ['user', 'id'],
  'user.updated': ['user', 'id'],
  'user.deleted': ['user', 'id'],
  'user.authenticated': ['user', 'id'],
  'user.authentication_failed': ['user', 'id'],
  'organization.created': ['organization', 'code'],
  'organization.updated': ['organization', 'code'],
  'organization.deleted': ['organization', 'code'],
  'role.created': ['role', 'id', 'key'],
  'role.updated': ['role', 'id', 'key'],
  'role.deleted': ['role', 'id'],
  'permission.created': ['permission', 'id', 'key'],
  'permission.updated': ['permission', 'id', 'key'],
  'permission.deleted': ['permission', 'id'],
  'subscriber.created': ['subscriber', 'id'],
  'access_request.created': ['access_request'],
  'passkey.added': null,
  'passkey.removed': null,
  'customer.agreement_created': null,
  'customer.agreement_cancelled': null,
  'customer.invoice_overdue': null,
  'customer.meter_usage_updated': null,
  'customer.payment_failed': null,
  'customer.payment_succeeded': null,
  'customer.plan_created': null,
  'customer.plan_assigned': null,
  'customer.plan_changed': null,
} as const satisfies Readonly<Record<string, About>>;

/** Such as `user.created`. */
export type EventType = keyof typeof EVENT_TYPES;

/** Events that are kept for `GET /events/{event_id}`. */
const MOST_EVENTS = 1_000;

/** Records an event and passes it to listeners, such as webhooks. */
export function emit(
  state: State,
  type: EventType,
  data: object,
  source: TenantEvent['source'] = 'api',
): void {
  const id = `event_${state.random.uuid().replaceAll('-', '')}`;
  // A copy: what happened does not change when the tenant does.
  const event: TenantEvent = {
    id,
    type,
    source,
    at: state.clock.now(),
    data: structuredClone(data),
  };
  remember(state.events, id, event, MOST_EVENTS);
  state.journal.append({ kind: 'event', event: id, type });
  for (const tell of state.listeners) {
    tell(event);
  }
}

/** A user as events contain them. */
export function personPayload({ roles, permissions }: State, person: Person): object {
  const named = (keys: readonly string[] = [], known: Readonly<Record<string, { id: string }>>) => {
    const found = keys.flatMap((key) => (known[key] ? [{ id: known[key].id, key }] : []));
    return found.length > 0 ? found : null;
  };
  return {
    id: person.id,
    email: person.email ?? null,
    first_name: person.givenName ?? null,
    last_name: person.familyName ?? null,
    username: person.username ?? null,
    phone: person.phone ?? null,
    is_password_reset_requested: person.mustChangePassword ?? false,
    is_suspended: person.isSuspended ?? false,
    organizations: Object.entries(person.organizations).map(([code, held]) => ({
      code,
      roles: named(held.roles, roles),
      permissions: named(held.permissions, permissions),
    })),
  };
}

/** Emits `user.updated` after a change to a user. */
export function personUpdated(state: State, person: Person, source: Source = 'api'): void {
  person.updatedAt = state.clock.now();
  emit(state, 'user.updated', { user: personPayload(state, person) }, source);
}

/** Cause of a change: the Management API, or a user on a page. */
export type Source = 'api' | 'user';
