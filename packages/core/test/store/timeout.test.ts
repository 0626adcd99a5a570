import { createDiagnostics } from '../../src/diagnostics/diagnostics.js';
import type { Server } from 'node:http';
import { migrate, postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionStore } from '@kindling/core';
import { createStoreBudgets, withTimeout, withBudget } from '../../src/store/timeout.js';
import { frameworks } from '../../../../test/kit/apps.js';
import { NAVIGATION, SAME_SITE, send } from '../../../../test/kit/http.js';
import { SITE } from '../../../../test/kit/apps.js';
import { databaseUrl, hasPostgres, hasRedis, redisUrl } from '../../../../test/kit/services.js';
import { later } from '../../../../test/kit/provider.js';
import { ADA, cookieOf, createShop, keeping, rows, type Shop } from '../../../../test/kit/shop.js';
import { createWire } from '../../../../test/kit/wire.js';

/** What a request may take: two seconds for the store, and what a busy machine adds. */
const LIMIT = 3200;
const DAY = 86_400;

let shop: Shop;
beforeEach(async () => {
  shop = await createShop();
});
afterEach(async () => {
  vi.useRealTimers();
  await shop.close();
});
const timed = async <Result>(work: () => Promise<Result>) => {
  const begin = performance.now();
  const result = await work();
  return { result, took: performance.now() - begin };
};

/** Clients as the pages show them. */
const clients: Record<
  string,
  (port: number) => Promise<{ store: SessionStore; close(): unknown }>
> = {};
if (hasRedis) {
  const options = (port: number) =>
    Object.assign(new URL(redisUrl), { hostname: '127.0.0.1', port: String(port) }).href;
  const prefix = `kindling-away-${process.pid}:`;
  clients['redis'] = async (port) => {
    const socket = { connectTimeout: 2000, socketTimeout: 5000, reconnectStrategy: () => 100 };
    const client = createClient({
      url: options(port),
      disableOfflineQueue: true,
      pingInterval: 2000,
      socket,
    });
    await client.on('error', () => {}).connect();
    return { store: redisStore(client, { prefix }), close: () => client.destroy() };
  };
  clients['ioredis'] = async (port) => {
    const terms = {
      maxRetriesPerRequest: 1,
      connectTimeout: 2000,
      commandTimeout: 2000,
      socketTimeout: 5000,
    };
    const client = new Redis(options(port), {
      enableOfflineQueue: false,
      ...terms,
      retryStrategy: () => 100,
    });
    client.on('error', () => {});
    await new Promise((resolve) => client.once('ready', resolve));
    return { store: redisStore(client, { prefix }), close: () => client.disconnect() };
  };
}
const table = `kindling_away_${process.pid}`;
if (hasPostgres) {
  clients['pg'] = async (port) => {
    const url = Object.assign(new URL(databaseUrl), { hostname: '127.0.0.1', port: String(port) });
    const pool = new Pool({
      connectionString: url.href,
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
    });
    pool.on('error', () => {});
    return { store: postgresStore(pool, { table }), close: () => pool.end() };
  };
}
const admin = hasPostgres ? new Pool({ connectionString: databaseUrl, max: 1 }) : undefined;
beforeAll(async () => void (admin && (await migrate(admin, { table }))));
afterAll(async () => {
  await admin?.query(`DROP TABLE ${table}, ${table}_groups`);
  await admin?.end();
});

const targetOf = (client: string) => {
  const { hostname, port } = new URL(client === 'pg' ? databaseUrl : redisUrl);
  return { host: hostname, port: Number(port) || (client === 'pg' ? 5432 : 6379) };
};
const kinds = rows('coordination', 'store').map(([framework, kind], index) => {
  const names = Object.keys(clients);
  return [framework, kind, names[index % names.length]!] as const;
});

