import { builtin } from '@kindling/internal';
import type * as fs from 'node:fs/promises';
import type * as path from 'node:path';
import { KindeError } from '../errors.js';

/** A value in a file. */
export interface Kept {
  /** When it expires, in Unix milliseconds. */
  readonly until: number;
  readonly value: string;
}

/** Small files of one folder that several processes of this machine read and write. */
export interface Files {
  /** Reads a file; `undefined` where there is none. */
  read(file: string): Promise<Kept | undefined>;
  /** Writes a file in one step: nobody ever reads half of it. */
  write(file: string, kept: Kept): Promise<void>;
  /** Removes a file, if there is one. */
  remove(file: string): Promise<void>;
  /** Lists the names in a folder, which may be missing. */
  list(folder: string): Promise<string[]>;
  /**
   * Does some work under a lock on a file, which holds in all processes of this machine. `isStillAlone` tells whether the lock
   * was taken from a holder that stood still.
   */
  alone<Result>(
    file: string,
    work: (isStillAlone: () => Promise<boolean>) => Promise<Result>,
  ): Promise<Result>;
  /** Removes expired files. */
  sweep(isOver: (until: number) => boolean): Promise<void>;
}

/** Milliseconds after which a lock is taken from a holder that is alive but stands still. */
const LOCK_TIMEOUT_MS = 10_000;
const HOUR_MS = 3_600_000;

/**
 * @param root created when it does not exist, readable by this user only
 * @throws KindeError `config_invalid` in a runtime that has no file system.
 */
export function createFiles(root: string): Files {
  const { fs, path } = node();
  const at = (file: string) => path.join(root, file);
  const read = async (file: string) => parse(await textOf(at(file)));
  const remove = (file: string) => removeFile(at(file));
  const list = (folder: string): Promise<string[]> =>
    fs.readdir(at(folder)).catch(unless('ENOENT', []));
  const alone: Files['alone'] = async (file, work) => {
    const lock = at(`${file}.lock`);
    const own = await take(lock);
    try {
      return await work(async () => (await textOf(lock)) === own);
    } finally {
      await release(lock, own);
    }
  };
  const sweepFile = async (file: string, isOver: (until: number) => boolean) => {
    const isFileOver = async () => isOver((await read(file))?.until ?? 0);
    if (!(await isFileOver())) {
      return;
    }
    await alone(file, async () => {
      if (await isFileOver()) {
        await remove(file);
      }
    });
  };
  return {
    read,
    remove,
    list,
    alone,
    async write(file, { until, value }) {
      const target = at(file);
      await fs.rename(await aside(target, `${until} ${value}`), target);
    },
    async sweep(isOver) {
      for (const name of await list('')) {
        await cleanUp(at(name));
        const isGroup = name.endsWith('.group');
        const inside = isGroup ? (await list(name)).map((id) => `${name}/${id}`) : [name];
        for (const file of inside.filter((one) => /\.session$|\.group\/[\w-]+$/.test(one))) {
          await sweepFile(file, isOver);
        }
      }
    },
  };
}

/** Node's modules are asked for when a store is made, so that this package also loads where there are none. */
function node(): { fs: typeof fs; path: typeof path } {
  const found = {
    fs: builtin<typeof fs>('node:fs/promises'),
    path: builtin<typeof path>('node:path'),
  };
  if (found.fs && found.path) {
    return { fs: found.fs, path: found.path };
  }
  const problem =
    'Sessions cannot be kept in files: this runtime has no file system. Choose another store.';
  throw new KindeError('config_invalid', problem, { problems: [problem] });
}

function unless<Value>(code: string, value: Value) {
  return (error: NodeJS.ErrnoException): Value => {
    if (error.code === code) {
      return value;
    }
    throw error;
  };
}

async function textOf(file: string): Promise<string> {
  return node().fs.readFile(file, 'utf8').catch(unless('ENOENT', ''));
}

function parse(text: string): Kept | undefined {
  const space = text.indexOf(' ');
  if (space > 0) {
    return { until: Number(text.slice(0, space)), value: text.slice(space + 1) };
  }
  return undefined;
}

async function removeFile(file: string): Promise<void> {
  await node().fs.rm(file, { force: true });
}

/** A complete file beside the one that is meant, to be put in its place in one step. */
async function aside(file: string, content: string): Promise<string> {
  const { fs, path } = node();
  const name = `${file}.${crypto.randomUUID()}`;
  await fs.mkdir(path.dirname(name), { recursive: true, mode: 0o700 });
  await fs.writeFile(name, content, { mode: 0o600 });
  return name;
}

/** Links a complete file to the name of the lock, which only works where there is none. */
async function take(lock: string): Promise<string> {
  const { fs } = node();
  let pause = 1;
  for (;;) {
    const own = `${process.pid} ${Date.now() + LOCK_TIMEOUT_MS} ${crypto.randomUUID()}`;
    const file = await aside(lock, own);
    const taken = await fs.link(file, lock).then(() => true, unless('EEXIST', false));
    await removeFile(file);
    if (taken) {
      return own;
    }
    const holder = await textOf(lock);
    if (holder && isLost(holder)) {
      await breakUp(lock, holder);
    } else {
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
    pause = Math.min(pause * 2, 50);
  }
}

async function release(lock: string, own: string): Promise<void> {
  if ((await textOf(lock)) === own) {
    await removeFile(lock);
  }
}

/** Removes the lock of one holder. A lock on that lock makes sure that it is never the lock of a new holder. */
async function breakUp(lock: string, holder: string): Promise<void> {
  const second = `${lock}.${holder.split(' ')[2]}`;
  const own = await take(second);
  await release(lock, holder);
  await release(second, own);
}

/** Removes the leftovers of a process that died while it wrote. */
async function cleanUp(file: string): Promise<void> {
  const holder = file.endsWith('.lock') ? await textOf(file) : '';
  if (holder && isLost(holder)) {
    await breakUp(file, holder);
  }
  if (!/\.[\da-f]{8}-[\da-f-]{27}$/.test(file)) {
    return;
  }
  const leftover = await node()
    .fs.stat(file)
    .catch(() => undefined);
  if (leftover && leftover.mtimeMs < Date.now() - HOUR_MS) {
    await removeFile(file);
  }
}

/** Says whether the process of a holder has ended, or has stood still for long. */
function isLost(holder: string): boolean {
  const [pid = NaN, until = NaN] = holder.split(' ').map(Number);
  if (!(until > Date.now())) {
    return true;
  }
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
