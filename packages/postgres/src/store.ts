import { tablesOf, type Pool, type TableOptions } from './table.js';

/** Sessions in Postgres. Fits the `SessionStore` of `@kindling/core`, with everything that is optional there. Times are seconds. */
export interface PostgresStore {
  /** The value last set under this id, or `undefined` when there is none or its time is over. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Forgets the value. */
  delete(id: string): Promise<void>;
  /** In one step: if the value is `from` (`undefined`: none), makes it `to` for `maxAge` seconds, and answers whether it did. */
  compareAndSet(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /** Adds an id to a group, for `maxAge` seconds from now. */
  addToGroup(group: string, id: string, maxAge: number): Promise<void>;
  /** Ids of a group whose time is not over. */
  groupMembers(group: string): Promise<string[]>;
}

/**
 * Keeps sessions in Postgres, for any number of machines. The pool is yours: this store neither opens nor closes it. Every
 * operation is one statement with parameters and needs nothing of its connection, so any pooler may stand in between.
 * @example const store = postgresStore(new Pool({ connectionString }));
 * @throws TypeError when the table is not named like an identifier.
 */
export function postgresStore(pool: Pool, options: TableOptions = {}): PostgresStore {
  const { sessions, groups } = tablesOf(options);
  const rowsOf = async (text: string, values: unknown[]) => (await pool.query(text, values)).rows;
  const one = async (text: string, values: unknown[]) => (await rowsOf(text, values)).length === 1;
  return {
    async get(id) {
      if (!isId(id)) {
        return undefined;
      }
      const rows = await rowsOf(`SELECT value FROM ${sessions} WHERE id = $1 AND ${ALIVE}`, [id]);
      return rows.map((row) => textOf(row, 'value'))[0];
    },
    async set(id, value, maxAge) {
      await pool.query(
        `INSERT INTO ${sessions} (id, value, expires_at) VALUES ($1, $2, ${until(3)})
         ON CONFLICT (id) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
        [checked(id), value, maxAge],
      );
    },
    async delete(id) {
      if (isId(id)) {
        await pool.query(`DELETE FROM ${sessions} WHERE id = $1`, [id]);
      }
    },
    async compareAndSet(id, from, { to, maxAge }) {
      checked(id);
      // Postgres looks again at a row it had to wait for, so each of these decides by what is there when it acts.
      if (from === undefined && to === undefined) {
        return one(
          `SELECT 1 WHERE NOT EXISTS (SELECT FROM ${sessions} WHERE id = $1 AND ${ALIVE})`,
          [id],
        );
      }
      if (from === undefined) {
        return one(
          `INSERT INTO ${sessions} AS old (id, value, expires_at) VALUES ($1, $2, ${until(3)})
           ON CONFLICT (id) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
           WHERE old.expires_at <= now() RETURNING 1`,
          [id, to, maxAge],
        );
      }
      if (to === undefined) {
        return one(
          `DELETE FROM ${sessions} WHERE id = $1 AND value = $2 AND ${ALIVE} RETURNING 1`,
          [id, from],
        );
      }
      return one(
        `UPDATE ${sessions} SET value = $3, expires_at = ${until(4)}
         WHERE id = $1 AND value = $2 AND ${ALIVE} RETURNING 1`,
        [id, from, to, maxAge],
      );
    },
    async addToGroup(group, id, maxAge) {
      await pool.query(
        `INSERT INTO ${groups} (group_id, id, expires_at) VALUES ($1, $2, ${until(3)})
         ON CONFLICT (group_id, id) DO UPDATE SET expires_at = excluded.expires_at`,
        [checked(group), checked(id), maxAge],
      );
    },
    async groupMembers(group) {
      if (!isId(group)) {
        return [];
      }
      const rows = await rowsOf(`SELECT id FROM ${groups} WHERE group_id = $1 AND ${ALIVE}`, [
        group,
      ]);
      return rows.map((row) => textOf(row, 'id'));
    },
  };
}

/** The server's time decides, everywhere: clocks of machines differ. */
const ALIVE = 'expires_at > now()';
function until(parameter: number) {
  return `now() + make_interval(secs => $${parameter}::float8)`;
}

/** Ids are hashes. Whatever else arrives here was never stored, and Postgres refuses some of it with an error (NUL). */
function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id);
}

function checked(id: string): string {
  if (!isId(id)) {
    throw new TypeError('A session id has other characters than expected.');
  }
  return id;
}

function textOf(row: unknown, column: string): string {
  const text = (row as Record<string, unknown> | null)?.[column];
  if (typeof text !== 'string') {
    throw new TypeError('Postgres answered with another type than expected.');
  }
  return text;
}
