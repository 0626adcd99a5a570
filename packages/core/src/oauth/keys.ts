import { stopwatch } from '@kindling/internal';
import { errors, type CryptoKey } from 'jose';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { createKeySet, type Asked } from './key-set.js';

/**
 * Where a token came from that names an unknown key: Kinde's token endpoint, or a stranger, who can make up such tokens without
 * end. Each has its own budget of requests for keys, so that none delays another.
 */
export type Asker = 'token_endpoint' | 'bearer' | 'logout';

/** The keys that Kinde signs with. */
export interface Keys {
  /** Fetches keys where none are in hand. @throws KindeError `keys_unavailable` */
  ready(uri: string): Promise<void>;
  /**
   * Finds the key for a token. Keys are fetched anew where it is not in hand and the asker has a request left.
   * @throws KindeError `keys_unavailable`; jose's errors where there is no such key, or several.
   */
  find(asker: Asker, uri: string, ...asked: Asked): Promise<CryptoKey>;
  /** The number of the set of keys in use: another set has another; `undefined` where keys have to be fetched. */
  version(uri: string | undefined): number | undefined;
}

/** Requests for unknown keys that an asker may cause at once, and the seconds after which it is granted one more. */
interface BudgetTerms {
  readonly most: number;
  readonly seconds: number;
}

const OF_KINDE: BudgetTerms = { most: 10, seconds: 1 };
const OF_STRANGERS: BudgetTerms = { most: 1, seconds: 10 };

/** The keys of one tenant. */
export function createKeys(config: OAuthConfig): Keys {
  const set = createKeySet(config);
  const budgets: Readonly<Record<Asker, () => boolean>> = {
    token_endpoint: createBudget(OF_KINDE),
    bearer: createBudget(OF_STRANGERS),
    logout: createBudget(OF_STRANGERS),
  };
  const ready = async (uri: string) =>
    set.current(uri) ?? (await set.refreshed(uri).catch(rethrow));
  return Object.freeze({
    ready: async (uri: string) => void (await ready(uri)),
    async find(asker: Asker, uri: string, ...asked: Asked) {
      const key = await (await ready(uri)).find(...asked);
      if (key) {
        return key;
      }
      // Others may be fetching it just now. Where it is not among what they get, it may have been published since.
      const coming = await set.coming()?.catch(() => undefined);
      const found = await coming?.find(...asked);
      if (found) {
        return found;
      }
      const missing = new errors.JWKSNoMatchingKey();
      if (!budgets[asker]()) {
        throw set.isAway() ? unavailable(missing) : missing;
      }
      const newest = await set.published(uri).catch(rethrow);
      const published = await newest.find(...asked);
      if (!published) {
        throw missing;
      }
      return published;
    },
    version: (uri: string | undefined) => {
      if (set.current(uri)) {
        return set.version();
      }
      return undefined;
    },
  });
}

/** So many at once, and one more after every so many seconds. The function takes one, and says whether there was one. */
function createBudget({ most, seconds }: BudgetTerms): () => boolean {
  let left = most;
  let age = stopwatch();
  return () => {
    const earned = Math.floor(age() / seconds);
    if (earned > 0 || left === most) {
      left = Math.min(most, left + earned);
      age = stopwatch();
    }
    if (left === 0) {
      return false;
    }
    left -= 1;
    return true;
  };
}

function rethrow(cause: unknown): never {
  throw unavailable(cause);
}

function unavailable(cause: unknown): KindeError {
  const { reason, code, headers } = cause instanceof KindeError ? cause : KEY_NOT_FOUND;
  const details = {
    reason: reason ?? code,
    headers,
    cause,
  };
  return new KindeError(
    'keys_unavailable',
    'The signing keys of Kinde cannot be fetched.',
    details,
  );
}

const KEY_NOT_FOUND = {
  reason: 'key_not_found',
  code: undefined,
  headers: {},
};
