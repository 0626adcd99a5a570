import { createAccess, getUser, type Access, type User } from '@kindling/claims';
import { copy, createBoundedCache, type MemoryBudget } from '../cache/bounded.js';
import type { TokenClaims } from '../oauth/client.js';
import type { VerifiedClaims } from '../oauth/verify.js';
import { claimsOf, type SomeTokens } from '../session/data.js';

/** Whom tokens speak of, and what they say: read once and shared by requests, so all of it is frozen. */
export interface Identity {
  readonly accessToken: string;
  /** Absent for bearer tokens. */
  readonly idToken: string | undefined;
  readonly claims: TokenClaims;
  readonly sub: string;
  /** A machine is nobody. */
  readonly user: User | undefined;
  readonly isMachine: boolean;
  readonly access: Access;
}

/** Everybody who called a short while ago. */
export interface IdentityCache {
  /** The user of a session, whose tokens were verified when they arrived. */
  ofSession(tokens: SomeTokens): Identity;
  /** Whoever was found to be behind this bearer token with this set of keys. */
  ofKnownBearer(token: string, keys: number | undefined): Identity | undefined;
  /** The caller behind a bearer token that was verified just now, remembered where one set of keys is known to have decided. */
  ofBearer(
    token: string,
    found: { claims: VerifiedClaims; isMachine: boolean },
    keys: number | undefined,
  ): Identity;
}

/** Remembers what tokens say, so that each is read once. */
export function createIdentityCache(
  { clockTolerance }: { clockTolerance: number },
  room?: MemoryBudget,
): IdentityCache {
  const sessions = createBoundedCache<Identity>(room);
  const bearers = createBoundedCache<{ person: Identity; keys: number }>(room);
  const seen = new WeakMap<object, Identity>();
  const read = (tokens: SomeTokens) => {
    const { accessToken, idToken } = tokens;
    const known = sessions.get(accessToken);
    // The same access token may come with another ID token after a renewal.
    if (known?.idToken === idToken) {
      return known;
    }
    const claims = claimsOf(tokens);
    const person = toIdentity({
      accessToken,
      idToken,
      claims,
      isMachine: false,
    });
    const { exp: until = Infinity } = claims.access;
    sessions.set(accessToken, person, { until, bytes: weightOf(person) });
    return person;
  };
  return Object.freeze({
    ofSession(tokens) {
      let person = seen.get(tokens);
      if (!person) {
        seen.set(tokens, (person = read(tokens)));
      }
      return person;
    },
    ofKnownBearer(token, keys) {
      const known = keys === undefined ? undefined : bearers.get(token);
      return known?.keys === keys ? known?.person : undefined;
    },
    ofBearer(token, { claims, isMachine }, keys) {
      const accessToken = copy(token);
      const person = toIdentity({
        accessToken,
        idToken: undefined,
        claims: { id: {}, access: claims },
        isMachine,
      });
      const terms = { until: claims.exp + clockTolerance, bytes: weightOf(person) };
      if (keys !== undefined) {
        bearers.set(accessToken, Object.freeze({ person, keys }), terms);
      }
      return person;
    },
  } satisfies IdentityCache);
}

function weightOf({ accessToken, idToken = '' }: Identity): number {
  return 3 * (accessToken.length + idToken.length) + 2048;
}

function toIdentity({
  accessToken,
  idToken,
  claims,
  isMachine,
}: Pick<Identity, 'accessToken' | 'idToken' | 'claims' | 'isMachine'>): Identity {
  const { id, access } = claims;
  const user = isMachine ? undefined : getUser(idToken === undefined ? access : id);
  const answers = Object.freeze(createAccess(freeze(access), freeze(id)));
  // Member by member: V8 gives every object that begins with a spread a shape of its own, and reading those is slow.
  return Object.freeze({
    accessToken,
    idToken,
    claims,
    isMachine,
    sub: user?.id ?? '',
    user,
    access: answers,
  });
}

/** Claims come from JSON, so depth is bounded by the size of a token. */
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.values(Object.freeze(value)).forEach(freeze);
  }
  return value;
}
