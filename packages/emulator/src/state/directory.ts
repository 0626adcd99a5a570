import type { Identity, Person } from './people.js';

/** Finds users by id or identity without walking all of them, also where their list was written to directly. */
export interface Directory {
  /** The user with this id. */
  byId(people: readonly Person[], id: string): Person | undefined;
  /** A user who had this identity, by its compared form, when they were last looked at; whoever asks has to check. */
  byIdentity(people: readonly Person[], type: Identity['type'], normal: string): Person | undefined;
  /** Remembers that a user has an identity. */
  note(person: Person, type: Identity['type'], normal: string): void;
}

/** An empty directory, which reads people as it is asked. */
export function createDirectory(): Directory {
  let read: readonly Person[] = [];
  let count = 0;
  const ids = new Map<string, Person>();
  const identities = new Map<string, Person>();
  const note: Directory['note'] = (person, type, normal) => {
    identities.set(`${type} ${normal}`, person);
  };
  /** Reads people who were added since; all of them where the list is another one, or a shorter one. */
  const catchUp = (people: readonly Person[]) => {
    if (people !== read || people.length < count) {
      ids.clear();
      identities.clear();
      count = 0;
      read = people;
    }
    for (; count < people.length; count += 1) {
      const person = people[count]!;
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
    byIdentity(people, type, normal) {
      catchUp(people);
      return identities.get(`${type} ${normal}`);
    },
    note,
  };
}
