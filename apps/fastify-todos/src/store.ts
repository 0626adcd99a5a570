import { memoryStore, type SessionOptions } from '@kindling/fastify';
import { migrate, postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import pg from 'pg';
import { createClient } from 'redis';

/** Where sessions are kept, and how to let go of it. */
export interface Sessions {
  readonly session: SessionOptions;
  close(): Promise<unknown>;
}

/** Redis where `REDIS_URL` is set, Postgres where `DATABASE_URL` is; else cookies, and what is known of them in memory. */
export async function sessionsFromEnv(env = process.env): Promise<Sessions> {
  const { REDIS_URL: redisUrl, DATABASE_URL: connectionString } = env;
  if (redisUrl) {
    const log = ({ message }: Error) => console.error(message);
    const client = createClient({ url: redisUrl, disableOfflineQueue: true }).on('error', log);
    // Not awaited: the app starts without Redis, too.
    client.connect().catch(log);
    return { session: { store: redisStore(client) }, close: () => client.close() };
  }
  if (connectionString) {
    const pool = new pg.Pool({
      connectionString,
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
    });
    pool.on('error', ({ message }) => console.error(message));
    await migrate(pool);
    return { session: { store: postgresStore(pool) }, close: () => pool.end() };
  }
  return { session: { coordination: memoryStore() }, close: async () => {} };
}
