import { checkSeed } from '../seed/check-seed.js';
import type { Seed } from '../seed/seed.js';
import type { State } from '../state/state.js';
import { tenantOf } from '../state/tenant.js';
import { mergeData } from './merge.js';
import type { KeptSite } from './state-file.js';

/** What a state began with. */
export interface Origin {
  /** Seed, perhaps of an older release. */
  readonly seed: unknown;
  /** What the tenant was made for. */
  readonly site: KeptSite;
}

/**
 * Brings what changed in the seed, or in the address of the app, into a state that began with another one: see `mergeData`.
 * The journal says what.
 */
export function adoptSeed(state: State, from: Origin): void {
  const { seed, siteUrl, callbacks } = state;
  const isSame =
    JSON.stringify([
      seed,
      {
        siteUrl,
        callbacks,
      },
    ]) === JSON.stringify([from.seed, from.site]);
  const older = isSame ? undefined : seedOf(from.seed);
  if (!older) {
    return;
  }
  const now = state.clock.now();
  const { identity } = state;
  const changes = mergeData(state, {
    before: tenantOf(older, {
      ...from.site,
      identity,
      now,
    }),
    after: tenantOf(seed, {
      siteUrl,
      callbacks,
      identity,
      now,
    }),
  });
  if (changes.length > 0) {
    state.journal.append({
      kind: 'seed',
      what: 'merged',
      changes,
      problems: [],
    });
  }
}

/** Changes the seed of a running state: what is in it and was not before is brought in. */
export function changeSeed(state: State, seed: Seed): void {
  const { siteUrl, callbacks, seed: older } = state;
  state.seed = seed;
  adoptSeed(state, {
    seed: older,
    site: {
      siteUrl,
      callbacks,
    },
  });
}

/** A seed that an older release may have written in another form. */
function seedOf(value: unknown): Seed | undefined {
  try {
    return checkSeed(value);
  } catch {
    return undefined;
  }
}
