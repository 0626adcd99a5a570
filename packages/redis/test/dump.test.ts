import { createEmulator } from '@kindling/emulator';
import type { SessionStore } from '@kindling/core';
import { migrate, postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { expect, test } from 'vitest';
import { frameworks, optionsFor, SITE } from '../../../test/kit/apps.js';
import { createBrowser } from '../../../test/kit/browser.js';
import { databaseUrl, hasPostgres, hasRedis, redisUrl } from '../../../test/kit/services.js';

/** Signs Ada in, and looks for her in everything that the store holds. */
async function signInAndDump(
  framework: string,
  store: SessionStore,
  dump: () => Promise<string[]>,
): Promise<void> {
  const emulator = await createEmulator({ siteUrl: SITE });
  const server = await frameworks[framework]!({ ...optionsFor(emulator), session: { store } });
  const browser = createBrowser(server, emulator);
  await browser.signIn('ada@example.com');
  expect((await browser.open('/me')).json().email).toBe('ada@example.com');
  const kept = await dump();
  expect(kept.join().length).toBeGreaterThan(1000);
  const ada = emulator.state.people.find(({ email }) => email === 'ada@example.com')!;
  const secrets = [
    'ada@example.com',
    'Ada',
    ada.id,
    'org_acme0rockets',
    'eyJhbGciOiJSUzI1NiI',
    'refresh_token',
    ...browser.jar.values(),
  ];
  for (const secret of secrets) {
    for (const text of kept) {
      expect(text).not.toContain(secret);
    }
  }
  server.close();
}

test.runIf(hasRedis)(
  'ST-19 a dump of Redis shows no session id, no token and no person',
  async () => {
    const prefix = `kindling-dump-${process.pid}:`;
    const client = await createClient({ url: redisUrl }).connect();
    const keysOf = async () => {
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
        found.push(...keys);
      }
      return found;
    };
    await signInAndDump('express', redisStore(client, { prefix }), async () => {
      const keys = await keysOf();
      const values = keys.map((key) =>
        key.endsWith(':group') ? client.zRange(key, 0, -1) : client.get(key),
      );
      return [
        ...keys.map((key) => key.slice(prefix.length)),
        ...(await Promise.all(values)).flat().map(String),
      ];
    });
    await client.del(await keysOf());
    client.destroy();
  },
);

test.runIf(hasPostgres)(
  'ST-19 a dump of Postgres shows no session id, no token and no person',
  async () => {
    const table = `kindling_dump_${process.pid}`;
    const pool = new Pool({ connectionString: databaseUrl });
    await migrate(pool, { table });
    await signInAndDump('fastify', postgresStore(pool, { table }), async () => {
      const sessions = await pool.query(`SELECT id, value FROM ${table}`);
      const groups = await pool.query(`SELECT group_id, id FROM ${table}_groups`);
      return [...sessions.rows, ...groups.rows].flatMap((row) => Object.values<string>(row));
    });
    await pool.query(`DROP TABLE ${table}, ${table}_groups`);
    await pool.end();
  },
);
