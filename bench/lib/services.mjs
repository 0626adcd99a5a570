// Redis and Postgres, where they listen: REDIS_URL and DATABASE_URL, or the standard ports of this machine.

/** A connected client of Redis, or why there is none. */
export async function redis(url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379') {
  const { createClient } = await import('redis');
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 2_000 } });
  return client.on('error', () => {}).connect();
}

/** Sizes are measured here, not disks: a commit need not wait for one. */
const OPTIONS = '-c synchronous_commit=off';

/** A pool of Postgres connections that has answered once. */
export async function postgres(
  connectionString = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test',
) {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString,
    connectionTimeoutMillis: 2_000,
    options: OPTIONS,
  }).on('error', () => {});
  try {
    await pool.query('select 1');
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}
