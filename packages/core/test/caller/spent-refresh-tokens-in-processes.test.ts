import type { Server } from 'node:http';
import type { Emulator } from '@kindling/emulator';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { remoteOptionsFor } from '../../../../test/kit/apps.js';
import { createBrowser } from '../../../../test/kit/browser.js';
import { NAVIGATION, send } from '../../../../test/kit/http.js';
import type { AppSpec, StoreSpec } from '../../../../test/kit/machine.js';
import {
  clearStores,
  createMachines,
  createReachableKinde,
  privateRedis,
  sharedStores,
} from '../../../../test/kit/machines.js';
import { hasRedisServerBinary } from '../../../../test/kit/services.js';
import { ADA } from '../../../../test/kit/renewals.js';

const TOKEN = '/oauth2/token';
/** Other things may run on this machine. */
const PATIENCE = 60_000;
vi.setConfig({ testTimeout: 120_000 });
/** Seconds, and longer than the lock of an earlier version lived. */
const TROUBLE = 6;
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** A store that can be read and takes nothing that is written. */
interface Frozen {
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

const stores = await sharedStores('spent');
const machines = await createMachines();
const hosts = [machines.start(), machines.start()];
const redis = hasRedisServerBinary ? await privateRedis() : undefined;
await redis?.start();
afterAll(async () => {
  machines.stop();
  await redis?.stop();
  await clearStores(stores);
});

/** As a primary without replicas is, after a network has parted. */
async function freezeRedis(url: string): Promise<Frozen> {
  const say = async (replicas: string) => {
    const client = await createClient({ url }).connect();
    await client.configSet('min-replicas-to-write', replicas);
    client.destroy();
  };
  return { freeze: () => say('1'), thaw: () => say('0') };
}

/** A table that somebody holds on to. */
async function freezePostgres(url: string, table: string): Promise<Frozen> {
  const pool = new Pool({ connectionString: url, max: 1 });
  const client = await pool.connect();
  return {
    async freeze() {
      await client.query(`BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE`);
    },
    async thaw() {
      await client.query('ROLLBACK');
      client.release();
      await pool.end();
    },
  };
}

const frozen: [string, StoreSpec, () => Promise<Frozen>][] = [];
if (redis) {
  const spec = { kind: 'redis', url: redis.url, prefix: 'spent:' } as const;
  frozen.push(['redis', spec, () => freezeRedis(spec.url)]);
}
const postgres = stores['postgres']?.spec;
if (postgres?.kind === 'postgres') {
  frozen.push(['postgres', postgres, () => freezePostgres(postgres.url, postgres.table)]);
}
if (frozen.length === 0) {
  console.warn('Neither Redis nor Postgres can be used here, so no store was frozen.');
}

let emulator: Emulator;
beforeEach(async () => {
  emulator = await createReachableKinde();
});
afterEach(() => emulator.close());
const calls = () => emulator.requests.filter(({ path }) => path === TOKEN).length;

/** Two processes, and people whose access tokens end in so many seconds. */
async function openSite(
  keep: AppSpec['keep'],
  store: StoreSpec,
  people: number,
  left: number,
  first = hosts[0]!,
) {
  const options = remoteOptionsFor(emulator);
  const servers = await Promise.all([
    first.serve({ framework: 'express', options, keep, store }),
    hosts[1]!.serve({ framework: 'fastify', options, keep, store }),
  ]);
  const [app] = emulator.state.applications;
  app!.tokens = { ...app!.tokens, accessTokenLifetime: 60 };
  emulator.clock.set(emulator.clock.now() + left - 60);
  const cookies: string[] = [];
  for (let person = 0; person < people; person++) {
    const browser = createBrowser(servers[0]!, emulator);
    await browser.signIn(ADA);
    cookies.push([...browser.jar].map(([name, value]) => `${name}=${value}`).join('; '));
  }
  emulator.clock.set(emulator.clock.now() + 60 - left);
  app!.tokens = { ...app!.tokens, accessTokenLifetime: 3600 };
  emulator.requests.length = 0;
  emulator.state.reuse = 0;
  const ask = (server: Server, cookie: string, path = '/private') =>
    send(server, path, { headers: { ...NAVIGATION, cookie } }).then((answer) =>
      path === '/fresh' && !answer.json().isAuthenticated ? 401 : answer.status,
    );
  return { first: servers[0]!, second: servers[1]!, cookies, ask };
}

describe.skipIf(frozen.length === 0)(
  'a store that takes nothing for longer than a lock lived',
  () => {
    const table = frozen.flatMap(([name, spec, freezer]) =>
      (['coordination', 'store'] as const).map((keep) => [keep, name, spec, freezer] as const),
    );
    test.each(table)(
      'OP-08 sessions kept as "%s" in %s: five renewals under way are lost to nobody, and no token is used twice',
      async (keep, _name, spec, freezer) => {
        const { first, second, cookies, ask } = await openSite(keep, spec, 5, -10);
        const { freeze, thaw } = await freezer();
        let isFrozen: Promise<void> | undefined;
        emulator.faults.always(TOKEN, async (_request, next) => {
          const response = await next();
          // They all have begun, and none can keep what it gets.
          await vi.waitFor(() => expect(calls()).toBe(5), PATIENCE);
          await (isFrozen ??= freeze());
          return response;
        });
        const renewing = Promise.all(cookies.map((cookie) => ask(first, cookie)));
        await vi.waitFor(() => expect(isFrozen).toBeDefined(), PATIENCE);
        emulator.faults.clear();
        const start = Date.now();
        expect(await renewing).toEqual([200, 200, 200, 200, 200]);
        while (Date.now() - start < TROUBLE * 1000) {
          expect(new Set(await Promise.all(cookies.map((cookie) => ask(second, cookie))))).toEqual(
            new Set([503]),
          );
          await pause(0.5);
        }
        await thaw();
        await vi.waitFor(
          async () =>
            expect(await Promise.all(cookies.map((cookie) => ask(second, cookie)))).toEqual([
              200, 200, 200, 200, 200,
            ]),
          PATIENCE,
        );
        expect([calls(), emulator.state.reuse]).toEqual([5, 0]);
      },
    );
  },
);

describe('whoever renews is killed after Kinde has answered', () => {
  const [name] = Object.keys(stores).reverse();
  const { spec } = stores['redis'] ?? stores[name!]!;

  test.each(['coordination', 'store'] as const)(
    'OP-08 sessions kept as "%s": the living token counts, nobody spends the other one again, and after its end one tries',
    async (keep) => {
      const holder = machines.start();
      const left = 12;
      const { first, second, cookies, ask } = await openSite(keep, spec, 1, left, holder);
      const over = Date.now() + left * 1000;
      const [cookie] = cookies;
      // The overlap shows whether one, and only one, tries in the end.
      emulator.state.overlap = 600;
      emulator.faults.once(
        TOKEN,
        async (_request, next) => (await next(), new Promise<never>(() => {})),
      );
      ask(first, cookie!, '/fresh').catch(() => {});
      await vi.waitFor(() => expect(calls()).toBe(1), PATIENCE);
      holder.signal('SIGKILL');
      let served = 0;
      while (Date.now() < over - 2000) {
        const status = await ask(second, cookie!, '/fresh');
        if (Date.now() >= over - 1000) {
          break;
        }
        expect([status, calls()]).toEqual([200, 1]);
        served += 1;
        await pause(0.5);
      }
      expect(served).toBeGreaterThan(0);
      await pause((over - Date.now()) / 1000 + 0.5);
      const answers = async () =>
        new Set(await Promise.all(Array.from({ length: 10 }, () => ask(second, cookie!))));
      await vi.waitFor(async () => expect(await answers()).toEqual(new Set([200])), PATIENCE);
      expect([calls(), emulator.state.reuse]).toEqual([2, 1]);
    },
  );
});
