import { html } from 'hono/html';
import { nameToSignIn } from '../state/identities.js';
import type { Person, State } from '../state/state.js';

/** Organizations that a card lists; of more, only the number. */
const MOST_MEMBERSHIPS = 4;

/** Name of a user on the pages. */
export function nameOf(person: Person): string {
  return (
    [person.givenName, person.familyName].filter(Boolean).join(' ') ||
    (nameToSignIn(person) ?? person.id)
  );
}

/** What a card of a user says: initials, name, what they sign in by, and organizations with roles. */
export function describePerson(state: State, person: Person) {
  return html`<span class="mark" aria-hidden="true"
      >${nameOf(person).slice(0, 1)}${(person.familyName ?? '').slice(0, 1)}</span
    ><strong>${nameOf(person)}</strong><small>${nameToSignIn(person) ?? person.id}</small>${memberships(state, person)}`;
}

/** A line per organization, with the user's roles in it. */
function memberships(state: State, { organizations = {}, isSuspended }: Person) {
  if (isSuspended) {
    return html`<small>Suspended</small>`;
  }
  const all = Object.entries(organizations);
  const lines = all
    .slice(0, MOST_MEMBERSHIPS)
    .map(
      ([code, { roles = [] }]) =>
        html`<small>${state.organizations[code]?.name ?? code}: ${rolesIn(state, roles)}</small>`,
    );
  if (all.length > MOST_MEMBERSHIPS) {
    return [...lines, html`<small>and ${all.length - MOST_MEMBERSHIPS} more</small>`];
  }
  return lines.length > 0 ? lines : html`<small>No organization</small>`;
}

/** Names of roles, in one line. */
export function rolesIn(state: State, keys: readonly string[]): string {
  return keys.map((key) => state.roles[key]?.name ?? key).join(', ') || 'no role';
}
