import type { SessionStore } from '../session-store.js';

/** One thing that a session store must do. */
export interface Check {
  /** What must hold, as a sentence. */
  readonly name: string;
  /** The part of the store's interface that this is about, where a store may do without. */
  readonly needs?: 'compareAndSet' | 'groups';
  /**
   * Tries it on a store of yours: resolves when it holds, rejects with what went wrong. Ids are new on every run, so that
   * stores may share a server and checks may run at the same time. Some take two seconds, for time to pass.
   */
  run(create: () => SessionStore | Promise<SessionStore>): Promise<void>;
}

/** Makes a check of what must hold for a store; the store is not asked for what it does not have. */
export function check(
  name: string,
  run: (store: SessionStore) => Promise<void>,
  needs?: 'compareAndSet' | 'groups',
): Check {
  return Object.freeze({
    name,
    ...(needs && { needs }),
    async run(create: () => SessionStore | Promise<SessionStore>) {
      const store = await create();
      for (const method of needs ? METHODS[needs] : []) {
        if (typeof store[method] !== 'function') {
          throw new Error(`The store has no ${method}, which “${name}” needs.`);
        }
      }
      await run(store);
    },
  });
}

const METHODS = {
  compareAndSet: ['compareAndSet'],
  groups: ['addToGroup', 'groupMembers'],
} as const;

/** Rejects what is not as it must be, in words. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const shown = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 200);
  if (actual !== expected) {
    throw new Error(`${what}: ${shown(actual)} in place of ${shown(expected)}.`);
  }
}

/** Like the ids of sessions: text of letters and digits that nobody had before. */
export function newId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** A foreign clock cannot be moved. */
export function pass(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 300));
}

/** Seconds: a time that ends during a check, and one that does not. */
export const SHORT = 2;
export const LONG = 60;

/** Text that stores have been known to change. */
export const ODD_VALUES: readonly string[] = [
  '',
  ' ',
  'a b ',
  '0',
  'null',
  'undefined',
  'false',
  '{"a":[1]}',
  `'"\`\\`,
  '%00%s$1',
  '-1',
  'Ünïçødé',
  'e\u0301 is not \u00E9',
  'line\r\nline\u2028\t',
  '日本語 العربية',
  '👩🏽‍🚀',
  '=',
  '+OK\r\n',
  'Upper lower',
];
