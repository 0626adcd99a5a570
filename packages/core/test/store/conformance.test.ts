import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesystemStore, memoryStore, type SessionStore } from '@kindling/core';
import { conformance } from '@kindling/core/conformance';
import { migrate, postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { Cluster, Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient, createCluster } from 'redis';
import { afterAll, describe, expect, test } from 'vitest';
import {
  databaseUrl,
  hasPostgres,
  hasRedis,
  hasRedisServerBinary,
  redisUrl,
  startRedisCluster,
} from '../../../../test/kit/services.js';

const prefix = `kindling-conformance-${process.pid}:`;
const table = `kindling_conformance_${process.pid}`;
const clean: (() => unknown)[] = [];
afterAll(async () => {
  for (const one of clean.reverse()) {
    await one();
  }
});

const stores: Record<string, () => SessionStore> = { memory: () => memoryStore() };

const folder = mkdtempSync(join(tmpdir(), 'kindling-stores-'));
clean.push(() => rmSync(folder, { recursive: true, force: true }));
stores['filesystem'] = () => filesystemStore(folder);

if (hasRedis) {
  const node = await createClient({ url: redisUrl }).connect();
  const io = new Redis(redisUrl);
  clean.push(async () => {
    for await (const keys of node.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
      if (keys.length > 0) {
        await node.del(keys);
      }
    }
    node.destroy();
    io.disconnect();
  });
  stores['Redis with redis'] = () => redisStore(node, { prefix });
  stores['Redis with ioredis'] = () => redisStore(io, { prefix });
}

if (hasRedisServerBinary) {
  const { ports, stop } = await startRedisCluster();
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  const node = await createCluster({ rootNodes: nodes.map((socket) => ({ socket })) }).connect();
  const io = new Cluster(nodes);
  clean.push(
    stop,
    () => node.destroy(),
    () => io.disconnect(),
  );
  stores['Redis Cluster with redis'] = () => redisStore(node);
  stores['Redis Cluster with ioredis'] = () => redisStore(io);
}

if (hasPostgres) {
  const pool = new Pool({ connectionString: databaseUrl });
  await migrate(pool, { table });
  clean.push(async () => {
    await pool.query(`DROP TABLE ${table}, ${table}_groups`);
    await pool.end();
  });
  stores['Postgres'] = () => postgresStore(pool, { table });
}

describe.each(Object.entries(stores))('%s', (_, create) => {
  for (const { name, run } of conformance) {
    test.concurrent(`passes: ${name}`, () => run(create), 60_000);
  }
});

/** Stores that are wrong in one way each, with the checks that have to notice. */
const broken: Record<
  string,
  { breaks: (right: Required<SessionStore>) => Partial<SessionStore>; noticed: string[] }
> = {
  'swaps in two steps': {
    breaks: (right) => ({
      async compareAndSet(id, from, { to, maxAge }) {
        if ((await right.get(id)) !== from) {
          return false;
        }
        await (to === undefined ? right.delete(id) : right.set(id, to, maxAge));
        return true;
      },
    }),
    noticed: [
      'of 100 calls at once, exactly one wins',
      'every one of many steps is taken exactly once',
    ],
  },
  'swaps whatever is there': {
    breaks: (right) => ({
      compareAndSet: async (id, from, { to, maxAge }) => {
        if ((from === undefined) !== ((await right.get(id)) === undefined)) {
          return false;
        }
        await (to === undefined ? right.delete(id) : right.set(id, to, maxAge));
        return true;
      },
    }),
    noticed: [
      'compareAndSet acts exactly when the value is `from`, where nothing is a value too',
      'compareAndSet compares every character',
    ],
  },
  'swaps without looking at case and trailing space': {
    breaks: (right) => ({
      compareAndSet: async (id, from, change) => {
        const value = await right.get(id);
        const alike =
          value !== undefined && value.trimEnd().toLowerCase() === from?.trimEnd().toLowerCase();
        return right.compareAndSet(id, alike ? value : from, change);
      },
    }),
    noticed: ['compareAndSet compares every character'],
  },
  'takes an empty value for none': {
    breaks: (right) => ({ get: async (id) => (await right.get(id)) || undefined }),
    noticed: ['values are any text, kept as it is'],
  },
  'keeps the time of the first value when swapping': {
    breaks: (right) => {
      const ends = new Map<string, number>();
      return {
        set: (id, value, maxAge) => (
          ends.set(id, Date.now() / 1000 + maxAge),
          right.set(id, value, maxAge)
        ),
        compareAndSet: (id, from, { to, maxAge }) =>
          right.compareAndSet(id, from, {
            to,
            maxAge: Math.min(maxAge, (ends.get(id) ?? Infinity) - Date.now() / 1000),
          }),
      };
    },
    noticed: ['the new value has a new time, and an expired value counts as none'],
  },
  'forgets no value': {
    breaks: (right) => ({ set: (id, value) => right.set(id, value, 600) }),
    noticed: ['a value expires, and setting it again prolongs it'],
  },
  'forgets no member': {
    breaks: (right) => ({ addToGroup: (group, id) => right.addToGroup(group, id, 600) }),
    noticed: ['a membership expires, and adding the id again prolongs it'],
  },
  'forgets groups with ids': {
    breaks: (right) => ({
      async delete(id) {
        await right.delete(id);
        for (const member of await right.groupMembers(id)) {
          await right.addToGroup(id, member, 0);
        }
      },
    }),
    noticed: ['a group and an id of the same name are different things'],
  },
  'answers with what was asked for before': {
    breaks: (right) => {
      let last: Promise<string | undefined> = Promise.resolve(undefined);
      return {
        get: async (id) => {
          const before = last;
          last = right.get(id);
          return (await last) === undefined ? undefined : ((await before) ?? last);
        },
      };
    },
    noticed: ['1,000 concurrent calls never get each other’s values'],
  },
  'shortens ids': {
    breaks: (right) => ({
      get: (id) => right.get(id.slice(0, 32)),
      set: (id, value, maxAge) => right.set(id.slice(0, 32), value, maxAge),
      delete: (id) => right.delete(id.slice(0, 32)),
    }),
    noticed: [
      'ids that look alike are different',
      'hostile ids find nothing, harm nothing and break nothing',
    ],
  },
  'cuts long values': {
    breaks: (right) => ({
      set: (id, value, maxAge) => right.set(id, value.slice(0, 4096), maxAge),
    }),
    noticed: ['values of 8 KiB and of 64 KiB are kept whole'],
  },
  'brings back what was deleted': {
    breaks: (right) => {
      const seen = new Map<string, string>();
      return {
        set: (id, value, maxAge) => (seen.set(id, value), right.set(id, value, maxAge)),
        compareAndSet: async (id, from, change) =>
          (await right.compareAndSet(id, from, change)) ||
          (seen.get(id) === from && right.compareAndSet(id, undefined, change)),
      };
    },
    noticed: ['a deleted value does not come back by a call that was under way'],
  },
};

describe.each(Object.entries(broken))('a store that %s', (_, { breaks, noticed }) => {
  test.concurrent.each(noticed)('does not pass: %s', async (name) => {
    const check = conformance.find((one) => one.name === name)!;
    const right = memoryStore();
    await expect(check.run(() => ({ ...right, ...breaks(right) }))).rejects.toThrow(
      /in place of|is not what was set/,
    );
  });
});

test('a store without the optional methods passes what does not need them, and is told what it lacks for the rest', async () => {
  const { get, set, delete: remove } = memoryStore();
  const verdicts = await Promise.all(
    conformance.map(async ({ needs, run }) => ({
      needs,
      error: await run(() => ({ get, set, delete: remove })).then(
        () => undefined,
        ({ message }: Error) => message,
      ),
    })),
  );
  for (const { needs, error } of verdicts) {
    expect(error).toEqual(
      needs &&
        expect.stringMatching(/^The store has no (compareAndSet|addToGroup), which “.+” needs\.$/),
    );
  }
});
