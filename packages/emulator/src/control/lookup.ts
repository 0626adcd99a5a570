import { nearest } from '@kindling/internal';
import { findByName, nameToSignIn } from '../state/identities.js';
import { findPerson } from '../state/sign-ins.js';
import type { Application, Person, State } from '../state/state.js';
import { ControlError, type ControlErrorCode } from './error.js';

/** Users that are looked at for "did you mean": among more, a guess would take too long. */
const MOST_GUESSED = 1_000;
/** Names listed where none resembles the one that was given. */
const MOST_LISTED = 10;
/** Characters of a name that a message repeats. */
const MOST_REPEATED = 100;

/** An error about a name that is not known, with the nearest one, or those that are known. */
export function unknownName(
  code: ControlErrorCode,
  what: string,
  { given, known }: { given: string; known: readonly string[] },
): ControlError {
  const guess = nearest(given, known);
  const listed = known.slice(0, MOST_LISTED).join(', ') + (known.length > MOST_LISTED ? ', …' : '');
  const rest = known.length === 0 ? 'There is none.' : `Known: ${listed}.`;
  const hint = guess === undefined ? rest : `Did you mean ${JSON.stringify(guess)}?`;
  const shown = JSON.stringify(given.slice(0, MOST_REPEATED));
  return new ControlError(code, `There is no ${what} ${shown}. ${hint}`);
}

/** The user with this key, id, address, user name or phone number. */
export function personOf(state: State, given: string): Person {
  const found = findPerson(state, given) ?? findByName(state, given) ?? byKey(state, given);
  if (found) {
    return found;
  }
  const known = state.people.slice(0, MOST_GUESSED).flatMap((person) => {
    return [person.key, nameToSignIn(person), person.id].filter((name) => name !== undefined);
  });
  throw unknownName('unknown_person', 'user', {
    given,
    known,
  });
}

/** A seed may name people by short keys. */
function byKey({ people }: State, given: string): Person | undefined {
  return people.find(({ key }) => key === given);
}

/** The application with this client id or name. */
export function applicationOf({ applications }: State, given: string): Application {
  const found =
    applications.find(({ clientId }) => clientId === given) ??
    applications.find(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (found) {
    return found;
  }
  const known = applications.flatMap(({ name, clientId }) => [name, clientId]);
  throw unknownName('unknown_application', 'application', {
    given,
    known,
  });
}

/** A code of an organization that exists. */
export function organizationOf({ organizations }: State, given: string): string {
  if (Object.hasOwn(organizations, given)) {
    return given;
  }
  const known = Object.keys(organizations);
  throw unknownName('unknown_organization', 'organization', {
    given,
    known,
  });
}

/** What somebody is shown as: address, name or number, or the id. */
export function shownAs(state: State, personId: string): string {
  const person = findPerson(state, personId);
  return (person && nameToSignIn(person)) ?? personId;
}
