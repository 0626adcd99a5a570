import { now } from './clock.js';
import type { Seal } from './seal.js';
import type { SessionStore } from './store.js';

/** What was said about many sessions at once, such as all of a person: who holds one looks here. */
export interface Notices {
  /** Sessions that began by the second `at` are over, in all processes that share the store. */
  end(about: string, at: number): Promise<void>;
  /** Tokens that were asked for before now are to be renewed before they are used, in all processes that share the store. */
  renew(about: string): Promise<void>;
  /**
   * The latest time for which something of this kind was said about one of these; 0 if never. A few seconds old at most.
   * What to look for is only asked while there are notices.
   */
  latest(kind: NoticeKind, about: () => readonly string[] | Promise<readonly string[]>): Promise<number>;
  /** Makes the next answer as of now. */
  expire(): void;
}

type NoticeKind = 'end' | 'renew';

/** What concerns everybody. */
export const ALL = 'all';

/** Milliseconds for which a process goes by what it read last, so that ordinary requests ask no store. */
const FRESH = 5000;

/**
 * Notices are members of one group, and a value beside it changes with every one. While nobody says anything, a process
 * reads that small value every few seconds and no more. If the store does not answer, what is known goes on.
 */
export function createNotices(store: Required<SessionStore>, seal: Seal, maxAge: number): Notices {
  let known: ReadonlyMap<string, number> = new Map();
  let [version, readAt] = ['', 0];
  let reading: Promise<void> | undefined;
  const read = async () => {
    const names = await seal.names('notices version');
    const found = (await Promise.all(names.map((name) => store.get(name)))).join(' ');
    if (found === version) return;
    const groups = await seal.names('notices');
    known = parse((await Promise.all(groups.map((group) => store.members(group)))).flat());
    version = found;
  };
  const refresh = async () => {
    if (Math.abs(Date.now() - readAt) < FRESH) return;
    reading ??= read()
      .catch(() => {})
      .finally(() => {
        readAt = Date.now();
        reading = undefined;
      });
    await reading;
  };
  const post = async (kind: NoticeKind, about: string, at: number) => {
    const [subject] = await seal.names(about);
    const [group] = await seal.names('notices');
    const [value] = await seal.names('notices version');
    await store.enlist(group, `${kind}-${subject}-${at.toString(36)}`, maxAge);
    await store.set(value, crypto.randomUUID(), maxAge);
    readAt = 0;
  };
  const latest: Notices['latest'] = async (kind, about) => {
    await refresh();
    if (known.size === 0) return 0;
    const names = (await Promise.all((await about()).map((one) => seal.names(one)))).flat();
    return Math.max(0, ...names.map((name) => known.get(`${kind}-${name}`) ?? 0));
  };
  return Object.freeze({
    end: (about, at) => post('end', about, at),
    async renew(about) {
      readAt = 0;
      // Later than what tokens are fresh by that were renewed this second because of what was said before.
      const before = await latest('renew', () => [about, ALL]);
      await post('renew', about, 1 + Math.max(now() + (about === ALL ? 1 : 0), before));
    },
    expire() {
      readAt = 0;
    },
    latest,
  } satisfies Notices);
}

function parse(ids: readonly string[]): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const id of ids) {
    const [, subject, at] = /^((?:end|renew)-[\w-]{43})-(\w{1,9})$/.exec(id) ?? [];
    if (subject && at) latest.set(subject, Math.max(latest.get(subject) ?? 0, Number.parseInt(at, 36)));
  }
  return latest;
}
