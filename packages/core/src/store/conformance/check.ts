import type { SessionStore } from '../session-store.js';

/** One requirement that a session store must meet. */
export interface Check {
  /** The requirement, as a sentence: a title for a test. */
  readonly name: string;
  /** The optional part of `SessionStore` that the check is about; skip it for a store without that part. */
  readonly needs?: 'compareAndSet' | 'groups';
  /**
   * Tries the requirement on a store that `create` makes: resolves when it is met, rejects with an error that says what went
   * wrong. Ids are new on every run, so that stores may share a server and checks may run at the same time. Some checks take
   * two seconds, for values to expire.
   */
  run(create: () => SessionStore | Promise<SessionStore>): Promise<void>;
}

/** Makes a check. Its work may call the methods that it needs, and the three that every store has. */
export function check(
  name: string,
  run: (store: Required<SessionStore>) => Promise<void>,
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
      await run(store as Required<SessionStore>);
    },
  });
}

const METHODS = {
  compareAndSet: ['compareAndSet'],
  groups: ['addToGroup', 'groupMembers'],
} as const;

/** Throws an error that names both values where they differ. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const shown = (value: unknown) => (JSON.stringify(value) ?? String(value)).slice(0, 200);
  if (actual !== expected) {
    throw new Error(`${what}: ${shown(actual)} in place of ${shown(expected)}.`);
  }
}

/** A new id of letters and digits, like those of sessions. */
export function newId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** Waits, since the clock of a store cannot be moved. */
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
