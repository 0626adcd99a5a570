import {
  isInsecureKeyId,
  isPublishedKey,
  stopwatch,
  usableKey,
  type SigningKey,
} from '@kindling/internal';
import { createLocalJWKSet, errors, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { deadlineIn } from '../clock.js';
import { createInFlight } from '../cache/in-flight.js';
import { hash } from '../crypto/hash.js';
import { bytesOf } from '../crypto/node.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { createConnection, isOutage, type Connection } from './connection.js';

/** Header and parts of a token, by which jose chooses a key. */
export type Asked = Parameters<JWTVerifyGetKey>;

/** A set of keys as it was fetched. */
export interface Fetched {
  /** Finds the key for a token; `undefined` where the set has none. @throws JWKSMultipleMatchingKeys */
  find(...asked: Asked): Promise<CryptoKey | undefined>;
  /** The address that it came from. */
  readonly uri: string;
  /** Counts the seconds since it was asked for. */
  readonly age: () => number;
}

/** The newest set of keys of one tenant. */
export interface KeySet {
  /** The set that may be used as it is; `undefined` where it has to be fetched. Refreshes it in the background when due. */
  current(uri: string | undefined): Fetched | undefined;
  /** Fetches the set; while the address does not answer, resolves to the set in hand. @throws KindeError */
  refreshed(uri: string): Promise<Fetched>;
  /** Fetches the set; concurrent callers share one request. @throws KindeError */
  published(uri: string): Promise<Fetched>;
  /** The request that is under way. */
  coming(): Promise<Fetched> | undefined;
  /** Says whether the address of the keys does not answer. */
  isAway(): boolean;
  /** The number of the set in hand. */
  version(): number;
}

const LARGEST = 256 * 1024;
/** Seconds after which it is refreshed in the background, for which it is used without a fetch, and while none is answered. */
const REFRESH_AFTER = 540;
const FRESH = 600;
const OLDEST = 4 * 3600;
/** Seconds for which the address is taken to be away, and after which the next fetch in the background may find out. */
const AWAY = 30;
const PAUSE = 10;
/** Seconds that one fetch may take, at most. */
const TIMEOUT = 5;

/**
 * Keys serve for ten minutes. After that they are fetched before the next use; only while that fails for want of an answer,
 * the ones in hand serve for four hours more. A new set replaces the old one entirely.
 */
export function createKeySet(config: OAuthConfig): KeySet {
  // A caller that waits in vain still has time to go on with the keys in hand.
  const seconds = Math.min(TIMEOUT, config.timeout / 2);
  const connection = createConnection(config, { endpoint: 'keys', bytes: LARGEST, failures: 3 });
  const flight = createInFlight<Fetched>(seconds);
  const state: KeySetState = { version: 0, sinceFetch: stopwatch(), isDoubtful: false };
  const published = (uri: string): Promise<Fetched> =>
    flight.run(async () => {
      const age = stopwatch();
      state.sinceFetch = age;
      try {
        const keys = await acceptable(await fetchKeys(connection, uri, seconds), config);
        return replace(state, keys, { uri, age });
      } catch (error) {
        const isAway = isTrouble(error);
        state.sinceFailure = isAway ? stopwatch() : undefined;
        // An answer that is no set of keys does not speak for the old one.
        state.isDoubtful ||= !isAway;
        throw error;
      }
    });
  return Object.freeze({
    published,
    isAway: () => isAwayNow(state),
    coming: flight.running,
    version: () => state.version,
    current(uri) {
      const found = serving(state, uri);
      if (found && found.age() > REFRESH_AFTER && state.sinceFetch() >= PAUSE) {
        published(found.uri).catch(() => {});
      }
      return found;
    },
    refreshed: (uri) =>
      published(uri).catch((error: unknown) => {
        const found = serving(state, uri);
        if (!found) {
          throw error;
        }
        return found;
      }),
  } satisfies KeySet);
}

/** The set in hand, and how fetching it went. */
interface KeySetState {
  /** The newest set, and its text. */
  inHand?: Fetched & { readonly text: string };
  /** Counts the sets that differ. */
  version: number;
  /** Counts the seconds since the last fetch began. */
  sinceFetch: () => number;
  /** Counts the seconds since a fetch stayed without an answer, unless one was answered after it. */
  sinceFailure?: (() => number) | undefined;
  /** The address answered with something else than a set of keys. */
  isDoubtful: boolean;
}

function isAwayNow({ sinceFailure }: KeySetState): boolean {
  return sinceFailure !== undefined && sinceFailure() <= AWAY;
}

/** The set in hand, while it may be used without a fetch. */
function serving(state: KeySetState, uri: string | undefined): Fetched | undefined {
  const { inHand } = state;
  if (!inHand || inHand.uri !== uri) {
    return undefined;
  }
  const age = inHand.age();
  if (age <= FRESH || (age <= OLDEST && isAwayNow(state) && !state.isDoubtful)) {
    return inHand;
  }
  return undefined;
}

/** Takes a set that was fetched in place of the one in hand. */
function replace(
  state: KeySetState,
  keys: SigningKey[],
  { uri, age }: Pick<Fetched, 'uri' | 'age'>,
): Fetched {
  const text = JSON.stringify(keys);
  // The same set again verifies what it verified before.
  const same = state.inHand?.uri === uri && state.inHand.text === text ? state.inHand : undefined;
  if (!same) {
    state.version += 1;
  }
  state.sinceFailure = undefined;
  state.isDoubtful = false;
  state.inHand = Object.freeze({
    uri,
    text,
    find: same?.find ?? finder(keys),
    age,
  });
  return state.inHand;
}

function finder(keys: SigningKey[]): Fetched['find'] {
  const find = createLocalJWKSet({ keys });
  return async (...asked) =>
    find(...asked).catch((error: unknown) => {
      if (!(error instanceof errors.JWKSNoMatchingKey)) {
        throw error;
      }
      return undefined;
    });
}

async function fetchKeys(
  connection: Connection,
  uri: string,
  seconds: number,
): Promise<SigningKey[]> {
  const init = { method: 'GET', headers: { accept: 'application/json' } };
  const response = await connection.send(uri, init, { deadline: deadlineIn(seconds) });
  const wrong = (reason: string) =>
    new KindeError('keys_unavailable', 'Kinde did not answer with a set of signing keys.', {
      reason,
    });
  if (response.status >= 500) {
    throw wrong(SERVER_ERROR);
  }
  if (response.status !== 200) {
    throw wrong('malformed');
  }
  const document: unknown = await response.json().catch(() => undefined);
  const keys = (document as { keys?: unknown } | null | undefined)?.keys;
  if (!Array.isArray(keys)) {
    throw wrong('malformed');
  }
  return keys.flatMap((key) => usableKey(key, bytesOf) ?? []);
}

/** Keys without those of local Kindes, where none is accepted, and in production without those that everybody has. */
async function acceptable(
  keys: readonly SigningKey[],
  { production, localRefusal, diagnostics }: OAuthConfig,
): Promise<SigningKey[]> {
  const isRefused = async (key: SigningKey) =>
    (localRefusal !== undefined && isInsecureKeyId(key.kid)) ||
    (production && (await isPublishedKey(key, hash)));
  const refused = await Promise.all(keys.map(isRefused));
  if (refused.includes(true)) {
    diagnostics.warn('emulator_in_production', INSECURE);
  }
  return keys.filter((_, index) => !refused[index]);
}

const INSECURE =
  'The issuer publishes a key for development, with which anybody can sign. No token under that key is accepted.';

const SERVER_ERROR = 'server_error';

/** Tells an outage from an answer that speaks against the set in hand. */
function isTrouble(error: unknown): boolean {
  return isOutage(error) || (error instanceof KindeError && error.reason === SERVER_ERROR);
}
