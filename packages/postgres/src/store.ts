import { explaining } from './explain.js';
import { tablesOf, type Pool, type TableOptions } from './table.js';

/** A `SessionStore` of `@kindling/core`, with all of its optional methods. Each rejects where Postgres fails, and says what to do. */
export interface PostgresStore {
  /** Reads the value last set under this id; `undefined` when there is none or it expired. */
  get(id: string): Promise<string | undefined>;
  /** Keeps `value` for `maxAge` seconds. */
  set(id: string, value: string, maxAge: number): Promise<void>;
  /** Deletes the value. */
  delete(id: string): Promise<void>;
  /** Replaces the value in one step if it is `from`, for `maxAge` seconds; returns whether it did. `undefined` stands for none. */
  compareAndSet(
    id: string,
    from: string | undefined,
    change: { to: string | undefined; maxAge: number },
  ): Promise<boolean>;
  /** Adds an id to a group, for `maxAge` seconds from now. */
  addToGroup(group: string, id: string, maxAge: number): Promise<void>;
  /** Lists the ids of a group that have not expired. */
  groupMembers(group: string): Promise<string[]>;
}

/**
 * Creates a store that keeps sessions in Postgres, for any number of instances. The pool is yours: this store neither opens
 * nor closes it. Every operation is one statement with parameters and needs no state of its connection, so any connection
 * pooler may stand in between.
 * @example const store = postgresStore(new Pool({ connectionString }));
 * @throws TypeError for a table whose name is no identifier.
 */
export function postgresStore(given: Pool, options: TableOptions = {}): PostgresStore {
  const tables = tablesOf(options);
  const { sessions, groups } = tables;
  const pool = explaining(given, tables);
  const rowsOf: Rows = async (text, values) => {
    const { rows } = await pool.query(text, values);
    return rows;
  };
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
      const { text, values } = comparison(sessions, { id: checked(id), from, to, maxAge });
      const rows = await rowsOf(text, values);
      return rows.length === 1;
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

type Rows = (text: string, values: unknown[]) => Promise<unknown[]>;

/** A statement with its parameters. */
interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/** The arguments of `compareAndSet`. */
interface Comparison {
  readonly id: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly maxAge: number;
}

/**
 * Builds a statement that returns one row if it applies. Postgres reads a row again after it had to wait for its lock, so
 * each of these decides by the value at the time of the change.
 */
function comparison(sessions: string, { id, from, to, maxAge }: Comparison): Statement {
  if (from === undefined && to === undefined) {
    return {
      text: `SELECT 1 WHERE NOT EXISTS (SELECT FROM ${sessions} WHERE id = $1 AND ${ALIVE})`,
      values: [id],
    };
  }
  if (from === undefined) {
    return {
      text: `INSERT INTO ${sessions} AS old (id, value, expires_at) VALUES ($1, $2, ${until(3)})
             ON CONFLICT (id) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
             WHERE old.expires_at <= now() RETURNING 1`,
      values: [id, to, maxAge],
    };
  }
  if (to === undefined) {
    return {
      text: `DELETE FROM ${sessions} WHERE id = $1 AND value = $2 AND ${ALIVE} RETURNING 1`,
      values: [id, from],
    };
  }
  return {
    text: `UPDATE ${sessions} SET value = $3, expires_at = ${until(4)}
           WHERE id = $1 AND value = $2 AND ${ALIVE} RETURNING 1`,
    values: [id, from, to, maxAge],
  };
}

/** The clock of the server decides everywhere, since those of instances differ. */
const ALIVE = 'expires_at > now()';

function until(parameter: number): string {
  return `now() + make_interval(secs => $${parameter}::float8)`;
}

/** Checks for an id, which is a hash. Other text was never stored, and Postgres refuses some of it with an error (NUL). */
function isId(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:~-]{1,256}$/.test(id);
}

function checked(id: string): string {
  if (!isId(id)) {
    throw new TypeError('The session id has characters that no id has.');
  }
  return id;
}

function textOf(row: unknown, column: string): string {
  const text = (row as Record<string, unknown> | null)?.[column];
  if (typeof text !== 'string') {
    throw new TypeError('Postgres returned an unexpected type.');
  }
  return text;
}
