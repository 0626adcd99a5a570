import { own } from '@kindling/internal';

/** The members that all events have in common. Names are Kinde's. */
export interface WebhookEnvelope<Type extends string, Data> {
  /** The event type, such as `user.created`. */
  readonly type: Type;
  /** Identifies the event: the same in every attempt to deliver it. */
  readonly event_id: string;
  /** Time of the event, as ISO 8601. */
  readonly timestamp: string;
  /** The same time under another name, which some webhooks have in place of `timestamp`. */
  readonly event_timestamp?: string;
  /** Cause of the event: `admin`, `api` or `user`. */
  readonly source?: string;
  /** The resource that the event is about. */
  readonly data: Data;
}

type Text = string | null;

/** Identifies a role or permission. */
export interface WebhookKey {
  /** Kinde's identifier. */
  readonly id: string;
  /** The key that your code uses, such as `create:todos`. */
  readonly key: string;
}

/** A user in `user.created` and `user.updated`. */
export interface WebhookUser {
  /** The user id, which tokens have as `sub`. */
  readonly id: string;
  /** E-mail address. */
  readonly email?: Text;
  /** First name. */
  readonly first_name?: Text;
  /** Last name. */
  readonly last_name?: Text;
  /** Username. */
  readonly username?: Text;
  /** Phone number. */
  readonly phone?: Text;
  /** Whether the user has to choose a new password at the next sign-in. */
  readonly is_password_reset_requested?: boolean;
  /** Whether the user is suspended and cannot sign in. */
  readonly is_suspended?: boolean;
  /** Organizations of the user, with roles and permissions in each. */
  readonly organizations?: readonly Membership[] | null;
}

interface Membership {
  /** The organization code. */
  readonly code: string;
  /** Roles in the organization. */
  readonly roles?: readonly WebhookKey[] | null;
  /** Permissions in the organization. */
  readonly permissions?: readonly WebhookKey[] | null;
}

/** An organization in `organization.created` and `organization.updated`. */
export interface WebhookOrganization {
  /** The organization code, such as `org_…`. */
  readonly code: string;
  /** Display name. */
  readonly name?: Text;
  /** Unique name for URLs. */
  readonly handle?: Text;
  /** Your own identifier for the organization. */
  readonly external_id?: Text;
  /** Whether users can join by registering. */
  readonly is_allow_registrations?: boolean | null;
}

/** A permission in its events. */
export interface WebhookPermission extends WebhookKey {
  /** Display name. */
  readonly name?: Text;
  /** Description. */
  readonly description?: Text;
}

/** A role in its events. */
export interface WebhookRole extends WebhookPermission {
  /** Whether new users get the role. */
  readonly is_default_role?: boolean;
}

/** Data of an event whose payload Kinde does not document: check it before use. */
export type UnknownData = Readonly<Record<string, unknown>>;

interface Id {
  /** Kinde's identifier. */
  readonly id: string;
}
interface Contact {
  /** E-mail address. */
  readonly email?: Text;
  /** First name. */
  readonly first_name?: Text;
  /** Last name. */
  readonly last_name?: Text;
  /** The user id, where there is a user. */
  readonly user_id?: Text;
}

interface UserData<User> {
  /** The user. */
  readonly user: User;
}
interface OrganizationData<Organization> {
  /** The organization. */
  readonly organization: Organization;
}
interface RoleData<Role> {
  /** The role. */
  readonly role: Role;
}
interface PermissionData<Permission> {
  /** The permission. */
  readonly permission: Permission;
}
interface SubscriberData {
  /** The subscriber. */
  readonly subscriber: Contact & Id;
}
interface AccessRequestData {
  /** The request. */
  readonly access_request: Contact;
}
interface Code {
  /** The organization code. */
  readonly code: string;
}
interface Address {
  /** IP address of the browser. */
  readonly ip_address?: Text;
}

