import { emit, personPayload, type Source } from './events.js';
import { addIdentity, type NewIdentity } from './identities.js';
import { addMember } from './organizations.js';
import type { Person } from './people.js';
import { endSignIns } from './sign-ins.js';
import type { State } from './state.js';

/** Adds a user, as a member of this organization if there is one. */
export function addPerson(
  state: State,
  { identities, ...profile }: NewPerson,
  { orgCode, source }: { orgCode: string | undefined; source: Source },
): Person {
  // The spread comes last: V8 gives every object that begins with one a shape of its own, and then each search among
  // thousands of people, all of them of different shapes, takes many times as long.
  const person: Person = {
    id: `kp_${state.random.uuid().replaceAll('-', '')}`,
    organizations: {},
    createdAt: state.clock.now(),
    ...profile,
  };
  for (const identity of identities) {
    addIdentity(state, person, identity);
  }
  state.people.push(person);
  if (orgCode !== undefined) {
    addMember(state, person, { code: orgCode });
  }
  emit(state, 'user.created', { user: personPayload(state, person) }, source);
  return person;
}

type NewPerson = Pick<Person, 'givenName' | 'familyName' | 'picture' | 'providedId'> & {
  readonly identities: readonly NewIdentity[];
};

/** Deletes a user, and revokes their sign-ins and API keys. */
export function removePerson(state: State, { id }: Person): void {
  endSignIns(state, id);
  for (const [key, personId] of state.portalKeys) {
    if (personId === id) {
      state.portalKeys.delete(key);
    }
  }
  for (const key of state.apiKeys) {
    if (key.userId === id) {
      key.status = 'revoked';
    }
  }
  state.people = state.people.filter((person) => person.id !== id);
  emit(state, 'user.deleted', { user: { id } });
}
