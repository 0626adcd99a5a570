// What happened, as numbered entries: requests, sign-ins, events, deliveries, faults, the clock, the seed.
import type { JournalEntry, NewEntry } from './entries.js';

/** What happened, newest last. Everything that shows or waits for something reads it here. */
export interface Journal {
  /** Number of the newest entry; 0 before the first. */
  readonly last: number;
  /** Adds an entry, with the next number. */
  append<Kind extends JournalEntry['kind']>(entry: NewEntry<Kind>): JournalEntry<Kind>;
  /** Entries after a number, oldest first. The oldest of more than 10,000 are dropped. */
  after(number: number): readonly JournalEntry[];
  /** The next entry, after a number, that passes a test; `undefined` where none came in time. */
  until(
    test: (entry: JournalEntry) => boolean,
    options: { readonly after: number; readonly seconds: number; readonly signal?: AbortSignal },
  ): Promise<JournalEntry | undefined>;
  /** Calls a function with each new entry, until the function that it returns is called. */
  subscribe(listener: (entry: JournalEntry) => void): () => void;
  /** Drops all entries. Numbers go on, so that nobody who waits sees one twice. */
  clear(): void;
}

/** Entries that are kept: a local Kinde may run for weeks. */
const MOST_ENTRIES = 10_000;

/** A journal whose entries carry the emulator's time beside the real one. */
export function createJournal(clock: { now(): number }): Journal {
  let entries: JournalEntry[] = [];
  let last = 0;
  const listeners = new Set<(entry: JournalEntry) => void>();
  const after = (number: number) => {
    const first = entries[0]?.number ?? 0;
    return entries.slice(Math.max(0, number - first + 1));
  };
  const subscribe: Journal['subscribe'] = (listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    get last() {
      return last;
    },
    append(entry) {
      last += 1;
      const added = { number: last, at: clock.now(), time: Date.now(), ...entry } as never;
      entries.push(added);
      if (entries.length > MOST_ENTRIES * 1.1) {
        entries = entries.slice(-MOST_ENTRIES);
      }
      for (const listener of [...listeners]) {
        listener(added);
      }
      return added;
    },
    after,
    until(test, { after: number, seconds, signal }) {
      const found = after(number).find(test);
      if (found || seconds <= 0 || signal?.aborted) {
        return Promise.resolve(found);
      }
      return next(test, { subscribe, seconds, signal });
    },
    subscribe,
    clear() {
      entries = [];
    },
  };
}

function next(
  test: (entry: JournalEntry) => boolean,
  {
    subscribe,
    seconds,
    signal,
  }: {
    subscribe: Journal['subscribe'];
    seconds: number;
    signal: AbortSignal | undefined;
  },
): Promise<JournalEntry | undefined> {
  return new Promise((resolve) => {
    const finish = (entry?: JournalEntry) => {
      clearTimeout(timer);
      stop();
      signal?.removeEventListener('abort', abort);
      resolve(entry);
    };
    const abort = () => finish();
    const timer = setTimeout(abort, seconds * 1_000);
    const stop = subscribe((entry) => {
      if (test(entry)) {
        finish(entry);
      }
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
