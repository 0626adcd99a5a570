import { commandsOf, type IoRedis, type NodeRedis } from './client.js';
import { explaining } from './explain.js';
import { ADD_TO_GROUP, COMPARE_AND_SET, GROUP_MEMBERS } from './scripts.js';

export type { IoRedis, NodeRedis } from './client.js';

/** Options of a Redis store. */
export interface RedisStoreOptions {
  /** Prefix of all keys, for apps that share a server. Without braces: they choose a slot in a cluster. @default 'kinde:' */
  prefix?: string;
}

/** A `SessionStore` of `@kindling/core`, with all of its optional methods. Each rejects where Redis fails, and says what to do. */
export interface RedisStore {
  /** Reads the value last set under this id; `undefined` when there is none or it expired. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Deletes the value. */
  delete(id: string): Promise<void>;
  /** Replaces the value in one step if it is `from`, for `maxAge` seconds; returns whether it did. `undefined` stands for none. */
  compareAndSet(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /** Adds an id to a group, for `maxAge` seconds from now. */
  addToGroup(group: string, id: string, maxAge: number): Promise<void>;
  /** Lists the ids of a group that have not expired. */
  groupMembers(group: string): Promise<string[]>;
}

/**
 * Creates a store that keeps sessions in Redis, for any number of instances. The client is yours: this store neither opens
 * nor closes it, and does not retry commands that fail.
 * @example const store = redisStore(createClient({ url, disableOfflineQueue: true }).on('error', log));
 * @throws TypeError for a client that is neither of `redis` nor of `ioredis`, or a prefix with braces.
 */
export function redisStore(
  client: NodeRedis | IoRedis,
  options: RedisStoreOptions = {},
): RedisStore {
  // Without a prototype, so that members which someone added to `Object.prototype` are not read as options.
  const { prefix = 'kinde:' }: RedisStoreOptions = {
    __proto__: null,
    ...options,
  } as RedisStoreOptions;
  if (typeof prefix !== 'string' || /[{}]/.test(prefix)) {
    throw new TypeError('prefix must be text without braces.');
  }
  const commands = explaining(commandsOf(client));
  // In a cluster, the text between braces chooses the slot: all keys of one id are in one place.
  const valueOf = (id: string) => `${prefix}{${checked(id)}}`;
  const groupOf = (group: string) => `${prefix}{${checked(group)}}:group`;
  return {
    async get(id) {
      if (!isId(id)) {
        return undefined;
      }
      return toText(await commands.get(valueOf(id)));
    },
    async set(id, value, maxAge) {
      const key = valueOf(id);
      const time = milliseconds(maxAge);
      if (time > 0) {
        await commands.set(key, value, time);
      } else {
        await commands.del(key);
      }
    },
    async delete(id) {
      if (isId(id)) {
        await commands.del(valueOf(id));
      }
    },
    async compareAndSet(id, from, { to, maxAge }) {
      const time = to === undefined ? 0 : milliseconds(maxAge);
      const values = [toArgument(from), to ?? '', String(time)];
      return toBoolean(await commands.run(COMPARE_AND_SET, valueOf(id), values));
    },
    async addToGroup(group, id, maxAge) {
      const values = [checked(id), String(milliseconds(maxAge))];
      await commands.run(ADD_TO_GROUP, groupOf(group), values);
    },
    async groupMembers(group) {
      if (!isId(group)) {
        return [];
      }
      return toTexts(await commands.run(GROUP_MEMBERS, groupOf(group), []));
    },
  };
}

/** Checks for an id, which is a hash. Other text was never stored, and must not choose a key. */
function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id);
}

function checked(id: string): string {
  if (!isId(id)) {
    throw new TypeError('The session id has characters that no id has.');
  }
  return id;
}

/** An argument of a script: only text. A sign in front of values tells an empty one from none. */
function toArgument(value: string | undefined): string {
  if (value === undefined) {
    return '';
  }
  return `=${value}`;
}

function milliseconds(maxAge: number): number {
  if (!Number.isFinite(maxAge)) {
    throw new TypeError('maxAge must be a number of seconds.');
  }
  return Math.max(0, Math.ceil(maxAge * 1000));
}

function toText(reply: unknown): string | undefined {
  if (reply !== null && typeof reply !== 'string') {
    throw unexpected();
  }
  return reply ?? undefined;
}

function toBoolean(reply: unknown): boolean {
  if (reply !== 0 && reply !== 1) {
    throw unexpected();
  }
  return reply === 1;
}

function toTexts(reply: unknown): string[] {
  if (!Array.isArray(reply) || !reply.every((one) => typeof one === 'string')) {
    throw unexpected();
  }
  return reply;
}

function unexpected(): TypeError {
  return new TypeError(
    'Redis replied with an unexpected type. Check that the client does not map types.',
  );
}
