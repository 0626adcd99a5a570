// The process of works/crowd.mjs: fills a store with sessions and answers what each takes.
import { randomBytes } from 'node:crypto';
import { memoryStore } from '@kindling/core';
import { createLocalKinde } from './local.mjs';
import { postgres, redis } from './services.mjs';

const PEOPLE = 50;
const REQUESTS = 1_000;
/** How many sessions one organization has. */
const COLLEAGUES = 100;

const stores = { memory, redis: inRedis, postgres: inPostgres };

process.once('message', async ({ store, count }) => process.send(await measure(store, count)));
process.on('disconnect', () => process.exit());

async function measure(name, count) {
  const { store, trips, bytes, end } = await stores[name](count);
  try {
    const { signIns, cookies, kinde } = await signInPeople(store);
    const asked = await tripsOf(kinde, cookies, trips);
    const before = await bytes();
    await fill(store, signIns, count);
    return { count, bytes: Math.round(((await bytes()) - before) / count), trips: asked };
  } finally {
    await end();
  }
}

/** Real sign-ins, and what each of them told the store to keep. */
async function signInPeople(store) {
  let calls;
  const recording = (method) => (id, value, maxAge) => {
    calls.push([method, id, value, maxAge]);
    return store[method](id, value, maxAge);
  };
  const { kinde, signIn } = await createLocalKinde({
    session: { store: { ...store, set: recording('set'), addToGroup: recording('addToGroup') } },
  });
  const signIns = [];
  const cookies = [];
  for (let n = 0; n < PEOPLE; n++) {
    signIns.push((calls = []));
    cookies.push((await signIn()).cookie);
  }
  return { kinde, cookies, signIns };
}

async function tripsOf(kinde, cookies, trips) {
  const before = trips();
  for (let n = 0; n < REQUESTS; n++) {
    const headers = new Headers({ cookie: cookies[n % PEOPLE] });
    const { auth } = await kinde.authenticate({ method: 'GET', url: '/', headers });
    if (!auth.isAuthenticated) {
      throw new Error('a session is gone');
    }
  }
  return (trips() - before) / REQUESTS;
}

/** The same again for other people: other ids and groups of the same length, and texts that share no memory. */
async function fill(store, signIns, count) {
  const groups = signIns.map((calls) =>
    calls.filter(([method]) => method === 'addToGroup').map(([, group]) => group),
  );
  const isCommon = (group) => groups.every((some) => some.includes(group));
  const one = async (n) => {
    const ids = new Map();
    const other = (id) => {
      if (!ids.has(id)) {
        ids.set(id, randomBytes(id.length).toString('base64url').slice(0, id.length));
      }
      return ids.get(id);
    };
    const company = String(Math.floor(n / COLLEAGUES)).padStart(8, '0');
    for (const [method, id, value, maxAge] of signIns[n % PEOPLE]) {
      if (method === 'set') {
        await store.set(other(id), Buffer.from(value).toString('latin1'), maxAge);
      } else {
        await store.addToGroup(
          isCommon(id) ? id.slice(0, -8) + company : other(id),
          other(value),
          maxAge,
        );
      }
    }
  };
  let next = 0;
  const worker = async () => {
    while (next < count) {
      await one(next++);
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
}

async function memory(count) {
  const bytes = async () => {
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  return {
    store: memoryStore({ max: count + PEOPLE }),
    trips: () => 0,
    bytes,
    end: async () => {},
  };
}

/** An object whose methods are counted when they are called. */
function counted(object) {
  let calls = 0;
  const proxy = new Proxy(object, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== 'function') {
        return value;
      }
      return (...args) => {
        calls += 1;
        return value.apply(target, args);
      };
    },
  });
  return { proxy, calls: () => calls };
}

async function inRedis() {
  const { redisStore } = await import('@kindling/redis');
  const client = await redis();
  const { proxy, calls } = counted(client);
  const prefix = `bench-${randomBytes(6).toString('hex')}:`;
  const bytes = async () => Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1]);
  const end = async () => {
    for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 5_000 })) {
      if (keys.length > 0) {
        await client.unlink(keys);
      }
    }
    client.destroy();
  };
  return { store: redisStore(proxy, { prefix }), trips: calls, bytes, end };
}

async function inPostgres() {
  const { migrate, postgresStore } = await import('@kindling/postgres');
  const pool = await postgres();
  const { proxy, calls } = counted(pool);
  const table = `bench_${randomBytes(6).toString('hex')}`;
  const tables = [table, `${table}_groups`];
  await migrate(pool, { table });
  const bytes = async () => {
    const sizes = tables.map((name) =>
      pool.query('select pg_total_relation_size($1::regclass) as size', [name]),
    );
    return (await Promise.all(sizes)).reduce((sum, { rows }) => sum + Number(rows[0].size), 0);
  };
  const end = async () => {
    await pool.query(`drop table ${tables.join(', ')}`);
    await pool.end();
  };
  return { store: postgresStore(proxy, { table }), trips: calls, bytes, end };
}
