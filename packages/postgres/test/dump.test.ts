import { migrate, postgresStore } from '@kindling/postgres';
import { Pool } from 'pg';
import { test } from 'vitest';
import { signInAndDump } from '../../../test/kit/dump.js';
import { databaseUrl, hasPostgres } from '../../../test/kit/services.js';

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
