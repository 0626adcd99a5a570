import { createAccess, getUser, type Access, type Claims, type User } from '@kindling/claims';
import { now } from './clock.js';
import type { Tokens } from './oauth.js';
import { copy, createMemory, type Memory } from './remember.js';
import { readClaims, type VerifiedClaims } from './tokens.js';

/** Whom tokens speak of, and what they say: read once and shared by requests, so all of it is frozen. */
export interface Person {
  readonly accessToken: string;
  /** Absent for bearer tokens. */
  readonly idToken: string | undefined;
  /** Claims of the ID token. */
  readonly id: Claims;
  readonly sub: string;
  /** A machine is nobody. */
  readonly user: User | undefined;
  readonly isMachine: boolean;
  readonly access: Access;
}

/** Everybody who called a short while ago. */
export interface People {
  /** The person of a session, whose tokens were verified when they arrived. */
  of(tokens: Pick<Tokens, 'accessToken' | 'idToken'>): Person;
  /** Whoever was found to be behind this bearer token within the last minute. */
  verified(token: string): Person | undefined;
  /** The caller behind a bearer token that was verified just now. */
  verify(token: string, found: { claims: VerifiedClaims; isMachine: boolean }): Person;
}

/** Seconds for which a verified bearer token is believed. A signing key that is withdrawn ends it no later. */
const BELIEVED = 60;

/** Remembers what tokens say, so that each is read once. */
export function createPeople({ clockTolerance }: { clockTolerance: number }): People {
  const sessions = createMemory<Person>();
  const bearers = createMemory<Person>();
  return Object.freeze({
    of({ accessToken, idToken }) {
      const known = sessions.get(accessToken);
      // The same access token may come with another ID token after a renewal.
      if (known?.idToken === idToken) return known;
      const id = readClaims(idToken);
      const person = toPerson({ accessToken, idToken, id, access: readClaims(accessToken), isMachine: false });
      return keep(sessions, person, Infinity);
    },
    verified: (token) => bearers.get(token),
    verify(token, { claims, isMachine }) {
      const accessToken = copy(token);
      const person = toPerson({ accessToken, idToken: undefined, id: {}, access: claims, isMachine });
      return keep(bearers, person, Math.min(claims.exp + clockTolerance, now() + BELIEVED));
    },
  } satisfies People);
}

function keep(memory: Memory<Person>, person: Person, until: number): Person {
  const { accessToken, idToken = '' } = person;
  memory.set(accessToken, person, { until, bytes: 3 * (accessToken.length + idToken.length) + 2048 });
  return person;
}

function toPerson({
  access,
  ...about
}: Pick<Person, 'accessToken' | 'idToken' | 'id' | 'isMachine'> & { access: Claims }): Person {
  const { idToken, id, isMachine } = about;
  const user = isMachine ? undefined : getUser(idToken === undefined ? access : id);
  return Object.freeze({
    ...about,
    sub: user?.id ?? '',
    user,
    access: Object.freeze(createAccess(freeze(access), freeze(id))),
  });
}

/** Claims come from JSON, so depth is bounded by the size of a token. */
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}
