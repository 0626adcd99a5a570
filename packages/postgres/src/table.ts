/** The used part of a `Pool` or `Client` of the package `pg`, or of a compatible one. */
export interface Pool {
  /** Runs a statement with parameters. */
  query(text: string, values?: unknown[]): Promise<Result>;
}

interface Result {
  /** The rows, as objects by column. */
  rows: unknown[];
}

/** Names the table of a store. */
export interface TableOptions {
  /** Table, or `schema.table`: letters, digits and underscores. Groups are in `<table>_groups`. @default 'kinde_sessions' */
  table?: string;
}

/** Quoted names of the two tables, and the unquoted beginning of their indexes. */
export interface Tables {
  readonly sessions: string;
  readonly groups: string;
  readonly name: string;
}

const NAME = /^(?:([a-z_]\w{0,62})\.)?([a-z_]\w{0,43})$/i;

/**
 * Checks and quotes the names of the tables. They become part of the SQL, so only plain identifiers are accepted, short
 * enough for Postgres not to cut them.
 * @throws TypeError for a table whose name is no identifier.
 */
export function tablesOf(options: TableOptions = {}): Tables {
  // Without a prototype, so that members which someone added to `Object.prototype` are not read as options.
  const { table = 'kinde_sessions' }: TableOptions = {
    __proto__: null,
    ...options,
  } as TableOptions;
  const [, schema, name] = (typeof table === 'string' && NAME.exec(table)) || [];
  if (name === undefined) {
    throw new TypeError(
      'table must be a name or schema.name: letters, digits, underscores, 44 at most.',
    );
  }
  const prefix = schema === undefined ? '' : `"${schema}".`;
  return {
    sessions: `${prefix}"${name}"`,
    groups: `${prefix}"${name}_groups"`,
    name,
  };
}
