import { emit } from './events.js';
import { usedIdentity } from './identities.js';
import type { Grant, Person, State } from './state.js';

/** Ends every sign-in of a person: what apps hold, and Kinde's own sessions. */
export function endSignIns(state: State, personId: string): void {
  for (const grant of grantsOf(state, (one) => one.personId === personId)) {
    grant.ended = true;
  }
  for (const [cookie, session] of state.sessions) {
    if (session.personId === personId) {
      state.sessions.delete(cookie);
    }
  }
}

/** Sign-ins that have not ended, oldest first. */
export function grantsOf(
  { codes, issued, refreshTokens }: State,
  which: (grant: Grant) => boolean,
): Grant[] {
  const held = [...codes.values(), ...refreshTokens.values()].map(({ grant }) => grant);
  return [...new Set([...held, ...issued.values()])].filter(
    (grant) => !grant.ended && which(grant),
  );
}

/** Somebody signed in on a page, by this name if they typed one. */
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
  emit(state, 'user.authenticated', { user: { id: person.id } }, 'user');
}

/** Somebody tried to, in vain. */
export function recordFailedSignIn(state: State, person: Person): void {
  person.failedSignIns = (person.failedSignIns ?? 0) + 1;
  emit(state, 'user.authentication_failed', { user: { id: person.id } }, 'user');
}

/** Why somebody gets no tokens for this organization, if that is so. */
export function denialReason(
  { people, organizations }: State,
  { personId, orgCode }: { personId: string; orgCode: string | undefined },
): DenialReason | undefined {
  const person = people.find(({ id }) => id === personId);
  if (!person) {
    return 'The person no longer exists.';
  }
  if (person.isSuspended) {
    return 'The person is suspended.';
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
  return 'The person is not in the organization.';
}

/** In words, for an error's description. */
export type DenialReason =
  | 'The person no longer exists.'
  | 'The person is suspended.'
  | 'The organization no longer exists.'
  | 'The organization is suspended.'
  | 'The person is not in the organization.';
