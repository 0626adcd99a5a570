import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SessionStore } from '@kindling/core';
import { conformance } from '@kindling/core/conformance';
import { migrate, migration, postgresStore, prune, type PostgresStore } from '@kindling/postgres';
import pg from 'pg';
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  databaseUrl,
  freePort,
  hasPostgres,
  pgbouncerBinary,
  started,
  type Service,
} from '../../../test/kit/services.js';
import { expectRefused } from '../../../test/kit/hostile-ids.js';

test('the Postgres store is a session store with everything that is optional', () => {
  expectTypeOf<PostgresStore>().toExtend<Required<SessionStore>>();
  expectTypeOf(pg.Pool.prototype).toExtend<Parameters<typeof postgresStore>[0]>();
});

test('ST-18 a table that is not a plain name is refused before any SQL is made of it', async () => {
  const pool = { query: () => expect.unreachable() };
  const names = [
    's; DROP TABLE x',
    '"s"',
    'a.b.c',
    '',
    ' s',
    's ',
    '1s',
    'é',
    's\u0000',
    's--',
    `${'x'.repeat(45)}`,
  ];
  for (const table of [...names, null as never, ['s'] as never]) {
    expect(() => postgresStore(pool, { table })).toThrow(TypeError);
    expect(() => migration({ table })).toThrow(TypeError);
    await expect(migrate(pool, { table })).rejects.toThrow(TypeError);
    await expect(prune(pool, { table })).rejects.toThrow(TypeError);
  }
  for (const batch of [0, -1, 1.5, Number.NaN]) {
    await expect(prune(pool, { batch })).rejects.toThrow('batch');
  }
});

test('kindling-postgres prints the migration, and says what is wrong with a name', async () => {
  const run = (...words: string[]) =>
    promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      'packages/postgres/src/cli.ts',
      ...words,
    ]);
  expect((await run('--table', 'app.sessions')).stdout).toBe(migration({ table: 'app.sessions' }));
  expect((await run('--help')).stdout).toContain('--table');
  for (const words of [
    ['--table', 's; DROP TABLE x'],
    ['--tabel', 'x'],
  ]) {
    await expect(run(...words)).rejects.toMatchObject({ code: 1, stdout: '' });
  }
});

