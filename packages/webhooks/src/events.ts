/** What every event says, whatever happened. Names are Kinde's. */
export interface WebhookEnvelope<Type extends string, Data> {
  readonly type: Type;
  /** The same in every attempt to deliver this event. */
  readonly event_id: string;
  /** When, as ISO 8601. */
  readonly timestamp: string;
  readonly event_timestamp?: string;
  /** Who caused it: `admin`, `api` or `user`. */
  readonly source?: string;
  readonly data: Data;
}

type Text = string | null;
/** Something with an id and a key, such as a role of a member. */
export interface WebhookKey {
  readonly id: string;
  readonly key: string;
}

/** A person, as `user.created` and `user.updated` tell of them. */
export interface WebhookUser {
  readonly id: string;
  readonly email?: Text;
  readonly first_name?: Text;
  readonly last_name?: Text;
  readonly username?: Text;
  readonly phone?: Text;
  readonly is_password_reset_requested?: boolean;
  readonly is_suspended?: boolean;
  readonly organizations?:
    | readonly {
        readonly code: string;
        readonly roles?: readonly WebhookKey[] | null;
        readonly permissions?: readonly WebhookKey[] | null;
      }[]
    | null;
}

/** An organization, as `organization.created` and `organization.updated` tell of it. */
export interface WebhookOrganization {
  readonly code: string;
  readonly name?: Text;
  readonly handle?: Text;
  readonly external_id?: Text;
  readonly is_allow_registrations?: boolean | null;
}

/** A permission, as its events tell of it. */
export interface WebhookPermission extends WebhookKey {
  readonly name?: Text;
  readonly description?: Text;
}

/** A role, as its events tell of it. */
export interface WebhookRole extends WebhookPermission {
  readonly is_default_role?: boolean;
}

/** Data whose shape Kinde does not publish: look before you use it. */
export type UnknownData = Readonly<Record<string, unknown>>;

interface Id {
  readonly id: string;
}
interface Contact {
  readonly email?: Text;
  readonly first_name?: Text;
  readonly last_name?: Text;
  readonly user_id?: Text;
}

/** Every event type of Kinde, with the data that comes with it. */
export interface WebhookData {
  'user.created': { readonly user: WebhookUser };
  'user.updated': { readonly user: WebhookUser };
  'user.deleted': { readonly user: Id };
  'user.authenticated': { readonly user: Id };
  'user.authentication_failed': { readonly user: Id };
  'organization.created': { readonly organization: WebhookOrganization };
  'organization.updated': { readonly organization: WebhookOrganization };
  'organization.deleted': { readonly organization: { readonly code: string } };
  'role.created': { readonly role: WebhookRole };
  'role.updated': { readonly role: WebhookRole };
  'role.deleted': { readonly role: Id };
  'permission.created': { readonly permission: WebhookPermission };
  'permission.updated': { readonly permission: WebhookPermission };
  'permission.deleted': { readonly permission: Id };
  'subscriber.created': { readonly subscriber: Contact & Id };
  'access_request.created': { readonly access_request: Contact };
  'passkey.added': UnknownData;
  'passkey.removed': UnknownData;
  'customer.agreement_created': UnknownData;
  'customer.agreement_cancelled': UnknownData;
  'customer.invoice_overdue': UnknownData;
  'customer.meter_usage_updated': UnknownData;
  'customer.payment_failed': UnknownData;
  'customer.payment_succeeded': UnknownData;
  'customer.plan_created': UnknownData;
  'customer.plan_assigned': UnknownData;
  'customer.plan_changed': UnknownData;
}

/** Such as `user.created`. */
export type WebhookEventType = keyof WebhookData;

/** An event: `switch (event.type)` narrows its data. */
export type WebhookEvent<Type extends WebhookEventType = WebhookEventType> = {
  [Each in Type]: WebhookEnvelope<Each, WebhookData[Each]> &
    (Each extends 'user.authenticated' | 'user.authentication_failed'
      ? { readonly ip_address?: Text }
      : object);
}[Type];

/** Any event, also of a type that did not exist when this was written. */
export type OtherEvent = WebhookEnvelope<string, UnknownData>;

/** Which texts of the data a handler may rely on: `[member, names]`, or `null` where Kinde publishes no shape. */
const REQUIRED: Readonly<Record<WebhookEventType, readonly [string, ...string[]] | null>> =
  Object.freeze({
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
  });

/** The names of all event types that are typed here. */
export const EVENT_TYPES: readonly WebhookEventType[] = Object.freeze(
  Object.keys(REQUIRED) as WebhookEventType[],
);

/** Whether the data has what its type promises. More members, and lists that are `null`, are fine. */
export function hasShape(type: string, data: UnknownData): boolean {
  const required = Object.hasOwn(REQUIRED, type) ? REQUIRED[type as WebhookEventType] : null;
  if (!required) {
    return true;
  }
  const [member, ...names] = required;
  const about = own(data, member);
  if (!isRecord(about) || !hasTexts(about, names)) {
    return false;
  }
  return listOf(own(about, 'organizations'), (one) => {
    const lists = [own(one, 'roles'), own(one, 'permissions')];
    return (
      hasTexts(one, ['code']) &&
      lists.every((list) => listOf(list, (key) => hasTexts(key, ['id', 'key'])))
    );
  });
}

/** A JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object itself: what `Object.prototype` was given is nobody's. */
function own(value: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof own(value, name) === 'string' && value[name] !== '');
}

function listOf(list: unknown, fits: (one: Record<string, unknown>) => boolean): boolean {
  return (
    list === undefined ||
    list === null ||
    (Array.isArray(list) && list.every((one) => isRecord(one) && fits(one)))
  );
}
