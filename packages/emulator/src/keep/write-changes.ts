import type { JournalEntry } from '../journal/entries.js';
import type { State } from '../state/state.js';
import { startWriting, writeText, type UnderWay } from './files.js';
import { textsOf } from './state-file.js';

/** Milliseconds from a change until the state is written. */
const REST = 250;
/** A large state is written less often: this many times as long as writing takes. */
const REST_TIMES = 20;

/** Writes the state as it changes. */
export interface Writing {
  /** Says that it may have changed. */
  changed(): void;
  /** Writes it at once, and for the last time. */
  stop(): void;
}

/**
 * Writes the state a moment after each change, while requests are answered, and at once at the end; for the first time once
 * the identity is complete.
 */
export function writeChanges(state: State, file: string, identified: Promise<void>): Writing {
  let timer: NodeJS.Timeout | undefined;
  let underWay: UnderWay | undefined;
  let took = 0;
  const begin = () => {
    clearTimeout(timer);
    timer = undefined;
    underWay?.abandon();
    return performance.now();
  };
  const write = async () => {
    const start = begin();
    await orTell(state, () => {
      underWay = startWriting(file, textsOf(state));
      took = performance.now() - start;
      return underWay.done;
    });
    took = performance.now() - start;
  };
  const writeAtOnce = () => {
    begin();
    writeText(file, ...textsOf(state));
  };
  const changed = () => {
    timer ??= setTimeout(() => void write(), Math.max(REST, took * REST_TIMES)).unref();
  };
  const forget = state.journal.subscribe((entry) => {
    if (mayChange(entry)) {
      changed();
    }
  });
  void identified.then(write);
  const atExit = () => void orTell(state, writeAtOnce);
  process.once('exit', atExit);
  return {
    changed,
    stop() {
      process.off('exit', atExit);
      forget();
      writeAtOnce();
    },
  };
}

/** Tells of a state that cannot be written. */
async function orTell({ journal }: State, write: () => void | Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const text = `The state could not be kept: ${(error as Error).message}`;
    journal.append({ kind: 'remark', text });
  }
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
