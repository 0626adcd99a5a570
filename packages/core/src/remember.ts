import { now } from './clock.js';
import { heapLimit } from './native.js';
import type { Opened, Purpose, Seal } from './seal.js';

/** Answers about texts that cannot be guessed: cookies that were opened, tokens that were verified. */
export interface Memory<Answer> {
  /** What was found out about exactly this text, while that holds. */
  get(text: string): Answer | undefined;
  /** Only for texts that passed every check: whatever else is sent leaves no trace. Shared by requests, so freeze it. */
  set(text: string, answer: Answer, terms: Terms): void;
  delete(text: string): void;
}

/** How long an answer holds, as Unix seconds, and about how much of memory it and its text take, in bytes. */
export interface Terms {
  readonly until: number;
  readonly bytes: number;
}

const MB = 1024 * 1024;
/**
 * Bounds of one memory. An app fills two of them, with what it opens and with whose it is: together an eighth of what this
 * process may use. Where that is 4 GB, as on most servers, the sessions of 15,000 people who call at a time have room.
 */
const [ENTRIES, BYTES] = [50_000, Math.min(256 * MB, heapLimit ? heapLimit / 16 : 32 * MB)];

/**
 * Remembers in two generations: when the younger fills its half, the older is forgotten, and what is still asked for has
 * moved on by then. Bounded in entries and in bytes.
 *
 * Texts are found by their last characters, which are an authentication tag or a signature and so not of a sender's
 * choosing, and then compared whole. Hashing kilobytes would cost more than everything else that a request is asked.
 */
export function createMemory<Answer>({ entries = ENTRIES, bytes = BYTES } = {}): Memory<Answer> {
  interface Entry extends Terms {
    readonly text: string;
    readonly answer: Answer;
  }
  let [young, old] = [new Map<string, Entry>(), new Map<string, Entry>()];
  let used = 0;
  const keep = (key: string, entry: Entry) => {
    if (young.size >= entries / 2 || used + entry.bytes > bytes / 2) {
      [old, young, used] = [young, new Map(), 0];
    }
    used += entry.bytes - (young.get(key)?.bytes ?? 0);
    young.set(key, entry);
  };
  return Object.freeze({
    get(text: string) {
      const key = text.slice(-KEY);
      let entry = young.get(key);
      if (!entry) {
        entry = old.get(key);
        if (entry?.text !== text) return undefined;
        old.delete(key);
        keep(key, entry);
      }
      return entry.text === text && (entry.until === Infinity || entry.until > now()) ? entry.answer : undefined;
    },
    set(text: string, answer: Answer, terms: Terms) {
      if (terms.bytes > bytes / 4) return;
      keep(copy(text.slice(-KEY)), { text, answer, ...terms });
    },
    delete(text: string) {
      for (const generation of [young, old])
        if (generation.get(text.slice(-KEY))?.text === text) generation.delete(text.slice(-KEY));
    },
  });
}

/** Characters of base64url, of which a tag (128 bits) fills the last 22, wherever a text ends within a group. */
const KEY = 32;

/** The same text on its own: what was cut from a header would keep the whole header in memory. */
export function copy(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}

/** Sessions are opened at every request; what is sealed for other purposes, once. */
export type Remembered = Extract<Purpose, 'session' | 'store'>;

/** A seal that opens each session once, and then knows it until the seal ends. */
export interface RememberingSeal extends Seal {
  /** What `open` answers, or answered before. */
  reopen(sealed: string, purpose: Remembered): Promise<Opened | undefined>;
  /** What `open` would answer, where that is known or found out at once. */
  recall(sealed: string, purpose: Remembered): Opened | undefined;
  /** What was sealed is over. */
  forget(sealed: string, purpose: Remembered): void;
}

/** Remembers what a seal opens, each purpose for itself. */
export function remembering(seal: Seal): RememberingSeal {
  const memories = { session: createMemory<Opened>(), store: createMemory<Opened>() };
  const keep = (sealed: string, purpose: Remembered, opened: Opened | undefined) => {
    const until = opened?.payload['exp'];
    if (!opened || !Number.isSafeInteger(until)) return opened;
    Object.freeze(opened.payload);
    const terms = { until: Number(until), bytes: sealed.length + weightOf(opened.payload) };
    memories[purpose].set(copy(sealed), Object.freeze(opened), terms);
    return opened;
  };
  return Object.freeze({
    ...seal,
    recall: (sealed, purpose) =>
      memories[purpose].get(sealed) ?? keep(sealed, purpose, seal.openNow?.(sealed, purpose)),
    forget: (sealed, purpose) => memories[purpose].delete(sealed),
    reopen: async (sealed, purpose) =>
      memories[purpose].get(sealed) ?? keep(sealed, purpose, await seal.open(sealed, purpose)),
  } satisfies RememberingSeal);
}

/** About how much memory an opened payload takes, in bytes: what was compressed is much larger than the text it was in. */
function weightOf(payload: Opened['payload']): number {
  const texts = Object.values(payload).filter((value) => typeof value === 'string');
  return texts.reduce((bytes, text) => bytes + text.length, 512);
}
