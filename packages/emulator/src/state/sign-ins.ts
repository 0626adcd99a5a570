import { emit } from './events.js';
import { usedIdentity } from './identities.js';
import type { Grant, Person, State } from './state.js';

/** The user with this id. */
export function findPerson({ directory, people }: State, id: string): Person | undefined {
  return directory.byId(people, id);
}

/** Ends every sign-in of a person: what apps hold, Kinde's own sessions, and those that wait for a form. */
export function endSignIns(state: State, personId: string): void {
  for (const grant of grantsOf(state, (one) => one.personId === personId)) {
    grant.ended = true;
  }
  for (const [cookie, session] of state.sessions) {
    if (session.personId === personId) {
      state.sessions.delete(cookie);
    }
  }
  for (const pending of state.pending.values()) {
    if (pending.signedIn?.personId === personId) {
      delete pending.signedIn;
    }
  }
}

/** Sign-ins that have not ended, oldest first. */
export function grantsOf({ grants }: State, which: (grant: Grant) => boolean): Grant[] {
  return [...grants.values()].filter((grant) => !grant.ended && which(grant));
}

/** Counts a sign-in on a page, by this name if one was typed. */
export function recordSignIn(state: State, person: Person, name?: string): void {
  const now = state.clock.now();
  const identity = usedIdentity(state, person, name);
  if (identity) {
    Object.assign(identity, {
      signIns: identity.signIns + 1,
      lastSignedInAt: now,
      isConfirmed: true,
    });
  }
  person.signIns = (person.signIns ?? 0) + 1;
  person.lastSignedInAt = now;
  state.directory.noteSignIn(person);
  emit(state, 'user.authenticated', { user: { id: person.id } }, 'user');
}

/** Counts a failed sign-in. */
export function recordFailedSignIn(state: State, person: Person): void {
  person.failedSignIns = (person.failedSignIns ?? 0) + 1;
  emit(state, 'user.authentication_failed', { user: { id: person.id } }, 'user');
}

/** Reason why a user gets no tokens for this organization; `undefined` where they do. */
export function denialReason(
  state: State,
  { personId, orgCode }: { personId: string; orgCode: string | undefined },
): DenialReason | undefined {
  const { organizations } = state;
  const person = findPerson(state, personId);
  if (!person) {
    return 'The user no longer exists.';
  }
  if (person.isSuspended) {
    return 'The user is suspended.';
  }
  if (orgCode === undefined) {
    return undefined;
  }
  if (!Object.hasOwn(organizations, orgCode)) {
    return 'The organization no longer exists.';
  }
  if (organizations[orgCode]?.isSuspended) {
    return 'The organization is suspended.';
  }
  if (Object.hasOwn(person.organizations, orgCode)) {
    return undefined;
  }
  return 'The user is not in the organization.';
}

/** Reasons, as an error's description. */
export type DenialReason =
  | 'The user no longer exists.'
  | 'The user is suspended.'
  | 'The organization no longer exists.'
  | 'The organization is suspended.'
  | 'The user is not in the organization.';
