import { moment, now, type Moment } from '../clock.js';
import { heapLimit } from '../runtime.js';

/** A cache of answers about texts that cannot be guessed: cookies that were opened, tokens that were verified, work that was done. */
export interface BoundedCache<Answer> {
  /** Reads the answer about exactly this text; `undefined` where there is none or it expired. */
  get(text: string): Answer | undefined;
  /**
   * Keeps an answer. Only for texts that passed every check, so that nothing else leaves a trace. Requests share the answer:
   * freeze it.
   */
  set(text: string, answer: Answer, terms: Terms): void;
  /** Forgets the answer about exactly this text. */
  delete(text: string): void;
}

/** How long an answer holds, and how much memory it takes. */
export interface Terms {
  /** When it expires, in Unix seconds. @default never */
  readonly until?: number;
  /** When it expires, by the clock that nobody sets. @default never */
  readonly end?: Moment;
  /** About how many bytes the answer and its text take. */
  readonly bytes: number;
}

/** Memory that several caches share: together they keep no more than this. */
export interface MemoryBudget {
  /** Bytes that all of them may keep. */
  readonly bytes: number;
  /** Takes memory for something new. Where half of it is taken, every cache turns its generations first. */
  take(bytes: number): void;
  /** Gives memory back, of what was taken since the last turn. */
  give(bytes: number): void;
  /** Calls a function whenever generations turn. */
  onTurn(turn: () => void): void;
}

const MB = 1024 * 1024;
/**
 * Bytes that one app remembers: an eighth of what this process may use. Where that is 4 GB, as on most servers, the sessions
 * of 15,000 simultaneous users have room.
 */
const BYTES = heapLimit ? Math.min(512 * MB, heapLimit / 8) : 32 * MB;
/** The share of it for what must not give way to the rest: that a session ended. */
const MARKS = 1 / 8;
/** The share of it for what strangers can cause: that a callback came. */
const LOGINS = 1 / 32;

/** What one app may remember: in general, that a session ended, and what strangers can cause. */
export type MemoryBudgets = Readonly<Record<'common' | 'marks' | 'logins', MemoryBudget>>;

/** The budgets of one app. Together they are what it may remember. */
export function createMemoryBudgets(bytes: number = BYTES): MemoryBudgets {
  return Object.freeze({
    common: createMemoryBudget(bytes * (1 - MARKS - LOGINS)),
    marks: createMemoryBudget(bytes * MARKS),
    logins: createMemoryBudget(bytes * LOGINS),
  });
}

/** A budget of so many bytes. */
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
    onTurn(turn: () => void) {
      turns.push(turn);
    },
  });
}

/**
 * Remembers in two generations: when the younger ones of all caches fill half of the budget, the older are forgotten, and
 * what is still asked for has moved on by then. Each new answer looks at two others and forgets those that expired.
 *
 * Texts are found by their last `characters`, which are an authentication tag or a signature and so not of a sender's
 * choosing, and then compared whole. Hashing kilobytes would cost more than everything else that a request is asked.
 */
export function createBoundedCache<Answer>(
  budget: MemoryBudget = createMemoryBudget(),
  characters: number = KEY,
): BoundedCache<Answer> {
  const entries = createGenerations<Answer>(budget);
  return Object.freeze({
    get(text: string) {
      const key = text.slice(-characters);
      const entry = entries.young(key) ?? entries.promote(key, text);
      if (entry?.text !== text || !holds(entry)) {
        return undefined;
      }
      return entry.answer;
    },
    set(text: string, answer: Answer, { until = Infinity, end = Infinity, bytes }: Terms) {
      entries.sweep();
      const key = text.slice(-characters);
      if (bytes > budget.bytes / 4) {
        entries.remove(key);
        return;
      }
      entries.keep(copy(key), {
        text,
        answer,
        until,
        end,
        bytes,
      });
    },
    delete(text: string) {
      const key = text.slice(-characters);
      if (entries.find(key)?.text === text) {
        entries.remove(key);
      }
    },
  });
}

/** An answer with its text and its terms. */
interface Entry<Answer> {
  readonly text: string;
  readonly answer: Answer;
  readonly until: number;
  readonly end: Moment;
  readonly bytes: number;
}

/** Entries by their keys, the younger apart from the older. */
interface Generations<Answer> {
  /** An entry of either generation. */
  find(key: string): Entry<Answer> | undefined;
  /** An entry of the younger generation. */
  young(key: string): Entry<Answer> | undefined;
  /** Moves the entry of this text from the older generation to the younger. */
  promote(key: string, text: string): Entry<Answer> | undefined;
  keep(key: string, entry: Entry<Answer>): void;
  remove(key: string): void;
  /** Looks at the next few entries and removes those that expired. */
  sweep(): void;
}

function createGenerations<Answer>(budget: MemoryBudget): Generations<Answer> {
  type Entries = Map<string, Entry<Answer>>;
  let young: Entries = new Map();
  let old: Entries = new Map();
  let swept = young;
  let sweeper = young.entries();
  const startSweep = (entries: Entries) => {
    swept = entries;
    sweeper = entries.entries();
  };
  budget.onTurn(() => {
    old = young;
    young = new Map();
    startSweep(old);
  });
  const find = (key: string) => young.get(key) ?? old.get(key);
  const remove = (key: string) => {
    const entry = young.get(key);
    if (entry) {
      budget.give(entry.bytes);
    }
    if (!young.delete(key)) {
      old.delete(key);
    }
  };
  const keep = (key: string, entry: Entry<Answer>) => {
    remove(key);
    budget.take(entry.bytes);
    young.set(key, entry);
  };
  return {
    find,
    remove,
    keep,
    young: (key) => young.get(key),
    promote(key, text) {
      const entry = old.get(key);
      if (entry?.text !== text) {
        return undefined;
      }
      keep(key, entry);
      return entry;
    },
    sweep() {
      for (let step = 0; step < SWEPT; step++) {
        const next = sweeper.next();
        if (next.done) {
          startSweep(swept === young ? old : young);
          return;
        }
        const [key, entry] = next.value;
        if (!holds(entry) && find(key) === entry) {
          remove(key);
        }
      }
    },
  };
}

function holds({ until, end }: Entry<unknown>): boolean {
  return (until === Infinity || until > now()) && (end === Infinity || end > moment());
}

/** Characters of base64url, of which a tag (128 bits) fills the last 22, wherever a text ends within a group. */
const KEY = 32;
/** Entries that each new one looks at. */
const SWEPT = 2;

/** The same text on its own: what was cut from a header would keep the whole header in memory. */
export function copy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** About how much memory plain data takes, in bytes, together with its place in a cache. */
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
