export { migrate, migration } from './migration.js';
export { postgresStore, type PostgresStore } from './store.js';
export { prune, type PruneOptions } from './prune.js';
export type { Pool, TableOptions } from './table.js';
