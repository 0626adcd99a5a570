import { explaining } from './explain.js';
import { tablesOf, type Pool, type TableOptions } from './table.js';

/** Options of `prune`. */
export interface PruneOptions extends TableOptions {
  /** Rows that one statement removes. Fewer hold locks for a shorter time. @default 1000 */
  batch?: number;
}

/**
 * Removes expired rows, which are never read but take up space, and returns how many. Call it regularly; any number of
 * processes may do so at once.
 * @throws TypeError for a table whose name is no identifier, or a `batch` that is not a whole number above 0.
 */
export async function prune(pool: Pool, given: PruneOptions = {}): Promise<number> {
  const { batch = 1000, ...options }: PruneOptions = { __proto__: null, ...given } as PruneOptions;
  const tables = tablesOf(options);
  const { sessions, groups } = tables;
  if (!Number.isSafeInteger(batch) || batch < 1) {
    throw new TypeError('batch must be a whole number above 0.');
  }
  let removed = 0;
  for (const [table, key] of [
    [sessions, 'id'],
    [groups, 'group_id, id'],
  ] as const) {
    let rows: unknown[];
    do {
      // Rows that another process removes are skipped, so that there is no deadlock.
      ({ rows } = await explaining(pool, tables).query(
        `WITH old AS MATERIALIZED (
           SELECT ${key} FROM ${table} WHERE expires_at <= now() ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
         )
         DELETE FROM ${table} WHERE (${key}) IN (SELECT ${key} FROM old) AND expires_at <= now() RETURNING 1`,
        [batch],
      ));
      removed += rows.length;
    } while (rows.length === batch);
  }
  return removed;
}
