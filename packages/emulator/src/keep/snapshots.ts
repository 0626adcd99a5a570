import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SNAPSHOT_NAME, type SnapshotStore } from '../control/snapshots.js';
import { checkSnapshot, type Snapshot } from '../state/check-snapshot.js';
import { makeFolder, namesIn, readText, writeText } from './files.js';

const END = '.json';

/** Keeps snapshots by name as files of a folder. */
export function createFileSnapshots(folder: string): SnapshotStore {
  const load = async (name: string): Promise<Snapshot | undefined> => {
    const text = readText(fileOf(folder, name));
    return text === undefined ? undefined : checkSnapshot(JSON.parse(text));
  };
  return {
    /** Those that are kept, by name. */
    async list(): Promise<{ name: string; takenAt: string }[]> {
      return namesIn(folder, END)
        .filter((name) => SNAPSHOT_NAME.test(name))
        .map((name) => ({ name, takenAt: timeIn(readText(fileOf(folder, name)) ?? '') }));
    },
    /** Keeps one, in place of an older one of this name. */
    async save(name: string, snapshot: Snapshot): Promise<void> {
      const file = fileOf(folder, name);
      makeFolder(join(folder, '..'));
      makeFolder(folder);
      writeText(file, JSON.stringify(snapshot));
    },
    /** One that is kept. */
    load,
    /** Forgets one; false where there is none. */
    async remove(name: string): Promise<boolean> {
      const file = fileOf(folder, name);
      const isThere = namesIn(folder, END).includes(name);
      rmSync(file, { force: true });
      return isThere;
    },
  };
}

/** When a snapshot was taken: it is among the first words of its file. */
function timeIn(text: string): string {
  return /"takenAt":"([^"]+)"/.exec(text.slice(0, 200))?.[1] ?? '';
}

function fileOf(folder: string, name: string): string {
  if (SNAPSHOT_NAME.test(name)) {
    return join(folder, name + END);
  }
  throw new TypeError(
    `A snapshot's name is up to 64 lower-case letters, digits, dots, hyphens and underscores, not ${JSON.stringify(name)}.`,
  );
}
