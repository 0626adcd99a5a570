import type { OtherEvent } from './events.js';

/** Changes the sessions of an app. The `sessions` of core have this shape. */
export interface SessionEffects {
  /** Revokes every session of a user. */
  revokeUser(sub: string): Promise<unknown>;
  /** Revokes the sessions that are for an organization. */
  revokeOrganization(code: string): Promise<unknown>;
  /** Refreshes the tokens of a user at the next request. */
  refreshUser(sub: string): Promise<unknown>;
  /** Refreshes the tokens of every user at the next request. */
  refreshAll(): Promise<unknown>;
}

/** The members that the typed events promise and `verify` has checked. */
interface Data {
  readonly user: { readonly id: string; readonly is_suspended?: boolean };
  readonly organization: { readonly code: string };
}

/** Applies an event to sessions: deleted and suspended users are signed out, changes show at the next request. */
export async function followEvent(
  { type, data }: OtherEvent,
  sessions: SessionEffects,
): Promise<void> {
  const { user, organization } = data as unknown as Data;
  if (type === 'user.deleted') {
    await sessions.revokeUser(user.id);
  }
  if (type === 'user.updated') {
    if (Object.hasOwn(user, 'is_suspended') && user.is_suspended === true) {
      await sessions.revokeUser(user.id);
    } else {
      await sessions.refreshUser(user.id);
    }
  }
  if (type === 'organization.deleted') {
    await sessions.revokeOrganization(organization.code);
  }
  if (/^(role|permission)\./.test(type)) {
    await sessions.refreshAll();
  }
}
