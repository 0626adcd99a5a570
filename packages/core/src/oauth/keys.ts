import { errors, type CryptoKey } from 'jose';
import { stopwatch } from '../clock.js';
import type { Config } from '../options/config.js';
import { KindeError } from '../errors.js';
import { createKeySet, type Asked } from './key-set.js';

/**
 * Who shows a token under a key that is not in hand: Kinde's token endpoint, or anybody, who may make up such tokens as fast
 * as they please. Each has its own budget of requests for keys, so that none delays another.
 */
export type Asker = 'token_endpoint' | 'bearer' | 'logout';

/** The keys that Kinde signs with. */
export interface Keys {
  /** Makes sure that there are keys in hand. @throws KindeError `keys_unavailable` */
  ready(uri: string): Promise<void>;
  /**
   * The key for a token, fetched anew where it is not in hand and the asker has a request left.
   * @throws KindeError `keys_unavailable`; jose's errors where there is no such key, or several.
   */
  find(asker: Asker, uri: string, ...asked: Asked): Promise<CryptoKey>;
  /** Which set of keys serves now: another number for another set, `undefined` where keys have to be fetched. */
  version(uri: string | undefined): number | undefined;
}

/** Unknown keys that each asker may ask for at once, and the seconds after which one more is granted. */
const BUDGETS: Readonly<Record<Asker, readonly [most: number, seconds: number]>> = {
  token_endpoint: [10, 1],
  bearer: [1, 10],
  logout: [1, 10],
};

/** The keys of one tenant. */
export function createKeys(config: Config): Keys {
  const set = createKeySet(config);
  const budgets = new Map(
    Object.entries(BUDGETS).map(([asker, budget]) => [asker, createBudget(...budget)]),
  );
  const ready = async (uri: string) =>
    set.current(uri) ?? (await set.renewed(uri).catch(unavailable));
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
      if (!budgets.get(asker)!()) {
        return set.isAway() ? unavailable(missing) : Promise.reject(missing);
      }
      const newest = await set.published(uri).catch(unavailable);
      return (await newest.find(...asked)) ?? Promise.reject(missing);
    },
    version: (uri: string | undefined) => {
      if (set.current(uri)) {
        return set.edition();
      }
      return undefined;
    },
  });
}

/** So many at once, and one more after every so many seconds. */
function createBudget(most: number, seconds: number): () => boolean {
  let left = most;
  let age = stopwatch();
  return () => {
    const earned = Math.floor(age() / seconds);
    if (earned > 0 || left === most) {
      [left, age] = [Math.min(most, left + earned), stopwatch()];
    }
    if (left === 0) {
      return false;
    }
    left -= 1;
    return true;
  };
}

function unavailable(cause: unknown): never {
  const { reason, code, headers } = cause instanceof KindeError ? cause : KEY_NOT_FOUND;
  const details = {
    reason: reason ?? code,
    headers,
    cause,
  };
  throw new KindeError('keys_unavailable', 'The signing keys of Kinde cannot be fetched.', details);
}

const KEY_NOT_FOUND = {
  reason: 'key_not_found',
  code: undefined,
  headers: {},
};
