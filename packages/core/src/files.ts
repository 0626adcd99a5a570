/** A value in a file, and when its time is over, in Unix milliseconds. */
export interface Kept {
  readonly until: number;
  readonly value: string;
}

/** Small files of one folder that several processes of this machine read and write. */
export interface Files {
  read(file: string): Promise<Kept | undefined>;
  /** All or nothing: nobody ever reads half a file. */
  write(file: string, kept: Kept): Promise<void>;
  remove(file: string): Promise<void>;
  /** Names in a folder, which may be missing. */
  list(folder: string): Promise<string[]>;
  /**
   * One at a time per file, in all processes of this machine, while `work` runs. `isStillAlone` tells whether others have
   * lost patience with a holder that stood still.
   */
  alone<Result>(file: string, work: (isStillAlone: () => Promise<boolean>) => Promise<Result>): Promise<Result>;
  /** Removes files whose time is over. */
  sweep(isOver: (until: number) => boolean): Promise<void>;
}

/** Milliseconds after which a lock is taken from a holder that is alive but stands still. */
const PATIENCE = 10_000;
const HOUR = 3_600_000;

/** @param root created when it does not exist, readable by this user only */
export function createFiles(root: string): Files {
  // Node's modules are loaded at first use, so that this package also runs where there are none.
  const node = async () => ({ fs: await import('node:fs/promises'), path: await import('node:path') });
  const unless =
    <Value>(code: string, value: Value) =>
    (error: NodeJS.ErrnoException) => {
      if (error.code === code) return value;
      throw error;
    };
  const text = async (file: string): Promise<string> => {
    const { fs, path } = await node();
    return fs.readFile(path.join(root, file), 'utf8').catch(unless('ENOENT', ''));
  };
  const read = async (file: string): Promise<Kept | undefined> => {
    const found = await text(file);
    const space = found.indexOf(' ');
    return space > 0 ? { until: Number(found.slice(0, space)), value: found.slice(space + 1) } : undefined;
  };
  const aside = async (file: string, content: string): Promise<string> => {
    const { fs, path } = await node();
    const name = path.join(root, `${file}.${crypto.randomUUID()}`);
    await fs.mkdir(path.dirname(name), { recursive: true, mode: 0o700 });
    await fs.writeFile(name, content, { mode: 0o600 });
    return name;
  };
  const remove = async (file: string): Promise<void> => {
    const { fs, path } = await node();
    await fs.rm(path.join(root, file), { force: true });
  };
  const list = async (folder: string): Promise<string[]> => {
    const { fs, path } = await node();
    return fs.readdir(path.join(root, folder)).catch(unless('ENOENT', []));
  };
  /** Links a complete file to the name of the lock, which only works where there is none. */
  const take = async (lock: string): Promise<string> => {
    const { fs, path } = await node();
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      const own = `${process.pid} ${Date.now() + PATIENCE} ${crypto.randomUUID()}`;
      const file = await aside(lock, own);
      const taken = await fs.link(file, path.join(root, lock)).then(() => true, unless('EEXIST', false));
      await fs.rm(file, { force: true });
      if (taken) return own;
      const holder = await text(lock);
      if (holder && isLost(holder)) await breakUp(lock, holder);
      else await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    }
  };
  const release = async (lock: string, own: string): Promise<void> => {
    if ((await text(lock)) === own) await remove(lock);
  };
  /** Only who has the lock on this one holder's lock may remove it, so a new holder's is never taken for it. */
  const breakUp = async (lock: string, holder: string): Promise<void> => {
    const second = `${lock}.${holder.split(' ')[2]}`;
    const own = await take(second);
    await release(lock, holder);
    await release(second, own);
  };
  return {
    read,
    remove,
    list,
    async write(file, { until, value }) {
      const { fs, path } = await node();
      await fs.rename(await aside(file, `${until} ${value}`), path.join(root, file));
    },
    async alone(file, work) {
      const lock = `${file}.lock`;
      const own = await take(lock);
      try {
        return await work(async () => (await text(lock)) === own);
      } finally {
        await release(lock, own);
      }
    },
    async sweep(isOver) {
      const { fs, path } = await node();
      for (const name of await list('')) {
        // What a process left behind that died while it wrote.
        const holder = name.endsWith('.lock') ? await text(name) : '';
        if (holder && isLost(holder)) await breakUp(name, holder);
        const leftover =
          /\.[\da-f]{8}-[\da-f-]{27}$/.test(name) && (await fs.stat(path.join(root, name)).catch(() => undefined));
        if (leftover && leftover.mtimeMs < Date.now() - HOUR) await remove(name);
        const inside = name.endsWith('.group') ? (await list(name)).map((id) => `${name}/${id}`) : [name];
        for (const file of inside.filter((one) => /\.session$|\.group\/[\w-]+$/.test(one))) {
          if (!isOver((await read(file))?.until ?? 0)) continue;
          await this.alone(file, async () => {
            if (isOver((await read(file))?.until ?? 0)) await remove(file);
          });
        }
      }
    },
  };
}

/** Its process has ended, or has stood still for long. */
function isLost(holder: string): boolean {
  const [pid, until] = holder.split(' ').map(Number);
  if (!(until! > Date.now())) return true;
  try {
    process.kill(pid!, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
