import { bare, dropOldest } from '@kindling/internal';
import type { SessionStore } from './session-store.js';

/** Members of all groups together, for each session that may be kept. */
const MEMBERSHIPS = 4;

/**
 * Keeps sessions in the memory of this process: for development, tests and single servers that may sign all users out on
 * restart.
 * @param options.max sessions that are kept; those that were not read or written for longest go first. @default 100,000
 */
export function memoryStore(options: { max?: number } = {}): Required<SessionStore> {
  const { max = 100_000 } = bare(options);
  const sessions = new Map<string, { value: string; until: number }>();
  const groups = createGroups(max * MEMBERSHIPS);
  const find = (id: string) => {
    const found = sessions.get(id);
    sessions.delete(id);
    if (!found || found.until <= Date.now()) {
      return undefined;
    }
    // A session that is read moves to the end of those that may have to go.
    sessions.set(id, found);
    return found.value;
  };
  const keep = (id: string, value: string, maxAge: number) => {
    sessions.delete(id);
    sessions.set(id, { value, until: Date.now() + maxAge * 1000 });
    dropOldest(sessions, max);
  };
  return {
    get: async (id) => find(id),
    set: async (id, value, maxAge) => keep(id, value, maxAge),
    async delete(id) {
      sessions.delete(id);
    },
    async compareAndSet(id, from, { to, maxAge }) {
      if (find(id) !== from) {
        return false;
      }
      if (to === undefined) {
        sessions.delete(id);
      } else {
        keep(id, to, maxAge);
      }
      return true;
    },
    addToGroup: async (name, id, maxAge) => groups.add(name, id, maxAge),
    groupMembers: async (name) => groups.membersOf(name),
  };
}

/** Groups of ids, of so many memberships together. Groups that were not added to for longest lose theirs first. */
function createGroups(most: number) {
  const groups = new Map<string, Map<string, number>>();
  let memberships = 0;
  const leave = (name: string, id: string) => {
    const group = groups.get(name);
    if (group?.delete(id)) {
      memberships -= 1;
    }
    if (group?.size === 0) {
      groups.delete(name);
    }
  };
  return {
    add(name: string, id: string, maxAge: number) {
      leave(name, id);
      const group = groups.get(name) ?? new Map<string, number>();
      group.set(id, Date.now() + maxAge * 1000);
      groups.delete(name);
      groups.set(name, group);
      memberships += 1;
      for (const [oldest, ids] of groups) {
        if (memberships <= most) {
          break;
        }
        for (const one of ids.keys()) {
          if (memberships > most) {
            leave(oldest, one);
          }
        }
      }
    },
    membersOf(name: string): string[] {
      for (const [id, until] of groups.get(name) ?? []) {
        if (until <= Date.now()) {
          leave(name, id);
        }
      }
      return [...(groups.get(name)?.keys() ?? [])];
    },
  };
}
