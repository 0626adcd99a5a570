import type { Identity, Person } from './people.js';

/** Finds users by id or identity without walking all of them, also where their list was written to directly. */
export interface Directory {
  /** The user with this id. */
  byId(people: readonly Person[], id: string): Person | undefined;
  /** A user who had this identity, by its compared form, when they were last looked at; whoever asks has to check. */
  byIdentity(people: readonly Person[], type: Identity['type'], normal: string): Person | undefined;
  /** Users who signed in last, newest first: a few. */
  lastSignedIn(people: readonly Person[]): Person[];
  /** Remembers that a user signed in. */
  noteSignIn(person: Person): void;
  /** Remembers that a user has an identity. */
  note(person: Person, type: Identity['type'], normal: string): void;
}

/** Users who signed in last that are remembered: some of them may be removed. */
const MOST_LAST = 24;

/** An empty directory, which reads people as it is asked. */
export function createDirectory(): Directory {
  let read: readonly Person[] = [];
  let count = 0;
  const ids = new Map<string, Person>();
  const identities = new Map<string, Person>();
  let last: Person[] = [];
  const note: Directory['note'] = (person, type, normal) => {
    identities.set(`${type} ${normal}`, person);
  };
  const noteSignIn: Directory['noteSignIn'] = (person) => {
    last = newestSignIns([person, ...last]);
  };
  /** Reads people who were added since; all of them where the list is another one, or a shorter one. */
  const catchUp = (people: readonly Person[]) => {
    if (people !== read || people.length < count) {
      ids.clear();
      identities.clear();
      last = [];
      count = 0;
      read = people;
    }
    if (people.length === count) {
      return;
    }
    const added = people.slice(count);
    last = newestSignIns([...last, ...added]);
    count = people.length;
    for (const person of added) {
      ids.set(person.id, person);
      for (const { type, normal } of person.identities ?? []) {
        note(person, type, normal);
      }
      // As `normalize` in identities.ts has it for all but unusual texts.
      for (const type of ['email', 'username'] as const) {
        note(person, type, (person[type] ?? '').trim().toLowerCase());
      }
    }
  };
  return {
    byId(people, id) {
      catchUp(people);
      const found = ids.get(id);
      return found?.id === id ? found : people.find((person) => person.id === id);
    },
    lastSignedIn(people) {
      catchUp(people);
      return last.filter(({ id }) => ids.get(id)?.id === id);
    },
    noteSignIn,
    byIdentity(people, type, normal) {
      catchUp(people);
      return identities.get(`${type} ${normal}`);
    },
    note,
  };
}

/** Those who signed in last, each once; of the same second, in the order given. */
function newestSignIns(people: readonly Person[]): Person[] {
  return [...new Set(people)]
    .filter(({ lastSignedInAt }) => lastSignedInAt !== undefined)
    .sort((one, other) => (other.lastSignedInAt ?? 0) - (one.lastSignedInAt ?? 0))
    .slice(0, MOST_LAST);
}
