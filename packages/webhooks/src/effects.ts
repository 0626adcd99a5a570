import type { OtherEvent } from './events.js';

/** What can be done to the sessions of an app, as core offers it. */
export interface SessionEffects {
  /** Signs a person out everywhere. */
  revokeUser(sub: string): Promise<unknown>;
  /** Ends the sessions that are for an organization. */
  revokeOrganization(code: string): Promise<unknown>;
  /** Gives a person new tokens at their next request. */
  refreshUser(sub: string): Promise<unknown>;
  /** Gives everybody new tokens at their next request. */
  refreshAll(): Promise<unknown>;
}

/** Lets sessions follow what happened at Kinde: who is gone is signed out, what changed shows at the next request. */
export async function followEvent(
  { type, data }: OtherEvent,
  sessions: SessionEffects,
): Promise<void> {
  const { user, organization } = data as {
    user: { id: string; is_suspended?: boolean };
    organization: { code: string };
  };
  if (type === 'user.deleted') {
    await sessions.revokeUser(user.id);
  }
  if (type === 'user.updated') {
    await (Object.hasOwn(user, 'is_suspended') && user.is_suspended === true
      ? sessions.revokeUser(user.id)
      : sessions.refreshUser(user.id));
  }
  if (type === 'organization.deleted') {
    await sessions.revokeOrganization(organization.code);
  }
  if (/^(role|permission)\./.test(type)) {
    await sessions.refreshAll();
  }
}
