// Nothing is lost: identity, state, snapshots and the address of a local Kinde, in files of the project.
import { newIdentity, type Identity } from '../identity/identity.js';
import type { JournalEntry } from '../journal/entries.js';
import type { LocalKinde } from '../local-kinde.js';
import { isOfLaterVersion, type Snapshot } from '../state/check-snapshot.js';
import { adoptSeed } from './adopt-seed.js';
import { readText } from './files.js';
import { makePlace, placeOf, type Place } from './place.js';
import { announce, claim, release } from './running.js';
import { createFileSnapshots } from './snapshots.js';
import { parseState, setAside, writeState, type Kept } from './state-file.js';
import { tokenIn } from './token.js';

/** Where a local Kinde keeps its state. */
export interface Keep {
  /** The files. */
  readonly place: Place;
  /** Identity that it goes on with: the kept one, or a new one whose key is still the published one. */
  readonly identity: Identity;
  /** Token of the control API. */
  readonly token: string;
  /** Snapshots by name. */
  readonly snapshots: ReturnType<typeof createFileSnapshots>;
  /**
   * Goes on where the kept state ended, with what changed in the seed since, and keeps it from now on; for the first time
   * once the identity is complete.
   */
  attach(local: Pick<LocalKinde, 'state' | 'restore'>, identified: Promise<void>): void;
  /** Says that the state may be another one: it is written in a moment. */
  changed(): void;
  /** Writes down where it listens. */
  announce(url: string): void;
  /** Writes the state, at once, and gives its files up. */
  close(): void;
}

/** Milliseconds from a change until the state is written. */
const REST = 250;
/** A large state is written less often: this many times as long as writing takes. */
const REST_TIMES = 20;

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
  readonly kept: Kept | undefined;
  readonly aside: string | undefined;
}

function read(file: string): Found {
  const text = readText(file);
  if (text === undefined) {
    return {
      kept: undefined,
      aside: undefined,
    };
  }
  return orSetAside(file, () => ({ kept: parseState(file, text), aside: undefined }));
}

/** Tries to use a state file; one that is broken is set aside. */
function orSetAside(file: string, use: () => Found): Found {
  try {
    return use();
  } catch (error) {
    if (isOfLaterVersion(error)) {
      throw error;
    }
    return {
      kept: undefined,
      aside: setAside(file),
    };
  }
}

function keepOf(place: Place, { kept, aside }: Found): Keep {
  const identity = kept?.identity ?? newIdentity();
  let writing: Writing | undefined;
  return {
    place,
    identity,
    token: tokenIn(place.token),
    snapshots: createFileSnapshots(place.snapshots),
    attach(local, identified) {
      try {
        const other = aside ?? (kept && goOn(local, kept, place));
        if (other !== undefined) {
          local.state.journal.append({
            kind: 'state',
            what: 'set-aside',
            name: other,
          });
        }
      } catch (error) {
        release(place.running);
        throw error;
      }
      writing = writeChanges(local, place, identified);
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

/** Goes on with the kept state. Answers under which name it was set aside, if it is broken. */
function goOn(
  { state, restore }: Pick<LocalKinde, 'state' | 'restore'>,
  kept: Kept,
  place: Place,
): string | undefined {
  const found = orSetAside(place.state, () => {
    restore(kept.snapshot as Snapshot);
    return {
      kept,
      aside: undefined,
    };
  });
  if (found.kept) {
    adoptSeed(state, kept);
  }
  return found.aside;
}

/** Writes the state as it changes. */
interface Writing {
  /** Says that it may have changed. */
  changed(): void;
  /** Writes it at once, and for the last time. */
  stop(): void;
}

/** Writes the state a moment after each change, and at the end. */
function writeChanges(
  { state }: Pick<LocalKinde, 'state'>,
  { state: file }: Place,
  identified: Promise<void>,
): Writing {
  let timer: NodeJS.Timeout | undefined;
  let took = 0;
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    const start = performance.now();
    writeState(file, state);
    took = performance.now() - start;
  };
  const writeOrTell = () => {
    try {
      write();
    } catch (error) {
      const text = `The state could not be kept: ${(error as Error).message}`;
      state.journal.append({
        kind: 'remark',
        text,
      });
    }
  };
  const changed = () => {
    timer ??= setTimeout(writeOrTell, Math.max(REST, took * REST_TIMES)).unref();
  };
  const forget = state.journal.subscribe((entry) => {
    if (mayChange(entry)) {
      changed();
    }
  });
  void identified.then(writeOrTell);
  process.once('exit', writeOrTell);
  return {
    changed,
    stop() {
      process.off('exit', writeOrTell);
      forget();
      write();
    },
  };
}

/** Addresses that change nothing when they are read. */
const READ_ONLY = /^\/(\.well-known|api|emulator|oauth2\/(v2\/)?user_profile|favicon)/;

/** Whether the state may be another one after what happened, apart from requests that are no GET. */
function mayChange(entry: JournalEntry): boolean {
  switch (entry.kind) {
    case 'request':
      return !READ_ONLY.test(entry.path);
    case 'step':
    case 'remark':
    case 'fault':
      return false;
    default:
      return true;
  }
}
