import type { SessionStore } from './store.js';

/**
 * Sessions in this process: for development, tests and single servers that may sign everybody out on restart.
 * Bounded: past `max` sessions (default 100,000) the oldest go first.
 */
export function memoryStore({ max = 100_000 }: { max?: number } = {}): SessionStore {
  const sessions = new Map<string, { value: string; until: number }>();
  return {
    async get(id) {
      const found = sessions.get(id);
      if (found && found.until > Date.now()) return found.value;
      sessions.delete(id);
      return undefined;
    },
    async set(id, value, maxAge) {
      sessions.delete(id);
      sessions.set(id, { value, until: Date.now() + maxAge * 1000 });
      for (const oldest of sessions.keys()) {
        if (sessions.size <= max) break;
        sessions.delete(oldest);
      }
    },
    async delete(id) {
      sessions.delete(id);
    },
  };
}