/** The event types of Kinde, each with the type of its data. */
export interface WebhookData {
  /** A user was created. */
  'user.created': UserData<WebhookUser>;
  /** A user was changed, suspended included. */
  'user.updated': UserData<WebhookUser>;
  /** A user was deleted. */
  'user.deleted': UserData<Id>;
  /** A user signed in. */
  'user.authenticated': UserData<Id>;
  /** A user failed to sign in. */
  'user.authentication_failed': UserData<Id>;
  /** An organization was created. */
  'organization.created': OrganizationData<WebhookOrganization>;
  /** An organization was changed. */
  'organization.updated': OrganizationData<WebhookOrganization>;
  /** An organization was deleted. */
  'organization.deleted': OrganizationData<Code>;
  /** A role was created. */
  'role.created': RoleData<WebhookRole>;
  /** A role was changed. */
  'role.updated': RoleData<WebhookRole>;
  /** A role was deleted. */
  'role.deleted': RoleData<Id>;
  /** A permission was created. */
  'permission.created': PermissionData<WebhookPermission>;
  /** A permission was changed. */
  'permission.updated': PermissionData<WebhookPermission>;
  /** A permission was deleted. */
  'permission.deleted': PermissionData<Id>;
  /** A subscriber was created. */
  'subscriber.created': SubscriberData;
  /** A visitor requested access. */
  'access_request.created': AccessRequestData;
  /** A passkey was added. */
  'passkey.added': UnknownData;
  /** A passkey was removed. */
  'passkey.removed': UnknownData;
  /** A billing agreement was created. */
  'customer.agreement_created': UnknownData;
  /** A billing agreement was cancelled. */
  'customer.agreement_cancelled': UnknownData;
  /** An invoice is overdue. */
  'customer.invoice_overdue': UnknownData;
  /** The usage of a metered feature changed. */
  'customer.meter_usage_updated': UnknownData;
  /** A payment failed. */
  'customer.payment_failed': UnknownData;
  /** A payment succeeded. */
  'customer.payment_succeeded': UnknownData;
  /** A plan was created. */
  'customer.plan_created': UnknownData;
  /** A customer was assigned a plan. */
  'customer.plan_assigned': UnknownData;
  /** A customer changed plans. */
  'customer.plan_changed': UnknownData;
}

/** The name of an event type, such as `user.created`. */
export type WebhookEventType = keyof WebhookData;

/** A typed event: `switch (event.type)` narrows its data. */
export type WebhookEvent<Type extends WebhookEventType = WebhookEventType> = {
  [Each in Type]: WebhookEnvelope<Each, WebhookData[Each]> &
    (Each extends 'user.authenticated' | 'user.authentication_failed' ? Address : object);
}[Type];

/** An event of any type, also of one that this version does not know. */
export type OtherEvent = WebhookEnvelope<string, UnknownData>;

/** Texts that the data of an event must have: `[member, names]`, or `null` where Kinde documents no payload. */
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

/** The names of all event types that have typed data. */
export const EVENT_TYPES: readonly WebhookEventType[] = Object.freeze(
  Object.keys(REQUIRED) as WebhookEventType[],
);

/** Checks that the data has the members of its type. Further members, and lists that are `null`, are accepted. */
export function hasShape(type: string, data: UnknownData): boolean {
  const required = own(REQUIRED, type as WebhookEventType);
  if (!required) {
    return true;
  }
  const [member, ...names] = required;
  const resource = own(data, member);
  if (!isRecord(resource) || !hasTexts(resource, names)) {
    return false;
  }
  return isListOf(own(resource, 'organizations'), isOrganization);
}

function isOrganization(value: Record<string, unknown>): boolean {
  if (!hasTexts(value, ['code'])) {
    return false;
  }
  return isListOf(own(value, 'roles'), isKey) && isListOf(own(value, 'permissions'), isKey);
}

function isKey(value: Record<string, unknown>): boolean {
  return hasTexts(value, ['id', 'key']);
}

/** Checks for a JSON object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasTexts(value: Record<string, unknown>, names: readonly string[]): boolean {
  return names.every((name) => typeof own(value, name) === 'string' && value[name] !== '');
}

/** An absent list counts as empty. */
function isListOf(list: unknown, isEntry: (one: Record<string, unknown>) => boolean): boolean {
  if (list === undefined || list === null) {
    return true;
  }
  return Array.isArray(list) && list.every((one) => isRecord(one) && isEntry(one));
}
