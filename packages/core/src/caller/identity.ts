import { createAccess, getUser, type Access, type User } from '@kindling/claims';
import { copy, createBoundedCache, type MemoryBudget } from '../cache/bounded.js';
import type { OAuth, TokenClaims } from '../oauth/client.js';
import { claimsOf, type SomeTokens } from '../session/data.js';

/** The user or machine of some tokens, and their claims: read once, shared by requests, and frozen. */
export interface Identity {
  /** The access token. */
  readonly accessToken: string;
  /** Absent for bearer tokens. */
  readonly idToken: string | undefined;
  /** Claims of both tokens. */
  readonly claims: TokenClaims;
  /** The user's id; `''` for a machine. */
  readonly sub: string;
  /** Absent for a machine. */
  readonly user: User | undefined;
  /** Does the token come from the client credentials grant? */
  readonly isMachine: boolean;
  /** Permissions, roles and flags of the claims. */
  readonly access: Access;
}

/** Identities of callers, cached by their tokens. */
export interface IdentityCache {
  /** The user of a session, whose tokens were verified when they arrived. */
  ofSession(tokens: SomeTokens): Identity;
  /** The cached caller behind a bearer token that was verified with this set of keys. */
  ofKnownBearer(token: string, keys: number | undefined): Identity | undefined;
  /** The caller behind a bearer token that was verified just now, remembered where one set of keys is known to have decided. */
  ofBearer(token: string, found: VerifiedBearer, keys: number | undefined): Identity;
}

/** A bearer token's verified claims, and whether it is a machine's. */
export type VerifiedBearer = Awaited<ReturnType<OAuth['verifyBearer']>>;

/** Caches what tokens say, so that each is decoded once. */
export function createIdentityCache(
  { clockTolerance }: { clockTolerance: number },
  room?: MemoryBudget,
): IdentityCache {
  const sessions = createBoundedCache<Identity>(room);
  const bearers = createBoundedCache<{ identity: Identity; keys: number }>(room);
  const seen = new WeakMap<object, Identity>();
  const read = (tokens: SomeTokens) => {
    const { accessToken, idToken } = tokens;
    const known = sessions.get(accessToken);
    // The same access token may come with another ID token after a refresh.
    if (known?.idToken === idToken) {
      return known;
    }
    const claims = claimsOf(tokens);
    const identity = toIdentity({
      accessToken,
      idToken,
      claims,
      isMachine: false,
    });
    const { exp: until = Infinity } = claims.access;
    sessions.set(accessToken, identity, { until, bytes: weightOf(identity) });
    return identity;
  };
  return Object.freeze({
    ofSession(tokens) {
      let identity = seen.get(tokens);
      if (!identity) {
        seen.set(tokens, (identity = read(tokens)));
      }
      return identity;
    },
    ofKnownBearer(token, keys) {
      const known = keys === undefined ? undefined : bearers.get(token);
      return known?.keys === keys ? known?.identity : undefined;
    },
    ofBearer(token, { claims, isMachine }, keys) {
      const accessToken = copy(token);
      const identity = toIdentity({
        accessToken,
        idToken: undefined,
        claims: { id: {}, access: claims },
        isMachine,
      });
      const terms = { until: claims.exp + clockTolerance, bytes: weightOf(identity) };
      if (keys !== undefined) {
        bearers.set(accessToken, Object.freeze({ identity, keys }), terms);
      }
      return identity;
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
