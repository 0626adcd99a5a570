import type { Purpose } from '../crypto/cipher.js';
import type { Opened, Seal } from '../crypto/seal.js';
import {
  copy,
  createBoundedCache,
  createMemoryBudget,
  weightOf,
  type MemoryBudget,
} from './bounded.js';

/** Purposes whose texts are opened at every request. What is sealed for other purposes is opened once. */
export type CachedPurpose = Extract<Purpose, 'session' | 'store'>;

/** A seal that decrypts each session once and then remembers it until it expires. */
export interface CachedSeal extends Seal {
  /** Does what `open` does, from memory where the text was opened before. */
  openCached(sealed: string, purpose: CachedPurpose): Promise<Opened | undefined>;
  /** The same at once; `undefined` also where that cannot be found out at once. */
  openSync(sealed: string, purpose: CachedPurpose): Opened | undefined;
  /** Forgets a text that was replaced or revoked. */
  forget(sealed: string, purpose: CachedPurpose): void;
}

/** Remembers what a seal opens, each purpose for itself. */
export function withCache(seal: Seal, budget: MemoryBudget = createMemoryBudget()): CachedSeal {
  const caches = {
    session: createBoundedCache<Opened>(budget),
    store: createBoundedCache<Opened>(budget),
  };
  const keep = (sealed: string, purpose: CachedPurpose, opened: Opened | undefined) => {
    const until = opened?.payload['exp'];
    if (!opened || !Number.isSafeInteger(until)) {
      return opened;
    }
    Object.freeze(opened.payload);
    const terms = { until: Number(until), bytes: sealed.length + weightOf(opened.payload) };
    caches[purpose].set(copy(sealed), Object.freeze(opened), terms);
    return opened;
  };
  return Object.freeze({
    ...seal,
    openSync: (sealed, purpose) =>
      caches[purpose].get(sealed) ?? keep(sealed, purpose, seal.openSync?.(sealed, purpose)),
    openCached: async (sealed, purpose) =>
      caches[purpose].get(sealed) ?? keep(sealed, purpose, await seal.open(sealed, purpose)),
    forget: (sealed, purpose) => caches[purpose].delete(sealed),
  } satisfies CachedSeal);
}