describe.runIf(hasRedis || hasPostgres).each(kinds)(
  'a store in trouble, on %s with `%s` and %s',
  (framework, kind, name) => {
    let wire: Awaited<ReturnType<typeof createWire>>;
    let client: Awaited<ReturnType<(typeof clients)[string]>>;
    let app: Server;
    beforeEach(async () => {
      wire = await createWire(() => targetOf(name));
      client = await clients[name]!(wire.port);
      app = await shop.start(framework, keeping[kind]!(client.store));
    });
    afterEach(async () => {
      wire.close();
      await client.close();
    });

    test.each(['still', 900] as const)(
      'OP-26 one that answers %s holds no request for longer than two seconds, whatever that is for',
      async (flow) => {
        const browser = await shop.signIn(app, ADA);
        const cookie = cookieOf(browser);
        const callback = await browser.callbackFor(ADA);
        later(6);
        wire.let(flow);
        const ask = (path: string) =>
          timed(() => send(app, path, { headers: { ...NAVIGATION, cookie } }));
        const found = [await ask('/private')];
        found.push(await timed(() => browser.open(callback)));
        later(DAY + 10);
        found.push(await ask('/private'));
        const out = { method: 'POST', headers: { ...SAME_SITE, origin: SITE, cookie } };
        found.push(await timed(() => send(app, '/logout', out)));
        for (const { took, result } of found) {
          expect(took).toBeLessThan(LIMIT);
          expect([200, 302, 303, 503]).toContain(result.status);
        }
        if (flow === 'still') {
          expect(found.slice(2).map(({ result }) => result.status)).toEqual([503, 503]);
        }
      },
      40_000,
    );

    test('OP-26 while one stands still, whoever has a token that lives in a cookie is served by what is known', async () => {
      if (kind === 'store') {
        return;
      }
      const cookie = cookieOf(await shop.signIn(app, ADA));
      const ask = () => send(app, '/private', { headers: { accept: 'application/json', cookie } });
      expect((await ask()).status).toBe(200);
      wire.let('still');
      for (const seconds of [6, 6, 6]) {
        later(seconds);
        expect((await Promise.all([ask(), ask()])).map(({ status }) => status)).toEqual([200, 200]);
      }
    }, 40_000);

    test('OP-26 while one stands still, five hundred requests are answered soon, and all is well when it is back', async () => {
      const cookie = cookieOf(await shop.signIn(app, ADA));
      later(6);
      wire.let('still');
      const ask = () => send(app, '/private', { headers: { accept: 'application/json', cookie } });
      await ask();
      const { took } = await timed(() => Promise.all(Array.from({ length: 500 }, ask)));
      expect(took).toBeLessThan(LIMIT + 2000);
      later(400);
      expect((await ask()).status).toBe(503);
      wire.let('open');
      await vi.waitFor(async () => expect((await ask()).status).toBe(200), {
        timeout: 15_000,
        interval: 250,
      });
    }, 40_000);
  },
);

describe('patience with a store', () => {
  const never = () => new Promise<never>(() => {});
  const nobody = createDiagnostics({ secrets: [''], userIdsInEvents: 'hashed' });

  test.each(Object.keys(frameworks).slice(0, 1))(
    'OP-26 after a time-out one call at a time asks, and the others fail at once',
    async () => {
      let isBack = false;
      let calls = 0;
      const get = () => (calls++, isBack ? Promise.resolve('value') : never());
      const store = withTimeout({ get, set: never, delete: never }, nobody);
      await expect(store.get('id')).rejects.toMatchObject({ code: 'store_unavailable' });
      const { took } = await timed(() =>
        Promise.allSettled(Array.from({ length: 100 }, () => store.get('id'))),
      );
      expect([calls, took < 3000]).toEqual([2, true]);
      isBack = true;
      expect(await store.get('id')).toBe('value');
      expect((await Promise.all([store.get('id'), store.get('id')])).length).toBe(2);
      // What fails at once costs nobody time, and stops nobody.
      const failing = withTimeout(
        {
          get: () => Promise.reject(new Error('refused')),
          set: never,
          delete: never,
        },
        nobody,
      );
      for (let count = 0; count < 3; count++) {
        await expect(failing.get('id')).rejects.toThrow('store failed');
      }
    },
    15_000,
  );

  test('the words and the code of a store are the cause, and a fix is named where one is known', async () => {
    const away = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), {
      code: 'ECONNREFUSED',
    });
    const refused = withTimeout(
      { get: () => Promise.reject(away), set: never, delete: never },
      nobody,
    );
    await expect(refused.get('id')).rejects.toMatchObject({
      code: 'store_unavailable',
      reason: 'ECONNREFUSED',
      fix: expect.stringContaining('Start the store'),
      cause: { message: away.message, code: 'ECONNREFUSED' },
    });
    vi.useFakeTimers();
    const late = withTimeout({ get: never, set: never, delete: never }, nobody).get('id');
    const told = expect(late).rejects.toMatchObject({
      code: 'store_unavailable',
      reason: 'timeout',
      fix: expect.stringContaining('overloaded'),
    });
    await vi.advanceTimersByTimeAsync(3000);
    await told;
  });

  test('OP-26 calls at the same time count once, and each request has its own two seconds', async () => {
    const slow = (): Promise<undefined> =>
      new Promise((resolve) => setTimeout(() => resolve(undefined), 400));
    const base = withTimeout({ get: slow, set: slow, delete: slow }, nobody);
    const budgets = createStoreBudgets();
    const one = {};
    const two = {};
    const first = withBudget(budgets(one), base);
    await Promise.all(Array.from({ length: 20 }, () => first.get('id')));
    const { took } = await timed(() =>
      expect(
        (async () => {
          for (let count = 0; count < 5; count++) {
            await first.get('id');
          }
        })(),
      ).rejects.toMatchObject({ code: 'store_unavailable' }),
    );
    expect(took).toBeLessThan(2500);
    expect(budgets(one)).toBe(budgets(one));
    await withBudget(budgets(two), base).get('id');
  }, 15_000);

  test('OP-26 a process that was busy for longer takes answers that are there, and a quick store serves it to the end', async () => {
    const quick = (): Promise<undefined> =>
      new Promise((resolve) => setImmediate(() => resolve(undefined)));
    const store = withBudget(
      createStoreBudgets()({}),
      withTimeout({ get: quick, set: quick, delete: quick }, nobody),
    );
    const waiting = store.get('id');
    const end = performance.now() + 2200;
    while (performance.now() < end) {}
    expect(await waiting).toBeUndefined();
    for (let count = 0; count < 20; count++) {
      expect(await store.get('id')).toBeUndefined();
    }
  });
});
