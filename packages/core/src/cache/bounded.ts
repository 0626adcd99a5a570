import { moment, now, type Moment } from '../clock.js';
import { heapLimit } from '../crypto/node.js';
import type { Opened, Purpose, Seal } from '../crypto/seal.js';

/** Answers about texts that cannot be guessed: cookies that were opened, tokens that were verified, work that was done. */
export interface BoundedCache<Answer> {
  /** What was found out about exactly this text, while that holds. */
  get(text: string): Answer | undefined;
  /** Only for texts that passed every check: whatever else is sent leaves no trace. Shared by requests, so freeze it. */
  set(text: string, answer: Answer, terms: Terms): void;
  delete(text: string): void;
}

/** How long an answer holds, and about how much of memory it and its text take, in bytes. */
export interface Terms {
  /** Unix seconds. @default for ever */
  readonly until?: number;
  /** By the clock that nobody sets. @default never */
  readonly end?: Moment;
  readonly bytes: number;
}

/** The room that several memories share: what all of them keep takes no more than this. */
export interface MemoryBudget {
  readonly bytes: number;
  /** Takes room for something new. Where half of it is taken, every memory turns its generations first. */
  take(bytes: number): void;
  /** Gives room back, of what was taken since the last turn. */
  give(bytes: number): void;
  /** Whom to tell when generations turn. */
  onTurn(turn: () => void): void;
}

const MB = 1024 * 1024;
/**
 * What one app remembers, in bytes: an eighth of what this process may use. Where that is 4 GB, as on most servers, the
 * sessions of 15,000 people who call at a time have room.
 */
const BYTES = heapLimit ? Math.min(512 * MB, heapLimit / 8) : 32 * MB;
/** The part of it for what must not give way to the rest: that a session ended. */
const MARKS = 1 / 8;
/** The part of it for what strangers can cause: that a callback came. */
const LOGINS = 1 / 32;

/** What one app may remember: in general, that a session ended, and what strangers can cause. */
export type MemoryBudgets = Readonly<Record<'common' | 'marks' | 'logins', MemoryBudget>>;

/** The budgets of one app. Together they are what it may remember. */
export function createMemoryBudgets(bytes: number = BYTES): MemoryBudgets {
  const marks = createMemoryBudget(bytes * MARKS);
  const logins = createMemoryBudget(bytes * LOGINS);
  return Object.freeze({
    common: createMemoryBudget(bytes * (1 - MARKS - LOGINS)),
    marks,
    logins,
  });
}

/** Room for so many bytes. */
export function createMemoryBudget(bytes: number = BYTES): MemoryBudget {
  const turns: (() => void)[] = [];
  let used = 0;
  return Object.freeze({
    bytes,
    take(more: number) {
      if (used + more > bytes / 2) {
        used = 0;
        for (const turn of turns) {
          turn();
        }
      }
      used += more;
    },
    give(less: number) {
      used -= less;
    },
    onTurn: (turn: () => void) => void turns.push(turn),
  });
}

/**
 * Remembers in two generations: when the younger ones of all memories fill half of the room, the older are forgotten, and
 * what is still asked for has moved on by then. Each new answer looks at two others and forgets those whose time is over.
 *
 * Texts are found by their last `characters`, which are an authentication tag or a signature and so not of a sender's
 * choosing, and then compared whole. Hashing kilobytes would cost more than everything else that a request is asked.
 */
