import { tablesOf, type Pool, type TableOptions } from './table.js';

/** What to prune, and in which steps. */
export interface PruneOptions extends TableOptions {
  /** Rows removed by one statement, so that none holds its locks for long. @default 1000 */
  batch?: number;
}

/**
 * Removes rows whose time is over, which nobody sees any more but which take up space, and answers how many. Call it now
 * and then; any number of processes may do so at once.
 * @throws TypeError when the table is not named like an identifier, or `batch` is not a whole number above 0.
 */
export async function prune(pool: Pool, given: PruneOptions = {}): Promise<number> {
  const { batch = 1000, ...options }: PruneOptions = { __proto__: null, ...given } as PruneOptions;
  const { sessions, groups } = tablesOf(options);
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
      // Rows that another process is at are skipped: whoever waits for none cannot be in a dead-lock.
      ({ rows } = await pool.query(
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
