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
  const digits = digitsOf(text);
  const found = people.filter((person) => {
    const names = namesOf(person);
    if (names.some((name) => name.toLowerCase().includes(text))) {
      return true;
    }
    return digits !== '' && names.some((name) => digitsOf(name).includes(digits));
  });
  return { people: found.slice(0, most), count: found.length };
}

/** Users who are probably wanted: those who signed in last, then the first ones. Walks nobody else. */
export function likelyPeople({ directory, people }: State, most: number): Person[] {
  const last = directory.lastSignedIn(people);
  const first = people.slice(0, most);
  return [...new Set([...last, ...first])].slice(0, most);
}

function namesOf(person: Person): string[] {
  const { givenName = '', familyName = '', identities = [] } = person;
  return [
    `${givenName} ${familyName}`,
    person.email ?? '',
    person.username ?? '',
    person.phone ?? '',
    ...identities.map(({ value }) => value),
  ];
}

/** Digits of a phone number, however it is grouped; empty for what is none. */
function digitsOf(text: string): string {
  if (/^[\d\s+().-]+$/.test(text)) {
    return text.replace(/\D/g, '');
  }
  return '';
}
