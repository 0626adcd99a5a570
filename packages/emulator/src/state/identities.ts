import { digest } from './ids.js';
import type { Identity, IdentityType } from './people.js';
import type { Person, State } from './state.js';

/** Kinds of identities that a person has a primary one of, in the order in which they name somebody. */
const PRIMARY: readonly IdentityType[] = ['email', 'username', 'phone'];

/** A new way to sign in. */
export interface NewIdentity {
  readonly type: Identity['type'];
  readonly value: string;
  /** @default true */
  readonly isConfirmed?: boolean | undefined;
  readonly connectionId?: string | undefined;
}

/** Every way in which somebody signs in. Addresses that were written to the person directly become one, too. */
export function identitiesOf(state: State, person: Person): Identity[] {
  const own = (person.identities ??= []);
  for (const type of PRIMARY) {
    const value = person[type];
    if (value !== undefined && !own.some((identity) => matchesIdentity(identity, type, value))) {
      own.push(newIdentity(state, person, { type, value }));
    }
  }
  return own;
}

/** Adds a way to sign in, which is the primary one of its type if there was none. */
export function addIdentity(state: State, person: Person, identity: NewIdentity): Identity {
  const added = newIdentity(state, person, { ...identity, value: identity.value.trim() });
  identitiesOf(state, person).push(added);
  const { type } = identity;
  if (isPrimaryType(type)) {
    person[type] ??= added.value;
  }
  return added;
}

/** Removes it. Another one of its type becomes the primary one. */
export function removeIdentity(person: Person, identity: Identity): void {
  const { type } = identity;
  const wasPrimary = isPrimary(person, identity);
  person.identities = (person.identities ?? []).filter(({ id }) => id !== identity.id);
  if (!wasPrimary || !isPrimaryType(type)) {
    return;
  }
  const next = person.identities.find((one) => one.type === type);
  if (next) {
    person[type] = next.value;
  } else {
    delete person[type];
  }
}

/** Whether this is the person's address, name or number that tokens show. */
export function isPrimary(person: Person, { type, value }: Identity): boolean {
  return isPrimaryType(type) && normalize(type, person[type] ?? '') === normalize(type, value);
}

/** Whether a type has a primary one. */
export function isPrimaryType(type: Identity['type']): type is IdentityType {
  return (PRIMARY as readonly string[]).includes(type);
}

/** Finds the user with this identity, whatever its case and grouping of digits. */
export function findByIdentity(
  state: State,
  type: Identity['type'],
  value: string,
): { person: Person; identity: Identity } | undefined {
  const asked = normalize(type, value);
  if (asked === '') {
    return undefined;
  }
  const has = (one: Person) =>
    one.identities?.some((own) => own.type === type && own.normal === asked) ||
    (isPrimaryType(type) && isNew(one, type) && normalize(type, one[type] ?? '') === asked);
  const noted = state.directory.byIdentity(state.people, type, asked);
  const person = noted && has(noted) ? noted : state.people.find(has);
  if (person) {
    state.directory.note(person, type, asked);
  }
  const identity =
    person && identitiesOf(state, person).find((one) => matchesIdentity(one, type, value));
  return identity && { person, identity };
}

/** An address that was written to the person directly is not among their identities yet. */
function isNew(person: Person, type: IdentityType): boolean {
  const name = person[type];
  return name !== undefined && !person.identities?.some(({ value }) => value === name);
}

/** Finds the user with this e-mail address, user name or phone number. */
export function findByName(state: State, name: string): Person | undefined {
  for (const type of PRIMARY) {
    const owner = findByIdentity(state, type, name);
    if (owner) {
      return owner.person;
    }
  }
  return undefined;
}

/** The identity that a name in a form stands for; without a name, the one that a person is known by. */
export function usedIdentity(
  state: State,
  person: Person,
  name: string | undefined,
): Identity | undefined {
  const own = identitiesOf(state, person);
  const named = own.find((identity) =>
    PRIMARY.some((type) => matchesIdentity(identity, type, name ?? '')),
  );
  return named ?? own.find((identity) => isPrimary(person, identity));
}

/** `username:ada` and `phone:+61…:au` stand for the person who has that; anything else is what the form is filled with. */
export function loginHint(state: State, hint: string): string {
  const [, type, value = ''] = /^(username|phone):([^:]*)/.exec(hint) ?? [];
  if (type !== 'username' && type !== 'phone') {
    return hint;
  }
  const person = findByIdentity(state, type, value)?.person;
  return person ? (nameToSignIn(person) ?? '') : '';
}

/** Name that a user signs in by; `undefined` for a user without an identity. */
export function nameToSignIn(person: Pick<Person, IdentityType>): string | undefined {
  return person.email ?? person.username ?? person.phone;
}

function newIdentity(
  state: State,
  person: Person,
  { type, value, isConfirmed = true, connectionId }: NewIdentity,
): Identity {
  return {
    id: `identity_${digest(`${person.id} ${type} ${value} ${connectionId ?? ''}`, 32)}`,
    type,
    value,
    normal: normalize(type, value),
    ...(connectionId !== undefined && { connectionId }),
    isConfirmed,
    createdAt: person.createdAt === undefined ? state.createdAt : state.clock.now(),
    signIns: 0,
  };
}

function matchesIdentity(identity: Identity, type: Identity['type'], value: string): boolean {
  const asked = normalize(type, value);
  return identity.type === type && asked !== '' && identity.normal === asked;
}

/** Case makes no difference, nor does how a number is grouped. What is no number is nobody's. */
function normalize(type: Identity['type'], value: string): string {
  if (type === 'phone') {
    return /^[\d\s+().-]+$/.test(value) ? value.replace(/\D/g, '') : '';
  }
  return value.trim().toLowerCase();
}
