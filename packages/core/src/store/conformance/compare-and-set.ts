import type { SessionStore } from '../session-store.js';
import { check, LONG, newId, ODD_VALUES, pass, same, SHORT, type Check } from './check.js';

/** Requirements of `compareAndSet`, by which processes coordinate. */
export const compareAndSet: readonly Check[] = [
  check(
    'compareAndSet acts exactly when the value is `from`, where nothing is a value too',
    actsExactly,
    'compareAndSet',
  ),
  check(
    'compareAndSet compares every character',
    async (store) => {
      const id = newId();
      for (const value of ODD_VALUES) {
        await store.set(id, value, LONG);
        for (const wrong of [`${value} `, `${value}x`, ` ${value}`, swapCase(value)].filter(
          (one) => one !== value,
        )) {
          same(
            await store.compareAndSet(id, wrong, { to: 'wrong', maxAge: LONG }),
            false,
            `compareAndSet from ${JSON.stringify(wrong)}`,
          );
        }
        same(
          await store.compareAndSet(id, undefined, { to: 'wrong', maxAge: LONG }),
          false,
          'compareAndSet from nothing',
        );
        same(await store.get(id), value, 'get after compareAndSet from other values');
        same(
          await store.compareAndSet(id, value, { to: 'right', maxAge: LONG }),
          true,
          `compareAndSet from ${JSON.stringify(value)}`,
        );
      }
    },
    'compareAndSet',
  ),
  check('of 100 calls at once, exactly one wins', oneWins, 'compareAndSet'),
  check(
    'every one of many steps is taken exactly once',
    async (store) => {
      const id = newId();
      await store.set(id, '0', LONG);
      const step = async (): Promise<void> => {
        const now = await store.get(id);
        if (!(await store.compareAndSet(id, now, { to: String(Number(now) + 1), maxAge: LONG }))) {
          return step();
        }
      };
      await Promise.all(Array.from({ length: 20 }, step));
      same(await store.get(id), '20', 'get after 20 steps of 1');
    },
    'compareAndSet',
  ),
  check(
    'a deleted value does not come back by a call that was under way',
    async (store) => {
      await Promise.all(
        Array.from({ length: 200 }, async () => {
          const id = newId();
          await store.set(id, 'old', LONG);
          await Promise.all([
            store.compareAndSet(id, 'old', { to: 'new', maxAge: LONG }),
            store.delete(id),
          ]);
          same(
            await store.compareAndSet(id, 'old', { to: 'new', maxAge: LONG }),
            false,
            'compareAndSet after delete',
          );
          same(await store.get(id), undefined, 'get after delete');
        }),
      );
    },
    'compareAndSet',
  ),
  check(
    'the new value has a new time, and an expired value counts as none',
    expires,
    'compareAndSet',
  ),
];

async function actsExactly(store: Required<SessionStore>): Promise<void> {
  const states = [undefined, 'one', 'two', ''];
  for (const before of states) {
    for (const from of states) {
      for (const to of states) {
        const id = newId();
        if (before !== undefined) {
          await store.set(id, before, LONG);
        }
        const words = `compareAndSet from ${JSON.stringify(from)} to ${JSON.stringify(to)} where ${JSON.stringify(before)} was`;
        same(await store.compareAndSet(id, from, { to, maxAge: LONG }), from === before, words);
        same(await store.get(id), from === before ? to : before, `get after ${words}`);
      }
    }
  }
}

async function oneWins(store: Required<SessionStore>): Promise<void> {
  for (const before of [undefined, 'before']) {
    const id = newId();
    if (before !== undefined) {
      await store.set(id, before, LONG);
    }
    const calls = Array.from({ length: 100 }, (_, index) =>
      store.compareAndSet(id, before, { to: `of ${index}`, maxAge: LONG }),
    );
    const winners = (await Promise.all(calls)).flatMap((won, index) =>
      won ? [`of ${index}`] : [],
    );
    same(winners.length, 1, 'winners among 100 calls at once');
    same(await store.get(id), winners[0], 'get after 100 calls at once');
  }
}

async function expires(store: Required<SessionStore>): Promise<void> {
  const longer = newId();
  const shorter = newId();
  const over = newId();
  const gone = newId();
  await Promise.all([longer, over, gone].map((id) => store.set(id, 'old', SHORT)));
  await store.set(shorter, 'old', LONG);
  same(
    await store.compareAndSet(longer, 'old', { to: 'new', maxAge: LONG }),
    true,
    'compareAndSet of a value that lives',
  );
  same(
    await store.compareAndSet(shorter, 'old', { to: 'new', maxAge: SHORT }),
    true,
    'compareAndSet of a value that lives',
  );
  await pass(SHORT);
  same(await store.get(longer), 'new', 'get of a value with a longer time');
  same(await store.get(shorter), undefined, 'get of a value that expired');
  same(
    await store.compareAndSet(over, 'old', { to: 'new', maxAge: LONG }),
    false,
    'compareAndSet from an expired value',
  );
  same(
    await store.compareAndSet(over, undefined, { to: 'new', maxAge: LONG }),
    true,
    'compareAndSet from nothing, after it expired',
  );
  same(await store.get(over), 'new', 'get of a value that followed an expired one');
  same(
    await store.compareAndSet(gone, undefined, { to: undefined, maxAge: LONG }),
    true,
    'compareAndSet from nothing to nothing',
  );
}

function swapCase(text: string): string {
  if (text.toUpperCase() === text) {
    return text.toLowerCase();
  }
  return text.toUpperCase();
}
