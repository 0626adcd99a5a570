// Nothing is lost: identity, state, snapshots and the address of a local Kinde, in files of the project.
import type { SnapshotStore } from '../control/snapshots.js';
import { newIdentity, type Identity } from '../identity/identity.js';
import { checkSnapshot, isOfLaterVersion, type Snapshot } from '../state/check-snapshot.js';
import type { State } from '../state/state.js';
import { adoptSeed, type Origin } from './adopt-seed.js';
import { readText } from './files.js';
import { makePlace, placeOf, type Place } from './place.js';
import { announce, claim, release } from './running.js';
import { createFileSnapshots } from './snapshots.js';
import { parseState, setAside } from './state-file.js';
import { tokenIn } from './token.js';
import { writeChanges, type Writing } from './write-changes.js';

/** Where a local Kinde keeps its state. */
export interface Keep {
  /** The files. */
  readonly place: Place;
  /** Identity that it goes on with: the kept one, or a new one whose key is still the published one. */
  readonly identity: Identity;
  /** Token of the control API. */
  readonly token: string;
  /** Snapshots by name. */
  readonly snapshots: SnapshotStore;
  /** What the kept state ended with, for `createLocalKinde`; `undefined` where nothing sound was kept. */
  readonly snapshot: Snapshot | undefined;
  /**
   * Brings what changed in the seed into the state that goes on with the snapshot, and keeps it from now on; for the first
   * time once the identity is complete.
   */
  attach(state: State, identified: Promise<void>): void;
  /** Says that the state may be another one: it is written in a moment. */
  changed(): void;
  /** Writes down where it listens. */
  announce(url: string): void;
  /** Writes the state, at once, and gives its files up. */
  close(): void;
}

/**
 * Opens what is kept of an environment in a folder, and makes the folder where there is none.
 * @throws Error where another process uses it, and for a file of a later release. Nothing is touched then.
 */
export async function openKeep(folder: string, environment?: string): Promise<Keep> {
  const place = placeOf(folder, environment);
  makePlace(place);
  await claim(place.running, place.state);
  try {
    const found = read(place.state);
    return keepOf(place, found);
  } catch (error) {
    release(place.running);
    throw error;
  }
}

/** What was read: the kept state, or under which name it was set aside. */
interface Found {
  readonly identity?: Identity | undefined;
  readonly kept?: (Origin & { readonly snapshot: Snapshot }) | undefined;
  readonly aside?: string | undefined;
}

/** Reads a state file; one that is broken is set aside, and its identity is used where that is sound. */
function read(file: string): Found {
  const text = readText(file);
  if (text === undefined) {
    return {};
  }
  let identity: Identity | undefined;
  try {
    const { seed, site, snapshot, ...others } = parseState(file, text);
    ({ identity } = others);
    const kept = { seed, site, snapshot: checkSnapshot(snapshot) };
    return { identity, kept };
  } catch (error) {
    if (isOfLaterVersion(error)) {
      throw error;
    }
    return { identity, aside: setAside(file) };
  }
}

function keepOf(place: Place, { identity, aside, ...found }: Found): Keep {
  let { kept } = found;
  let writing: Writing | undefined;
  return {
    place,
    identity: identity ?? newIdentity(),
    token: tokenIn(place.token),
    get snapshot() {
      return kept?.snapshot;
    },
    snapshots: createFileSnapshots(place.snapshots),
    attach(state, identified) {
      if (aside !== undefined) {
        state.journal.append({ kind: 'state', what: 'set-aside', name: aside });
      }
      if (kept) {
        adoptSeed(state, kept);
      }
      // A large tenant is there only once from now on.
      kept = undefined;
      writing = writeChanges(state, place.state, identified);
    },
    changed: () => writing?.changed(),
    announce: (url) => announce(place.running, url),
    close() {
      try {
        writing?.stop();
      } finally {
        writing = undefined;
        release(place.running);
      }
    },
  };
}
