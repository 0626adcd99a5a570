import type { Attributes } from '@opentelemetry/api';

/** An event of `@kindling/core`, by its shape: an operation, with what is known of it so far. */
export interface KindeEvent {
  /** The operation, such as `refresh`. */
  readonly name: string;
  /** When it began, in Unix seconds. */
  readonly at: number;
  /** How long it took, in seconds. */
  readonly took?: number;
  /** How it ended. */
  readonly outcome?: 'done' | 'refused' | 'failed';
  /** The code of the error. */
  readonly code?: string;
  /** The user: a keyed hash of their id, or the id. */
  readonly user?: string;
  /** Host and port of the server that is asked. */
  readonly host?: string;
}

/** The operations of which core tells. */
export const NAMES = [
  'login',
  'callback',
  'logout',
  'user',
  'portal',
  'refresh',
  'authenticate',
  'guard',
  'fetch',
  'store',
  'revocation',
  'webhook',
] as const;

/** Members of events that are told, and their attributes. Whatever else an event may have is left out. */
const ATTRIBUTES = {
  outcome: 'kinde.outcome',
  code: 'kinde.code',
  reason: 'kinde.reason',
  requestId: 'kinde.request_id',
  flow: 'kinde.flow',
  by: 'kinde.by',
  of: 'kinde.of',
  via: 'kinde.via',
  answer: 'kinde.answer',
  endpoint: 'kinde.endpoint',
  type: 'kinde.webhook.type',
  operation: 'db.operation.name',
  status: 'http.response.status_code',
} as const;

/** A member of events that has an attribute. */
export type Member = keyof typeof ATTRIBUTES;

const ALL = Object.keys(ATTRIBUTES) as Member[];

/** The attributes of an event, or some of them. An operation that failed has an `error.type`. */
export function attributesOf(event: KindeEvent, members: readonly Member[] = ALL): Attributes {
  const values = event as Readonly<Partial<Record<Member, string | number>>>;
  const attributes: Attributes = {};
  for (const member of members) {
    const value = values[member];
    if (value !== undefined) {
      attributes[ATTRIBUTES[member]] = value;
    }
  }
  if (event.outcome === 'failed') {
    attributes['error.type'] = event.code ?? '_OTHER';
  }
  return attributes;
}

/** The attributes of a server: `id.example.com`, `localhost:4455` or `[::1]:4455`. */
export function serverOf({ host }: KindeEvent): Attributes {
  const [, address, port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(host ?? '') ?? [];
  return {
    ...(address && { 'server.address': address }),
    ...(port && { 'server.port': Number(port) }),
  };
}

/** The attribute of the user. Ids as they are, which do not look like a hash of core, are left out unless they may be told. */
export function userOf({ user }: KindeEvent, mayTellIds: boolean): Attributes {
  if (user === undefined) {
    return {};
  }
  if (/^[\w-]{16}$/.test(user)) {
    return { 'enduser.pseudo.id': user };
  }
  return { ...(mayTellIds && { 'enduser.id': user }) };
}
