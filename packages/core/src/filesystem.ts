import type { SessionStore } from './store.js';

/**
 * Sessions as files of one folder, readable by this user only: they survive a restart, on one machine.
 * Files whose time is over are removed when they are read and, now and then, when others are written.
 * @param folder created when it does not exist
 */
export function filesystemStore(folder: string): SessionStore {
  // Node's modules are loaded at first use, so that this package also runs where there are none.
  const node = async () => ({ fs: await import('node:fs/promises'), path: await import('node:path') });
  const fileOf = async (id: string) => {
    if (!/^[\w-]{1,128}$/.test(id)) throw new Error('A session id has other characters than expected.');
    const { path } = await node();
    return path.join(folder, `${id}.session`);
  };
  const read = async (file: string): Promise<{ until: number; value: string } | undefined> => {
    const { fs } = await node();
    const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const space = text.indexOf(' ');
    return space > 0 ? { until: Number(text.slice(0, space)), value: text.slice(space + 1) } : undefined;
  };
  const sweep = async () => {
    const { fs, path } = await node();
    for (const name of await fs.readdir(folder)) {
      const file = path.join(folder, name);
      if (name.endsWith('.session') && ((await read(file))?.until ?? 0) <= Date.now())
        await fs.rm(file, { force: true });
    }
  };
  return {
    async get(id) {
      const file = await fileOf(id);
      const found = await read(file);
      if (found && found.until > Date.now()) return found.value;
      if (found) await (await node()).fs.rm(file, { force: true });
      return undefined;
    },
    async set(id, value, maxAge) {
      const { fs } = await node();
      const file = await fileOf(id);
      await fs.mkdir(folder, { recursive: true, mode: 0o700 });
      // Written aside and renamed, so that nobody ever reads half a session.
      const aside = `${file}.${crypto.randomUUID()}`;
      await fs.writeFile(aside, `${Date.now() + maxAge * 1000} ${value}`, { mode: 0o600 });
      await fs.rename(aside, file);
      if (Math.random() < 0.01) await sweep();
    },
    async delete(id) {
      await (await node()).fs.rm(await fileOf(id), { force: true });
    },
  };
}
