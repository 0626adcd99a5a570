import type { SessionStore } from '../session-store.js';
import { check, LONG, newId, pass, same, SHORT, type Check } from './check.js';

/** Requirements of groups, by which all sessions of a user are found. */
export const groups: readonly Check[] = [
  check(
    'a group has the ids that were added, once each, and no others',
    async (store) => {
      const group = newId();
      const other = newId();
      const first = newId();
      const ids = [first, ...Array.from({ length: 49 }, newId)];
      same(await membersOf(store, group), '', 'members of an empty group');
      await Promise.all([...ids, ...ids].map((id) => store.addToGroup(group, id, LONG)));
      await store.addToGroup(other, first, LONG);
      same(
        await membersOf(store, group),
        [...ids].sort().join(),
        'members after adding 50 ids twice',
      );
      same(await membersOf(store, other), first, 'members of another group');
    },
    'groups',
  ),
  check(
    'a group and an id of the same name are different things',
    async (store) => {
      const name = newId();
      await store.set(name, 'value', LONG);
      await store.addToGroup(name, 'member', LONG);
      same(await store.get(name), 'value', 'get of an id that is also a group');
      await store.delete(name);
      same(
        await membersOf(store, name),
        'member',
        'members of a group whose name was deleted as an id',
      );
    },
    'groups',
  ),
  check(
    'a membership expires, and adding the id again prolongs it',
    async (store) => {
      const group = newId();
      const late = newId();
      const alone = newId();
      await Promise.all(['short', 'again'].map((id) => store.addToGroup(group, id, SHORT)));
      await Promise.all([
        store.addToGroup(group, 'again', LONG),
        store.addToGroup(group, 'long', LONG),
      ]);
      await Promise.all([
        store.addToGroup(late, 'long', LONG),
        store.addToGroup(alone, 'short', SHORT),
      ]);
      await store.addToGroup(late, 'short', SHORT);
      await pass(SHORT);
      same(await membersOf(store, group), 'again,long', 'members after one membership expired');
      same(await membersOf(store, late), 'long', 'members after the last membership expired');
      same(await membersOf(store, alone), '', 'members after all memberships expired');
    },
    'groups',
  ),
];

async function membersOf(store: Required<SessionStore>, group: string): Promise<string> {
  return [...(await store.groupMembers(group))].sort().join();
}
