import { check, LONG, newId, ODD_VALUES, pass, same, SHORT, type Check } from './check.js';

/** Requirements of every store. */
export const values: readonly Check[] = [
  check('get returns the value that was set, and no other', async (store) => {
    const id = newId();
    const other = newId();
    same(await store.get(id), undefined, 'get of an id that was never set');
    await store.set(id, 'one', LONG);
    same(await store.get(id), 'one', 'get after set');
    same(await store.get(other), undefined, 'get of another id');
  }),
  check('setting again replaces the value', async (store) => {
    const id = newId();
    await store.set(id, 'a longer first value', LONG);
    await store.set(id, 'two', LONG);
    same(await store.get(id), 'two', 'get after a second set');
  }),
  check('delete removes a value, and no other', async (store) => {
    const id = newId();
    const other = newId();
    await Promise.all([store.set(id, 'one', LONG), store.set(other, 'two', LONG)]);
    await store.delete(id);
    same(await store.get(id), undefined, 'get after delete');
    same(await store.get(other), 'two', 'get of another id after delete');
    await store.delete(id);
    await store.set(id, 'three', LONG);
    same(await store.get(id), 'three', 'get after delete and set');
  }),
  check('ids that look alike are different', async (store) => {
    const id = newId();
    const ids = [
      id,
      id.slice(0, -1),
      `${id}0`,
      `x${id}`,
      id.split('').reverse().join(''),
      `-${id}`,
      `_${id}`,
    ];
    await Promise.all(ids.map((one, index) => store.set(one, String(index), LONG)));
    for (const [index, one] of ids.entries()) {
      same(await store.get(one), String(index), 'get of a similar id');
    }
  }),
  check('a value expires, and setting it again prolongs it', async (store) => {
    const short = newId();
    const long = newId();
    const again = newId();
    const none = newId();
    await Promise.all([short, again].map((id) => store.set(id, 'value', SHORT)));
    await Promise.all([
      store.set(long, 'value', LONG),
      store.set(again, 'value', LONG),
      store.set(none, 'value', 0),
    ]);
    same(await store.get(none), undefined, 'get of a value that was set for 0 seconds');
    await pass(SHORT);
    same(await store.get(short), undefined, 'get of an expired value');
    same(await store.get(long), 'value', 'get of a value that lives longer');
    same(await store.get(again), 'value', 'get of a value that was set again for longer');
  }),
  check('values are any text, kept as it is', async (store) => {
    for (const value of ODD_VALUES) {
      const id = newId();
      await store.set(id, value, LONG);
      same(await store.get(id), value, 'get of an odd value');
    }
  }),
  check('values of 8 KiB and of 64 KiB are kept whole', async (store) => {
    for (const size of [8 * 1024, 64 * 1024]) {
      const id = newId();
      const value = bigText(size);
      await store.set(id, value, LONG);
      if ((await store.get(id)) !== value) {
        throw new Error(`A value of ${size} bytes is not what was set.`);
      }
    }
  }),
  check('1,000 concurrent calls never get each other’s values', async (store) => {
    const ids = Array.from({ length: 1000 }, newId);
    await Promise.all(ids.map((id) => store.set(id, `of ${id}`, LONG)));
    const values = await Promise.all(ids.map((id) => store.get(id)));
    for (const [index, id] of ids.entries()) {
      same(values[index], `of ${id}`, 'get among 1,000 concurrent calls');
    }
    await Promise.all(ids.map((id) => store.delete(id)));
    same(
      (await Promise.all(ids.map((id) => store.get(id)))).some(Boolean),
      false,
      'any left after deleting 1,000',
    );
  }),
  check('hostile ids find nothing, harm nothing and break nothing', async (store) => {
    const id = newId();
    await store.set(id, 'mine', LONG);
    for (const hostile of HOSTILE_IDS.map((text) => text.replace('$', id))) {
      // Refusing them is as good as keeping them.
      const shown = JSON.stringify(hostile.slice(0, 60));
      same(await store.get(hostile).catch(() => undefined), undefined, `get of the id ${shown}`);
      const kept = await store
        .set(hostile, 'theirs', LONG)
        .then(() => true)
        .catch(() => false);
      if (kept) {
        same(await store.get(hostile), 'theirs', `get after set of the id ${shown}`);
      }
      same(await store.get(id), 'mine', `get of another id, after set of ${shown}`);
      await store.delete(hostile).catch(() => {});
      same(await store.get(id), 'mine', `get of another id, after delete of ${shown}`);
    }
  }),
];

/** `$` stands for the id of another session. */
const HOSTILE_IDS = [
  "x'; DROP TABLE sessions;--",
  "' OR '1'='1",
  ...['../$', './$', '$/../$', '$\u0000', '?$', '[$]', '{$}', '$}', '$ ', ' $', '$\n'],
  ...['\u0000', '*', '%', '_', '__proto__', 'constructor', '', '\u{1F512}', 'x'.repeat(100_000)],
];

function bigText(size: number): string {
  return Array.from({ length: size / 32 }, newId).join('');
}
