import { createRequire } from 'node:module';
import { join } from 'node:path';
import { reasonOf } from '../ask.js';
import { placeOf } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { isSessionStore } from '../variables.js';

/** Milliseconds to connect, and for the query. */
const TIMEOUT = 5000;
const STANDARD_PORT = 5432;
const DEFAULT_TABLE = 'kinde_sessions';

/** The used part of the package `pg`. */
interface Driver {
  readonly Client: new (options: object) => Client;
}

interface Client {
  connect(): Promise<unknown>;
  query(text: string, values: readonly string[]): Promise<{ rows: readonly unknown[] }>;
  end(): Promise<unknown>;
  on(event: 'error', listener: () => void): unknown;
}

/** Checks that the tables of `@kindling/postgres` exist, with the driver that the app has installed. */
export async function checkPostgres({ env, table }: Settings): Promise<Checked> {
  const text = env['DATABASE_URL']?.trim();
  if (!text) {
    return concluded(say('skipped', 'DATABASE_URL is not set.'));
  }
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol)) {
    return concluded(say('skipped', 'DATABASE_URL is not a URL of Postgres.'));
  }
  const driver = findDriver();
  if (!driver) {
    const fix = 'Run the doctor in the folder of your app, where pg is installed.';
    return concluded(say('skipped', 'Postgres cannot be asked: pg is not installed here.', fix));
  }
  const place = placeOf(new URL(text), STANDARD_PORT);
  const isCertain = table !== undefined || isSessionStore(env, 'postgres');
  const severity = isCertain ? 'failed' : 'warning';
  const name = table ?? DEFAULT_TABLE;
  try {
    const missing = await findMissing(driver, text, [name, `${name}_groups`]);
    if (missing.length === 0) {
      return concluded(say('ok', `The tables ${name} and ${name}_groups exist at ${place}.`));
    }
    return concluded(unmigrated(missing, name, { place, severity }));
  } catch (error) {
    const detail = `${place} cannot be asked: ${explain(reasonOf(error))}.`;
    return concluded(
      say(severity, detail, 'Compare DATABASE_URL, and see that Postgres is running.'),
    );
  }
}

function unmigrated(
  missing: readonly string[],
  name: string,
  { place, severity }: { place: string; severity: 'failed' | 'warning' },
): Statement {
  const verb = missing.length === 1 ? 'does' : 'do';
  const isDefault = name === DEFAULT_TABLE;
  const option = isDefault ? '' : ` --table ${name}`;
  const otherwise = isDefault ? ' Name another table with --table, here too.' : '';
  return say(
    severity,
    `${missing.join(' and ')} ${verb} not exist at ${place}: sessions in Postgres need these tables.`,
    `Create them: npx @kindling/postgres${option} | psql "$DATABASE_URL".${otherwise}`,
  );
}

/** Codes of Postgres that have a plain meaning. */
const MEANINGS: Readonly<Record<string, string>> = {
  '28000': 'it does not accept the user',
  '28P01': 'it does not accept the user and password',
  '3D000': 'the database does not exist',
};

function explain(code: string): string {
  const meaning = MEANINGS[code];
  return meaning ? `${meaning} (${code})` : code;
}

/** Loads the app's own driver, from the folder in which the doctor is run. */
function findDriver(): Driver | undefined {
  try {
    return createRequire(join(process.cwd(), 'package.json'))('pg') as Driver;
  } catch {
    return undefined;
  }
}

async function findMissing(
  { Client }: Driver,
  connectionString: string,
  names: readonly string[],
): Promise<string[]> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: TIMEOUT,
    query_timeout: TIMEOUT,
  });
  // A lost connection rejects what waits for it; without a listener it would also end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const missing: string[] = [];
    for (const name of names) {
      const { rows } = await client.query('SELECT to_regclass($1) AS found', [quoted(name)]);
      const [row] = rows as readonly { readonly found?: unknown }[];
      if (!row?.found) {
        missing.push(name);
      }
    }
    return missing;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Quotes a name as @kindling/postgres does: upper and lower case matter. */
function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}
