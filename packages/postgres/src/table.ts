/** What is used of a `Pool` or `Client` of the package `pg`, and of what is made like it. */
export interface Pool {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** Where sessions are kept. */
export interface TableOptions {
  /** Table, or `schema.table`: letters, digits and underscores. Groups are next to it, in `<table>_groups`. @default 'kinde_sessions' */
  table?: string;
}

/** Quoted names of the two tables, and an unquoted one that begins the names of their indexes. */
export interface Tables {
  readonly sessions: string;
  readonly groups: string;
  readonly name: string;
}

/**
 * Names become part of the SQL, so nothing but plain identifiers passes, short enough for Postgres not to cut them.
 * @throws TypeError when the table is not named like that.
 */
export function tablesOf(options: TableOptions = {}): Tables {
  // Without a prototype: what `Object.prototype` was given is no option.
  const { table = 'kinde_sessions' }: TableOptions = {
    __proto__: null,
    ...options,
  } as TableOptions;
  const match =
    typeof table === 'string' ? /^(?:([a-z_]\w{0,62})\.)?([a-z_]\w{0,43})$/i.exec(table) : null;
  if (!match) {
    throw new TypeError(
      'table must be a name or schema.name: letters, digits, underscores, 44 at most.',
    );
  }
  const schema = match[1] === undefined ? '' : `"${match[1]}".`;
  const name = match[2]!;
  return {
    sessions: `${schema}"${name}"`,
    groups: `${schema}"${name}_groups"`,
    name,
  };
}
