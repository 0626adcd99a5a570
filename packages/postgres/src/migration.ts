import { explaining } from './explain.js';
import { tablesOf, type Pool, type TableOptions } from './table.js';

/**
 * Returns the SQL that creates the tables, for your migration tool. Running it again changes nothing.
 * @throws TypeError for a table whose name is no identifier.
 */
export function migration(options: TableOptions = {}): string {
  const { sessions, groups, name } = tablesOf(options);
  return `CREATE TABLE IF NOT EXISTS ${sessions} (
  id text COLLATE "C" PRIMARY KEY,
  value text NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS "${name}_expires_at" ON ${sessions} (expires_at);
CREATE TABLE IF NOT EXISTS ${groups} (
  group_id text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (group_id, id)
);
CREATE INDEX IF NOT EXISTS "${name}_groups_expires_at" ON ${groups} (expires_at);
`;
}

/**
 * Creates the tables that do not exist. Any number of processes may do this at once, for example at their start.
 * @throws TypeError for a table whose name is no identifier.
 */
export async function migrate(pool: Pool, options: TableOptions = {}): Promise<void> {
  const tables = tablesOf(options);
  // IF NOT EXISTS alone fails when two processes create a table at once. The lock ends with the statement.
  await explaining(pool, tables).query(`DO $migration$ BEGIN
PERFORM pg_advisory_xact_lock(hashtext('kindling ${tables.sessions}'));
${migration(options)}END $migration$`);
}
