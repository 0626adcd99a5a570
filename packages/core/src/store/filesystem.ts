import { createFiles } from './files.js';
import type { SessionStore } from './session-store.js';

/**
 * Keeps sessions as files of one folder, readable by this user only: they survive a restart, and all processes of one machine
 * can share them. Expired files are removed now and then, when others are written.
 * @param folder created when it does not exist
 * @throws KindeError `config_invalid` in a runtime that has no file system
 */
export function filesystemStore(folder: string): Required<SessionStore> {
  const files = createFiles(folder);
  const alive = (found: { until: number; value: string } | undefined) => {
    if (found && found.until > Date.now()) {
      return found.value;
    }
    return undefined;
  };
  const sweep = async () => {
    if (Math.random() < 0.01) {
      await files.sweep((until) => until <= Date.now());
    }
  };
  const until = (maxAge: number) => Date.now() + maxAge * 1000;
  return {
    get: async (id) => alive(await files.read(`${checked(id)}.session`)),
    async set(id, value, maxAge) {
      const file = `${checked(id)}.session`;
      await files.alone(file, () => files.write(file, { until: until(maxAge), value }));
      await sweep();
    },
    async delete(id) {
      const file = `${checked(id)}.session`;
      await files.alone(file, () => files.remove(file));
    },
    async compareAndSet(id, from, { to, maxAge }) {
      const file = `${checked(id)}.session`;
      return files.alone(file, async (isStillAlone) => {
        if (alive(await files.read(file)) !== from || !(await isStillAlone())) {
          return false;
        }
        if (to === undefined) {
          await files.remove(file);
        } else {
          await files.write(file, { until: until(maxAge), value: to });
        }
        return true;
      });
    },
    async addToGroup(group, id, maxAge) {
      await files.write(`${checked(group)}.group/${checked(id)}`, {
        until: until(maxAge),
        value: '-',
      });
      await sweep();
    },
    async groupMembers(group) {
      const folder = `${checked(group)}.group`;
      const ids = (await files.list(folder)).filter((id) => /^[\w-]{1,128}$/.test(id));
      const found = await Promise.all(ids.map((id) => files.read(`${folder}/${id}`)));
      return ids.filter((_, index) => alive(found[index]) !== undefined);
    },
  };
}

function checked(id: string): string {
  if (/^[\w-]{1,128}$/.test(id)) {
    return id;
  }
  throw new Error('A session id has other characters than those of base64url, or more than 128.');
}
