#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { migration } from './migration.js';

const HELP = `kindling-postgres: prints the SQL that creates the tables of @kindling/postgres

  --table <name>   table or schema.table (default kinde_sessions)
  --help           print this text

Running that SQL again changes nothing: npx @kindling/postgres | psql "$DATABASE_URL"
`;

try {
  const { values } = parseArgs({
    options: { table: { type: 'string' }, help: { type: 'boolean' } },
  });
  process.stdout.write(values.help ? HELP : sqlFor(values.table));
} catch (error) {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  console.error(message);
  if (code.startsWith('ERR_PARSE_ARGS')) {
    console.error('Try kindling-postgres --help.');
  }
  process.exitCode = 1;
}

function sqlFor(table: string | undefined): string {
  if (table === undefined) {
    return migration();
  }
  return migration({ table });
}
