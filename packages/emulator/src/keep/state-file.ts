import { renameSync } from 'node:fs';
import * as v from 'valibot';
import type { Identity } from '../identity/identity.js';
import { openKey } from '../identity/signing-key.js';
import type { Seed } from '../seed/seed.js';
import { laterVersion } from '../state/check-snapshot.js';
import { snapshotOf } from '../state/capture.js';
import type { State } from '../state/state.js';

/** What a state file holds. */
export interface Kept {
  /** Version of this form. */
  readonly version: 1;
  /** Signing keys, and what credentials come from. */
  readonly identity: Identity;
  /** Seed that the state began with. */
  readonly seed: unknown;
  /** What the tenant was made for. */
  readonly site: KeptSite;
  /** Everything that survives: see `checkSnapshot`. */
  readonly snapshot: unknown;
}

/** What a tenant was made for. */
export interface KeptSite {
  /** Address of the app. */
  readonly siteUrl: string;
  /** Callback URLs that were added to those of the seed. */
  readonly callbacks?: readonly string[] | undefined;
}

const VERSION = 1;

const KeySchema = v.object({
  kid: v.pipe(v.string(), v.startsWith('insecure-')),
  jwk: v.looseObject({
    kty: v.literal('RSA'),
    n: v.string(),
    e: v.string(),
    d: v.string(),
  }),
  until: v.exactOptional(v.number()),
});

const KeptSchema = v.object({
  version: v.literal(VERSION),
  identity: v.object({
    salt: v.pipe(v.string(), v.minLength(32)),
    keys: v.pipe(v.array(KeySchema), v.minLength(1)),
  }),
  seed: v.unknown(),
  site: v.object({
    siteUrl: v.string(),
    callbacks: v.optional(v.array(v.string())),
  }),
  snapshot: v.unknown(),
});

/**
 * Reads the text of a state file.
 * @throws TypeError for one of a later release: it must not be touched
 * @throws Error for one that is broken
 */
export function parseState(file: string, text: string): Kept {
  const content = JSON.parse(text) as unknown;
  const { version } = Object(content) as { version?: unknown };
  if (typeof version === 'number' && version > VERSION) {
    throw laterVersion(
      `${file} is of a later release (its version is ${version}, this release reads up to ${VERSION}).`,
    );
  }
  const kept = v.parse(KeptSchema, content);
  kept.identity.keys.forEach(openKey);
  return kept;
}

/**
 * The text of a state file for the state as it is now, in pieces. All that may change is read before the first one is
 * given.
 */
export function textsOf(state: State): Iterable<string> {
  const { identity, seed, siteUrl, callbacks } = state;
  const kept: Omit<Kept, 'seed'> = {
    version: VERSION,
    identity,
    site: {
      siteUrl,
      callbacks,
    },
    snapshot: snapshotOf(state),
  };
  return pieces(JSON.stringify(kept), seed);
}

/** A large seed is turned into text only as it is written: that takes as long as all the rest. */
function* pieces(text: string, seed: Seed): Iterable<string> {
  yield text.slice(0, -1);
  yield ',"seed":';
  yield JSON.stringify(seed);
  yield '}';
}

/** Gives a state file another name, so that nothing in it is lost. Answers that name. */
export function setAside(file: string): string {
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const aside = file.replace(/\.json$/, `.broken-${time}.json`);
  renameSync(file, aside);
  return aside;
}
