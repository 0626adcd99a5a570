import { commandsOf, type IoRedis, type NodeRedis } from './client.js';
import { ENLIST, MEMBERS, SWAP } from './scripts.js';

export type { IoRedis, NodeRedis } from './client.js';

/** How a Redis store names its keys. */
export interface RedisStoreOptions {
  /** What its keys begin with, so that apps can share a server. No braces: they choose a slot in a cluster. @default 'kinde:' */
  prefix?: string;
}

/** Sessions in Redis. Fits the `SessionStore` of `@kindling/core`, with everything that is optional there. Times are seconds. */
export interface RedisStore {
  /** The value last set under this id, or `undefined` when there is none or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Forgets the value. */
  delete(id: string): Promise<void>;
  /** In one step: if the value is `from` (`undefined`: none), makes it `to` for `maxAge` seconds, and answers whether it did. */
  compareAndSet(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /** Adds an id to a group, for `maxAge` seconds from now. */
  addToGroup(group: string, id: string, maxAge: number): Promise<void>;
  /** Ids of a group whose time is not over. */
  groupMembers(group: string): Promise<string[]>;
}

/**
 * Keeps sessions in Redis, for any number of machines. The client is yours: this store neither opens nor closes it, and
 * never repeats what the client gave up on.
 * @example const store = redisStore(createClient({ url, disableOfflineQueue: true }).on('error', log));
 * @throws TypeError when the client is neither of `redis` nor of `ioredis`, or the prefix has braces.
 */
export function redisStore(
  client: NodeRedis | IoRedis,
  options: RedisStoreOptions = {},
): RedisStore {
  // Without a prototype: what `Object.prototype` was given is no option.
  const { prefix = 'kinde:' }: RedisStoreOptions = {
    __proto__: null,
    ...options,
  } as RedisStoreOptions;
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new TypeError('prefix must be text without braces.');
  }
  const commands = commandsOf(client);
  // In a cluster, what is between braces chooses the slot: all that concerns one id is in one place.
  const valueOf = (id: string) => `${prefix}{${checked(id)}}`;
  const groupOf = (group: string) => `${prefix}{${checked(group)}}:group`;
  return {
    async get(id) {
      if (!isId(id)) {
        return undefined;
      }
      const reply = await commands.get(valueOf(id));
      if (reply !== null && typeof reply !== 'string') {
        throw unexpected();
      }
      return reply ?? undefined;
    },
    async set(id, value, maxAge) {
      const key = valueOf(id);
      const time = milliseconds(maxAge);
      await (time > 0 ? commands.set(key, value, time) : commands.del(key));
    },
    async delete(id) {
      if (isId(id)) {
        await commands.del(valueOf(id));
      }
    },
    async compareAndSet(id, from, { to, maxAge }) {
      const time = to === undefined ? 0 : milliseconds(maxAge);
      const reply = await commands.run(SWAP, valueOf(id), [known(from), to ?? '', String(time)]);
      if (reply !== 0 && reply !== 1) {
        throw unexpected();
      }
      return reply === 1;
    },
    async addToGroup(group, id, maxAge) {
      await commands.run(ENLIST, groupOf(group), [checked(id), String(milliseconds(maxAge))]);
    },
    async groupMembers(group) {
      if (!isId(group)) {
        return [];
      }
      const reply = await commands.run(MEMBERS, groupOf(group), []);
      if (!Array.isArray(reply) || !reply.every((id) => typeof id === 'string')) {
        throw unexpected();
      }
      return reply;
    },
  };
}

/** Ids are hashes. Whatever else arrives here was never stored, and must not choose a key. */
function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id);
}

function checked(id: string): string {
  if (!isId(id)) {
    throw new TypeError('A session id has other characters than expected.');
  }
  return id;
}

/** Scripts take text only, so absence is told from an empty value by a sign in front. */
function known(value: string | undefined) {
  return value === undefined ? '' : `=${value}`;
}

function milliseconds(maxAge: number): number {
  if (!Number.isFinite(maxAge)) {
    throw new TypeError('maxAge must be a number of seconds.');
  }
  return Math.max(0, Math.ceil(maxAge * 1000));
}

function unexpected() {
  return new TypeError(
    'Redis answered with another type than expected. Is the client set to map types?',
  );
}
