import type { Snapshot } from '../state/capture.js';
import type { SnapshotInfo } from './answers.js';

/** Keeps snapshots by name. Names were checked: see `SNAPSHOT_NAME`. */
export interface SnapshotStore {
  /** Those that are kept, by name. */
  list(): Promise<readonly SnapshotInfo[]>;
  /** Keeps one, in place of an older one of this name. */
  save(name: string, snapshot: Snapshot): Promise<void>;
  /** One that is kept. */
  load(name: string): Promise<Snapshot | undefined>;
  /** Forgets one; false where there is none. */
  remove(name: string): Promise<boolean>;
}

/** Names of snapshots and environments: they become names of files. */
export const SNAPSHOT_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Keeps snapshots as long as the process lives. */
export function createMemorySnapshots(): SnapshotStore {
  const kept = new Map<string, Snapshot>();
  return {
    async list() {
      const all = [...kept].map(([name, { takenAt }]) => ({ name, takenAt }));
      return all.sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async save(name, snapshot) {
      kept.set(name, structuredClone(snapshot));
    },
    load: async (name) => structuredClone(kept.get(name)),
    remove: async (name) => kept.delete(name),
  };
}
