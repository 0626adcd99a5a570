import type { Pool, Tables } from './table.js';

/** A pool whose errors say what to do. They keep the code of Postgres or of the system, and the error itself as `cause`. */
export function explaining(pool: Pool, tables: Tables): Pool {
  return {
    async query(text, values) {
      try {
        return await pool.query(text, values);
      } catch (error) {
        throw explained(error, tables);
      }
    },
  };
}

/** What to do, by the code of Postgres (SQLSTATE). The beginning counts: core keeps 200 characters. */
const BY_CODE: Readonly<Record<string, (names: Names) => string>> = {
  '42P01': ({ sessions, migrate }) => `The table ${sessions} or its groups are missing: ${migrate}`,
  '3F000': ({ sessions }) => `The schema of ${sessions} is missing: run CREATE SCHEMA first.`,
  '42501': ({ sessions }) =>
    `The role may not use ${sessions}: GRANT SELECT, INSERT, UPDATE, DELETE on it and its groups, USAGE on its schema (CREATE to migrate).`,
  '28P01': () => 'Postgres refused the password: check user and password of the pool.',
  '28000': () =>
    'Postgres refused the user: check the user of the pool, TLS (`ssl`) and pg_hba.conf.',
  '3D000': () =>
    'The database does not exist: check its name in the connection string of the pool.',
  '25006': () => 'This Postgres is read-only: connect the pool to the primary.',
  '53100': () => 'The disk of Postgres is full.',
  '53300': () => 'Postgres has no connection left: lower `max` of the pools, or use a pooler.',
  '57P03': () => 'Postgres is starting or stopping.',
  ECONNREFUSED: () =>
    'Nothing listens at the address of the pool: start Postgres, or correct the address.',
  ENOTFOUND: () => 'The host of the pool is unknown to DNS: correct the connection string.',
};

/** The same for errors of the package `pg`, which have no code. */
const BY_TEXT: readonly (readonly [text: RegExp, explanation: string])[] = [
  [/password must be a/, 'The pool has no password: check the connection string or PGPASSWORD.'],
  [/pool after calling end/, 'The pool was closed (`pool.end()`): close it after the server.'],
  [
    /timeout exceeded when trying to connect/,
    'No connection of the pool came free in time, or Postgres does not answer: check both.',
  ],
];

/** How messages name the table. */
interface Names {
  readonly sessions: string;
  readonly migrate: string;
}

function explained(error: unknown, { sessions }: Tables): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const name = sessions.replaceAll('"', '');
  const option = name === 'kinde_sessions' ? '' : ` --table ${name}`;
  const migrate = `npx @kindling/postgres${option} | psql "$DATABASE_URL"`;
  const byCode = Object.hasOwn(BY_CODE, String(code)) ? BY_CODE[String(code)] : undefined;
  const text =
    byCode?.({ sessions: name, migrate }) ??
    BY_TEXT.find(([pattern]) => pattern.test(String(message)))?.[1];
  if (text === undefined) {
    return error;
  }
  return Object.assign(new Error(text, { cause: error }), code !== undefined && { code });
}
