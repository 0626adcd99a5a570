// Tries the installed @kindling/postgres: a session through a pool of the shape that the package `pg` has.
import assert from 'node:assert/strict';
import { migration, postgresStore, type Pool, type PostgresStore } from '@kindling/postgres';

export async function trial(): Promise<void> {
  const asked: string[] = [];
  const pool: Pool = {
    query: async (text) => {
      asked.push(text);
      return { rows: [] };
    },
  };
  const store: PostgresStore = postgresStore(pool, { table: 'trial_sessions' });
  assert.equal(await store.get('an-id'), undefined);
  assert.match(asked[0] ?? '', /"trial_sessions"/);
  assert.match(migration({ table: 'trial_sessions' }), /create table/i);
  assert.throws(() => postgresStore(pool, { table: 'a; drop' }), TypeError);
}
