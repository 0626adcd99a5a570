import { createLocalJWKSet, errors, type CryptoKey, type JWTVerifyGetKey } from 'jose';
import { deadlineIn, stopwatch } from '../clock.js';
import type { Config } from '../options/config.js';
import { createConnection, isOutage, type Connection } from './connection.js';
import { KindeError } from '../errors.js';
import { createInFlight } from '../cache/in-flight.js';
import { usableKey, type SigningKey } from './strength.js';

/** Header and parts of a token, by which jose chooses a key. */
export type Asked = Parameters<JWTVerifyGetKey>;

/** A set of keys as it was fetched. */
export interface Fetched {
  /** The key for a token; `undefined` where the set has none. @throws JWKSMultipleMatchingKeys */
  find(...asked: Asked): Promise<CryptoKey | undefined>;
  /** Where it came from. */
  readonly uri: string;
  /** Seconds since it was asked for. */
  readonly age: () => number;
}

/** The newest set of keys of one tenant. */
export interface KeySet {
  /** The set that serves without being asked for; `undefined` where it has to be. Renews it in the background when due. */
  current(uri: string | undefined): Fetched | undefined;
  /** The set as it is published now, or, while that cannot be had for want of an answer, as it was. @throws KindeError */
  renewed(uri: string): Promise<Fetched>;
  /** The set as it is published now. Whoever asks meanwhile shares the answer. @throws KindeError */
  published(uri: string): Promise<Fetched>;
  /** What was asked for before and is on its way. */
  coming(): Promise<Fetched> | undefined;
  /** Is the address of the keys without an answer? */
  isAway(): boolean;
  /** The number of the set in hand. */
  edition(): number;
}

const LARGEST = 256 * 1024;
/** Seconds: renewed in the background from here on, used without a fetch, and used while none is answered. */
const RENEW = 540;
const FRESH = 600;
const OLDEST = 4 * 3600;
/** Seconds for which the address is taken to be away, and after which the next fetch in the background may find out. */
const AWAY = 30;
const PAUSE = 10;
/** Seconds that one fetch may take, at most. */
const PATIENCE = 5;

/**
 * Keys serve for ten minutes. After that they are fetched before the next use; only while that fails for want of an answer,
 * the ones in hand serve for four hours more. A new set replaces the old one entirely.
 */
export function createKeySet(config: Config): KeySet {
  // Whoever waits for it in vain still has time to go on with the keys in hand.
  const seconds = Math.min(PATIENCE, config.timeout / 2);
  const connection = createConnection(config, { bytes: LARGEST, failures: 3 });
  const flight = createInFlight<Fetched>(seconds);
  let inHand: (Fetched & { readonly text: string }) | undefined;
  let edition = 0;
  let [tried, failed]: [(() => number)?, (() => number)?] = [];
  let isDoubtful = false;
  const isAway = () => failed !== undefined && failed() <= AWAY;
  const serving = (uri: string | undefined): Fetched | undefined => {
    if (!inHand || inHand.uri !== uri) {
      return undefined;
    }
    const age = inHand.age();
    if (age <= FRESH || (age <= OLDEST && isAway() && !isDoubtful)) {
      return inHand;
    }
    return undefined;
  };
  const published = (uri: string): Promise<Fetched> =>
    flight.run(async () => {
      const age = (tried = stopwatch());
      try {
        const keys = await fetchKeys(connection, uri, seconds);
        const text = JSON.stringify(keys);
        // The same set again verifies what it verified before.
        const isSame = inHand?.uri === uri && inHand.text === text;
        const find = isSame ? inHand!.find : finder(keys);
        if (!isSame) {
          edition += 1;
        }
        [failed, isDoubtful] = [undefined, false];
        return (inHand = Object.freeze({
          uri,
          text,
          find,
          age,
        }));
      } catch (error) {
        // An answer that is no set of keys does not speak for the old one.
        if (!isTrouble(error)) {
          isDoubtful = true;
        }
        failed = isTrouble(error) ? stopwatch() : undefined;
        throw error;
      }
    });
  return Object.freeze({
    published,
    isAway,
    coming: flight.running,
    edition: () => edition,
    current(uri) {
      const found = serving(uri);
      if (found && found.age() > RENEW && tried!() >= PAUSE) {
        published(found.uri).catch(() => {});
      }
      return found;
    },
    renewed: (uri) =>
      published(uri).catch((error: unknown) => {
        const found = serving(uri);
        if (!found) {
          throw error;
        }
        return found;
      }),
  } satisfies KeySet);
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
  const document: unknown =
    response.status === 200 ? await response.json().catch(() => undefined) : undefined;
  const keys = (document as { keys?: unknown } | null | undefined)?.keys;
  if (!Array.isArray(keys)) {
    throw wrong('malformed');
  }
  return keys.flatMap((key) => usableKey(key) ?? []);
}

const SERVER_ERROR = 'server_error';

/** Does an error say no more than that the keys cannot be asked for at the moment? */
function isTrouble(error: unknown): boolean {
  return isOutage(error) || (error instanceof KindeError && error.reason === SERVER_ERROR);
}
