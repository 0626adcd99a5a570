import { watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { checkSeed } from '../seed/check-seed.js';
import { readSeed } from '../seed/read-seed.js';
import type { State } from '../state/state.js';
import { changeSeed } from './adopt-seed.js';

/** Milliseconds that a file rests before it is read: editors write in several steps. */
const REST = 100;

/**
 * Reads a seed again whenever its file changes, and merges what changed into the state: see `mergeData`. A seed with
 * problems changes nothing; the journal has them. Answers how to end.
 */
export function watchSeed(file: string, state: State): () => void {
  const name = basename(file);
  let timer: NodeJS.Timeout | undefined;
  const read = async () => {
    try {
      changeSeed(state, checkSeed(await readSeed(file)));
    } catch (error) {
      const problems = (error as Error).message.split('\n');
      state.journal.append({
        kind: 'seed',
        what: 'refused',
        changes: [],
        problems,
      });
    }
  };
  // The folder, since editors replace the file by another one.
  const watcher = watch(dirname(resolve(file)), { persistent: false }, (_event, changed) => {
    if (changed === null || changed === name) {
      clearTimeout(timer);
      timer = setTimeout(() => void read(), REST).unref();
    }
  });
  watcher.on('error', () => {
    state.journal.append({ kind: 'remark', text: `${file} is no longer watched.` });
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
