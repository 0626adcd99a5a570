import { randomBytes } from 'node:crypto';
import { migrate } from '@kindling/postgres';
import { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  databaseUrl,
  freePort,
  hasPostgres,
  hasRedisServerBinary,
  startRedis,
  type Service,
} from '../../../test/kit/services.js';
import { diagnose, type DiagnoseOptions } from '../src/index.js';

/** What is found about a store, with no Kinde beside it. It shows neither user nor password. */
async function store(
  check: 'redis' | 'postgres',
  env: Record<string, string>,
  options: DiagnoseOptions = {},
) {
  const { findings } = await diagnose({ env, ...options });
  const found = findings.filter((one) => one.check === check);
  for (const url of [env['REDIS_URL'], env['DATABASE_URL']]) {
    const { username, password } = new URL(url ?? 'redis://localhost');
    for (const part of [username, password].filter((one) => one.length > 8)) {
      expect(JSON.stringify(found)).not.toContain(decodeURIComponent(part));
    }
  }
  return found;
}

const like = (outcome: string, detail: RegExp, fix = /^/) => [
  expect.objectContaining({
    outcome,
    detail: expect.stringMatching(detail),
    ...(outcome !== 'ok' && { fix: expect.stringMatching(fix) }),
  }),
];

describe.runIf(hasRedisServerBinary)('Redis', () => {
  const PASSWORD = 'a pass: word@with%signs';
  let evicting: Service;
  let keeping: Service;
  beforeAll(async () => {
    evicting = await startRedis('--maxmemory-policy', 'volatile-lru');
    keeping = await startRedis('--requirepass', PASSWORD);
  });
  afterAll(async () => {
    await evicting.stop();
    await keeping.stop();
  });
  const at = (port: number, userinfo = '') => `redis://${userinfo}127.0.0.1:${port}/2`;
  const encoded = encodeURIComponent(PASSWORD);

  test('that evicts sessions is a warning, and a failure where SESSION_TYPE is redis', async () => {
    const env = { REDIS_URL: at(evicting.port) };
    const words = [/maxmemory-policy volatile-lru.*signs users out/, /noeviction/] as const;
    expect(await store('redis', env)).toEqual(like('warning', ...words));
    expect(await store('redis', { ...env, SESSION_TYPE: 'redis' })).toEqual(
      like('failed', ...words),
    );
  });

  test('that keeps sessions is fine, by any form of credentials', async () => {
    for (const userinfo of [`:${encoded}@`, `default:${encoded}@`]) {
      const found = await store('redis', { REDIS_URL: at(keeping.port, userinfo) });
      expect(found).toEqual(like('ok', /does not evict sessions/));
    }
  });

  test('that refuses the credentials says so', async () => {
    const none = await store('redis', { REDIS_URL: at(keeping.port) });
    const wrong = await store('redis', { REDIS_URL: at(keeping.port, 'default:wrong-password@') });
    expect(none).toEqual(like('warning', /NOAUTH/, /REDIS_URL/));
    expect(wrong).toEqual(like('warning', /WRONGPASS/, /REDIS_URL/));
  });

  test('that does not run is told by host and port', async () => {
    const port = await freePort();
    const found = await store('redis', { REDIS_URL: at(port, 'somebody-else:some-password@') });
    expect(found).toEqual(like('warning', new RegExp(`^127.0.0.1:${port} .*ECONNREFUSED`)));
  });
});

test('a URL of something else is told', async () => {
  const redis = await store('redis', { REDIS_URL: 'https://redis.example' });
  expect(redis).toEqual(like('warning', /not a URL of Redis/, /rediss:/));
  const postgres = await store('postgres', { DATABASE_URL: 'mysql://localhost/todos' });
  expect(postgres).toEqual([expect.objectContaining({ outcome: 'skipped' })]);
});

describe.runIf(hasPostgres)('Postgres', () => {
  const table = `doctor_${randomBytes(6).toString('hex')}`;
  const env = { DATABASE_URL: databaseUrl };
  const pool = new Pool({ connectionString: databaseUrl });
  afterAll(async () => {
    await pool.query(`DROP TABLE IF EXISTS ${table}, ${table}_groups`);
    await pool.end();
  });

  test('without the tables is told, with the command that creates them; with them it is fine', async () => {
    const before = await store('postgres', env, { table });
    expect(before).toEqual(
      like(
        'failed',
        new RegExp(`${table} and ${table}_groups do not exist`),
        new RegExp(`npx @kindling/postgres --table ${table}`),
      ),
    );
    await migrate(pool, { table });
    const after = await store('postgres', env, { table });
    expect(after).toEqual(like('ok', new RegExp(`${table} and ${table}_groups exist`)));
  });

  test('with other tables is a warning where sessions may be elsewhere', async () => {
    const url = new URL(databaseUrl);
    url.pathname = '/postgres';
    const empty = { DATABASE_URL: url.href };
    expect(await store('postgres', empty)).toEqual(like('warning', /kinde_sessions/, /--table/));
    expect(await store('postgres', { ...empty, SESSION_TYPE: 'postgres' })).toEqual(
      like('failed', /kinde_sessions/),
    );
  });

  test('that has no such database, or does not run, is told by host and port', async () => {
    const url = new URL(databaseUrl);
    url.pathname = '/nowhere';
    const missing = await store('postgres', { DATABASE_URL: url.href });
    expect(missing).toEqual(like('warning', /database does not exist \(3D000\)/, /DATABASE_URL/));
    const away = `postgres://somebody-else:some-password@127.0.0.1:${await freePort()}/todos`;
    const found = await store('postgres', { DATABASE_URL: away });
    expect(found).toEqual(like('warning', /^127\.0\.0\.1:\d+ .*ECONNREFUSED/));
  });
});