describe.runIf(hasPostgres)('on Postgres', async () => {
  const schema = `kindling_stores_${process.pid}`;
  const pools: pg.Pool[] = [];
  const poolOf = (options: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, ...options });
    pools.push(pool);
    return pool;
  };
  const pool = poolOf();
  if (hasPostgres) {
    await pool.query(`CREATE SCHEMA ${schema}`);
  }
  const services: Service[] = [];
  afterAll(async () => {
    await pool.query(`DROP SCHEMA ${schema} CASCADE`);
    await Promise.all(pools.map((one) => one.end()));
    for (const service of services) {
      await service.stop();
    }
  });
  const tableOf = async (name: string) => {
    await migrate(pool, { table: `${schema}.${name}` });
    return { table: `${schema}.${name}` };
  };
  const count = async ({ table }: { table: string }) =>
    Number((await pool.query(`SELECT count(*) FROM ${table}`)).rows[0].count);

  test('four processes migrate at once, again and again', async () => {
    const four = Array.from({ length: 4 }, () => poolOf({ max: 1 }));
    for (let round = 0; round < 10; round++) {
      await Promise.all(four.map((one) => migrate(one, { table: `${schema}.round${round}` })));
    }
    const store = postgresStore(pool, { table: `${schema}.round0` });
    await store.set('id', 'kept', 50);
    await pool.query(migration({ table: `${schema}.round0` }));
    expect(await store.get('id')).toBe('kept');
  });

  test('ST-20 four processes prune at once: no dead-lock, and no live session is lost', async () => {
    const options = await tableOf('pruned');
    await pool.query(`INSERT INTO ${options.table} (id, value, expires_at)
      SELECT 'over' || n, 'v', now() - n * interval '1 second' FROM generate_series(1, 5000) n`);
    await pool.query(`INSERT INTO ${options.table}_groups (group_id, id, expires_at)
      SELECT 'g' || n % 7, n, now() - interval '1 second' FROM generate_series(1, 3000) n`);
    const store = postgresStore(pool, options);
    const ids = Array.from({ length: 300 }, (_, index) => `over${index * 16 + 1}`);
    const [removed] = await Promise.all([
      Promise.all(Array.from({ length: 4 }, () => prune(pool, { ...options, batch: 100 }))),
      // Sessions come to life while their old rows are removed.
      Promise.all(ids.map((id) => store.set(id, 'alive', 100))),
      store.addToGroup('g0', '7', 100),
    ]);
    expect(removed.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(7000);
    await prune(pool, options);
    expect(await count(options)).toBe(300);
    expect(new Set(await Promise.all(ids.map((id) => store.get(id))))).toEqual(new Set(['alive']));
    expect(await store.groupMembers('g0')).toEqual(['7']);
    expect(await count({ table: `${options.table}_groups` })).toBe(1);
  });

  test('ST-17 ST-22 ids that no hash looks like find nothing, and the pool goes on', async () => {
    const options = await tableOf('hostile');
    const store = postgresStore(pool, options);
    await store.set('mine', 'mine', 50);
    for (const id of [
      "x'; DROP TABLE sessions;--",
      'a\u0000b',
      '',
      "' OR '1'='1",
      'x'.repeat(1000),
      {} as string,
    ]) {
      await expectRefused(store, id);
    }
    for (const maxAge of [Number.NaN, Infinity]) {
      await expect(store.set('id', 'v', maxAge)).rejects.toThrow('interval');
    }
    await expect(store.set('id', 'a\u0000b', 5)).rejects.toMatchObject({ code: '22021' });
    expect([await store.get('mine'), await count(options)]).toEqual(['mine', 1]);
  });

  test('ST-09 a server that is read-only, or whose disk is full, rejects what would be new', async () => {
    const options = await tableOf('full');
    const readonly = postgresStore(
      poolOf({ options: '-c default_transaction_read_only=on' }),
      options,
    );
    await expect(readonly.set('id', 'v', 5)).rejects.toMatchObject({ code: '25006' });
    await expect(
      readonly.compareAndSet('id', undefined, { to: 'v', maxAge: 5 }),
    ).rejects.toMatchObject({
      code: '25006',
    });
    expect(await readonly.get('id')).toBeUndefined();
    await pool.query(`CREATE FUNCTION ${schema}.fill_up() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN RAISE 'No space left on device' USING ERRCODE = '53100'; END $$`);
    await pool.query(
      `CREATE TRIGGER fill_up BEFORE INSERT ON ${options.table} EXECUTE FUNCTION ${schema}.fill_up()`,
    );
    await expect(postgresStore(pool, options).set('id', 'v', 5)).rejects.toMatchObject({
      code: '53100',
    });
  });

  test('a table that is missing, and a role that may not use it, are told with what to run', async () => {
    const table = `${schema}.unmigrated`;
    const store = postgresStore(pool, { table });
    const missing = {
      code: '42P01',
      message: expect.stringContaining(`npx @kindling/postgres --table ${table}`),
      cause: expect.objectContaining({ message: expect.stringContaining('does not exist') }),
    };
    await expect(store.get('id')).rejects.toMatchObject(missing);
    await expect(store.addToGroup('group', 'id', 5)).rejects.toMatchObject(missing);
    await expect(prune(pool, { table })).rejects.toMatchObject(missing);
    await expect(migrate(pool, { table: 'kindling_no_schema.x' })).rejects.toThrow('CREATE SCHEMA');

    const role = `kindling_stranger_${process.pid}`;
    const options = await tableOf('foreign');
    await pool.query(`CREATE ROLE ${role} LOGIN`);
    try {
      await pool.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
      const stranger = poolOf({ options: `-c role=${role}` });
      await expect(postgresStore(stranger, options).set('id', 'v', 5)).rejects.toMatchObject({
        code: '42501',
        message: expect.stringContaining('GRANT SELECT'),
      });
    } finally {
      await pool.query(`DROP OWNED BY ${role}`);
      await pool.query(`DROP ROLE ${role}`);
    }
  });

  test('a pool that cannot connect says which part of its address is wrong', async () => {
    const url = (change: Partial<URL>) => Object.assign(new URL(databaseUrl), change).href;
    const messageOf = async (given: pg.PoolConfig) => {
      const error = await postgresStore(poolOf(given))
        .get('id')
        .catch((reason: unknown) => reason);
      return (error as Error).message;
    };
    const nowhere = { hostname: 'localhost', port: String(await freePort()) };
    expect(await messageOf({ connectionString: url(nowhere) })).toContain('start Postgres');
    expect(await messageOf({ connectionString: url({ pathname: '/kindling_none' }) })).toContain(
      'database does not exist',
    );
    const closed = new pg.Pool({ connectionString: databaseUrl });
    await closed.end();
    await expect(postgresStore(closed).get('id')).rejects.toThrow('pool.end()');
  });

  test('ST-14 a session that is deleted while a request prolongs it does not come back, 1,000 times', async () => {
    const store = postgresStore(pool, await tableOf('raced'));
    for (let run = 0; run < 1000; run++) {
      await store.set(`race${run}`, 'old', 50);
      await Promise.all([
        store.compareAndSet(`race${run}`, 'old', { to: 'new', maxAge: 50 }),
        store.delete(`race${run}`),
      ]);
      expect(await store.get(`race${run}`)).toBeUndefined();
    }
  });

  test('an answer of another type never becomes a session', async () => {
    const bytes = { query: async () => ({ rows: [{ value: Buffer.from('text') }] }) };
    await expect(postgresStore(bytes).get('id')).rejects.toThrow('an unexpected type');
  });

  describe('needs nothing of its connection', async () => {
    const options = hasPostgres ? await tableOf('pooled') : {};
    const forgetful = {
      async query(text: string, values?: unknown[]) {
        const client = await pool.connect();
        try {
          await client.query('DISCARD ALL');
          return await client.query(text, values);
        } finally {
          client.release();
        }
      },
    };
    for (const { name, run } of conformance) {
      test.concurrent(`each statement on a connection that forgot everything: ${name}`, () =>
        run(() => postgresStore(forgetful, options)),
      );
    }
  });

  describe.runIf(pgbouncerBinary)(
    'behind PgBouncer, which changes connections with every transaction',
    async () => {
      const options = hasPostgres ? await tableOf('bounced') : {};
      const service = pgbouncerBinary && hasPostgres ? await startPgbouncer() : undefined;
      if (service) {
        services.push(service);
      }
      const bounced = poolOf({
        connectionString: `postgres://bounced@127.0.0.1:${service?.port}/sessions`,
        max: 20,
      });
      test('twenty connections share three', async () => {
        const pids = Array.from({ length: 20 }, () =>
          bounced.query('SELECT pg_backend_pid() AS pid, pg_sleep(0.01)'),
        );
        expect(
          new Set((await Promise.all(pids)).map(({ rows }) => rows[0].pid)).size,
        ).toBeLessThanOrEqual(3);
        expect(bounced.totalCount).toBe(20);
      });
      for (const { name, run } of conformance) {
        test.concurrent(`still true: ${name}`, () => run(() => postgresStore(bounced, options)));
      }
      test.concurrent('four migrate and prune at once', async () => {
        await Promise.all(
          [1, 2, 3, 4].map(() => migrate(bounced, { table: `${schema}.bouncing` })),
        );
        await Promise.all([1, 2, 3, 4].map(() => prune(bounced, { table: `${schema}.bouncing` })));
      });
    },
  );
});

/** Three connections to the server for any number of clients. It refuses to run as root. */
async function startPgbouncer(): Promise<Service> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = mkdtempSync(join(tmpdir(), 'kindling-pgbouncer-'));
  const listen = await freePort();
  const login = `user=${username || 'postgres'}${password && ` password=${password}`}`;
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(
    file,
    `[databases]
sessions = host=${hostname} port=${port || 5432} dbname=${pathname.slice(1)} ${login}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
`,
  );
  chmodSync(folder, 0o755);
  const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  return started(spawn(pgbouncerBinary!, [file], { stdio: 'ignore', ...user }), listen, () =>
    rmSync(folder, { recursive: true, force: true }),
  );
}