export function createBoundedCache<Answer>(
  room: MemoryBudget = createMemoryBudget(),
  characters: number = KEY,
): BoundedCache<Answer> {
  interface Entry {
    readonly text: string;
    readonly answer: Answer;
    readonly until: number;
    readonly end: Moment;
    readonly bytes: number;
  }
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();
  let swept = young;
  let sweeper = young.entries();
  const sweepNext = (entries: Map<string, Entry>) =>
    void ([swept, sweeper] = [entries, entries.entries()]);
  room.onTurn(() => {
    [old, young] = [young, new Map()];
    sweepNext(old);
  });
  const holds = ({ until, end }: Entry) =>
    (until === Infinity || until > now()) && (end === Infinity || end > moment());
  const remove = (key: string) => {
    const entry = young.get(key);
    if (entry) {
      room.give(entry.bytes);
    }
    if (!young.delete(key)) {
      old.delete(key);
    }
  };
  const keep = (key: string, entry: Entry) => {
    remove(key);
    room.take(entry.bytes);
    young.set(key, entry);
  };
  const sweep = () => {
    for (let step = 0; step < SWEPT; step++) {
      const { done, value } = sweeper.next();
      if (done) {
        return sweepNext(swept === young ? old : young);
      }
      if (!holds(value[1]) && (young.get(value[0]) ?? old.get(value[0])) === value[1]) {
        remove(value[0]);
      }
    }
  };
  return Object.freeze({
    get(text: string) {
      const key = text.slice(-characters);
      let entry = young.get(key);
      if (!entry) {
        entry = old.get(key);
        if (entry?.text !== text) {
          return undefined;
        }
        keep(key, entry);
      }
      return entry.text === text && holds(entry) ? entry.answer : undefined;
    },
    set(text: string, answer: Answer, { until = Infinity, end = Infinity, bytes }: Terms) {
      sweep();
      if (bytes > room.bytes / 4) {
        return remove(text.slice(-characters));
      }
      keep(copy(text.slice(-characters)), {
        text,
        answer,
        until,
        end,
        bytes,
      });
    },
    delete(text: string) {
      const key = text.slice(-characters);
      if ((young.get(key) ?? old.get(key))?.text === text) {
        remove(key);
      }
    },
  });
}

/** Characters of base64url, of which a tag (128 bits) fills the last 22, wherever a text ends within a group. */
const KEY = 32;
/** Answers that each new one looks at. */
const SWEPT = 2;

/** The same text on its own: what was cut from a header would keep the whole header in memory. */
export function copy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** Sessions are opened at every request; what is sealed for other purposes, once. */
export type CachedPurpose = Extract<Purpose, 'session' | 'store'>;

/** A seal that opens each session once, and then knows it until the seal ends. */
export interface CachedSeal extends Seal {
  /** What `open` answers, or answered before. */
  openCached(sealed: string, purpose: CachedPurpose): Promise<Opened | undefined>;
  /** What `open` would answer, where that is known or found out at once. */
  openSync(sealed: string, purpose: CachedPurpose): Opened | undefined;
  /** What was sealed is over. */
  forget(sealed: string, purpose: CachedPurpose): void;
}

/** Remembers what a seal opens, each purpose for itself. */
export function withCache(seal: Seal, room: MemoryBudget = createMemoryBudget()): CachedSeal {
  const memories = {
    session: createBoundedCache<Opened>(room),
    store: createBoundedCache<Opened>(room),
  };
  const keep = (sealed: string, purpose: CachedPurpose, opened: Opened | undefined) => {
    const until = opened?.payload['exp'];
    if (!opened || !Number.isSafeInteger(until)) {
      return opened;
    }
    Object.freeze(opened.payload);
    const terms = { until: Number(until), bytes: sealed.length + weightOf(opened.payload) };
    memories[purpose].set(copy(sealed), Object.freeze(opened), terms);
    return opened;
  };
  return Object.freeze({
    ...seal,
    openSync: (sealed, purpose) =>
      memories[purpose].get(sealed) ?? keep(sealed, purpose, seal.openSync?.(sealed, purpose)),
    forget: (sealed, purpose) => memories[purpose].delete(sealed),
    openCached: async (sealed, purpose) =>
      memories[purpose].get(sealed) ?? keep(sealed, purpose, await seal.open(sealed, purpose)),
  } satisfies CachedSeal);
}

/** About how much memory plain data takes, in bytes, together with its place in a memory. */
export function weightOf(value: unknown): number {
  return 512 + sizeOf(value);
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') {
    return value.length + 16;
  }
  if (typeof value !== 'object' || value === null) {
    return 8;
  }
  return Object.values(value).reduce<number>((bytes, member) => bytes + sizeOf(member), 64);
}
