import type { Person, State } from './state.js';

/** Characters of a search that count. */
const LONGEST_SEARCH = 100;

/** Users found by a search. */
export interface Found {
  /** The first of them. */
  readonly people: readonly Person[];
  /** How many there are. */
  readonly count: number;
}

/** Finds users by a part of their name, e-mail address, user name or phone number. Walks all users. */
export function searchPeople({ people }: State, search: string, most: number): Found {
  const text = search.slice(0, LONGEST_SEARCH).trim().toLowerCase();
  const digits = /^[\d\s+().-]+$/.test(text) ? text.replace(/\D/g, '') : '';
  const found = people.filter(
    (person) => namesOf(person).includes(text) || (digits !== '' && has(person, digits)),
  );
  return { people: found.slice(0, most), count: found.length };
}

/** Users who are probably wanted: those who signed in last, then the first ones. Walks nobody else. */
export function likelyPeople({ directory, people }: State, most: number): Person[] {
  const last = directory.lastSignedIn(people).slice(0, most);
  const others = people.slice(0, most).filter((person) => !last.includes(person));
  return [...last, ...others].slice(0, most);
}

function namesOf({ givenName, familyName, email, username, phone, identities }: Person): string {
  const own = (identities ?? []).map(({ value }) => value);
  const names = [[givenName, familyName].filter(Boolean).join(' '), email, username, phone, ...own];
  return names.filter(Boolean).join('\n').toLowerCase();
}

/** Whether a phone number has these digits, however it is grouped. */
function has({ phone, identities }: Person, digits: string): boolean {
  const others = (identities ?? []).filter(({ type }) => type === 'phone');
  return [phone ?? '', ...others.map(({ normal }) => normal)].some((number) =>
    number.replace(/\D/g, '').includes(digits),
  );
}
