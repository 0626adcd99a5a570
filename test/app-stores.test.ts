import { createEmulator } from '@kindling/emulator';
import pg from 'pg';
import { createClient } from 'redis';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createApp } from '../apps/fastify-todos/src/app.js';
import { sessionsFromEnv } from '../apps/fastify-todos/src/store.js';
import { optionsFor, SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { databaseUrl, hasPostgres, hasRedis, redisUrl } from './kit/services.js';

/** A schema of its own, so that the app's table is nobody else's. */
const schema = `todos_${process.pid}`;
const inSchema = new URL(databaseUrl);
inSchema.searchParams.set('options', `-csearch_path=${schema}`);

async function keysInRedis(): Promise<string[]> {
  const client = await createClient({ url: redisUrl }).connect();
  const keys = await client.keys('kinde:*');
  client.destroy();
  return keys;
}

async function rowsInPostgres(): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: inSchema.href });
  await client.connect();
  const { rows } = await client.query('select * from kinde_sessions');
  await client.end();
  return rows as unknown[];
}

async function inDatabase(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(statement);
  await client.end();
}

afterAll(async () => {
  if (hasPostgres) {
    await inDatabase(`drop schema if exists ${schema} cascade`);
  }
});

/** Signs in twice, with another instance of the app in between, and out everywhere. */
async function liveThrough(
  env: NodeJS.ProcessEnv,
  stored: () => Promise<unknown[]>,
): Promise<void> {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  const before = (await stored().catch(() => [])).length;
  const start = async () => {
    const { session, close } = await sessionsFromEnv(env);
    const app = await createApp({ ...optionsFor(emulator), session });
    app.addHook('onClose', close);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return app;
  };
  const first = await start();
  const ada = createBrowser(first.server, emulator);
  await ada.signIn('ada@example.com', '/login', 'org_acme0rockets');
  expect((await ada.open('/todos')).status).toBe(200);
  const kept = await stored();
  expect(kept.length).toBeGreaterThan(before);
  expect(JSON.stringify(kept)).not.toMatch(/eyJhbGciOiJSUzI1NiI|ada@/);
  await first.close();

  const second = await start();
  const later = createBrowser(second.server, emulator);
  for (const [name, value] of ada.jar) {
    later.jar.set(name, value);
  }
  // The app listens before its client of Redis is connected, and answers 503 until then.
  await vi.waitFor(
    async () => expect((await later.open('/sessions')).status).not.toBe(503),
    10_000,
  );
  expect((await later.open('/sessions')).body).toContain('this one');
  await later.open('/sessions/end-all', { method: 'POST' });
  expect((await later.open('/api/todos', { headers: { accept: 'application/json' } })).status).toBe(
    401,
  );
  await second.close();
}

describe('the Fastify example app', () => {
  test.skipIf(!hasRedis)('keeps sessions in Redis, through a restart, where REDIS_URL is set', () =>
    liveThrough({ REDIS_URL: redisUrl }, keysInRedis),
  );

  test.skipIf(!hasPostgres)(
    'keeps sessions in Postgres, through a restart, where DATABASE_URL is set',
    async () => {
      await inDatabase(`create schema ${schema}`);
      await liveThrough({ DATABASE_URL: inSchema.href }, rowsInPostgres);
    },
  );
});
