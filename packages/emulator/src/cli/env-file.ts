import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { assignment } from '../env/format.js';

type Environment = Readonly<Record<string, string>>;

/** Variables that say where a tenant is, of every SDK. */
const ADDRESSES = [
  'KINDE_ISSUER_URL',
  'KINDE_DOMAIN',
  'KINDE_HOST',
  'VITE_KINDE_DOMAIN',
  'NUXT_KINDE_AUTH_DOMAIN',
];
/** Variables that are of one tenant: overwritten, they are lost unless somebody looks them up in Kinde. */
const OF_TENANT = [
  ...ADDRESSES,
  'KINDE_CLIENT_ID',
  'KINDE_CLIENT_SECRET',
  'KINDE_MANAGEMENT_CLIENT_ID',
  'KINDE_MANAGEMENT_CLIENT_SECRET',
  'VITE_KINDE_CLIENT_ID',
  'NUXT_KINDE_CLIENT_ID',
  'NUXT_KINDE_CLIENT_SECRET',
];
const LOCAL = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\]|[\w.-]+\.localhost)(:\d+)?\/?$/;

/**
 * Refuses a file whose settings are of a tenant at Kinde: writing to it would replace its credentials.
 * @throws Error that names the ways on.
 */
export function refuseTenant(file: string): void {
  const addresses = ADDRESSES.map((name) => valueOf(file, name)).filter(Boolean);
  const isLocal = addresses.length > 0 && addresses.every((address) => LOCAL.test(address));
  const set = OF_TENANT.filter((name) => valueOf(file, name) !== '');
  if (set.length > 0 && !isLocal) {
    throw new Error(
      `--env: ${file} has the settings of another Kinde than a local one (${set.join(', ')}). ` +
        'Nothing was changed. Write to another file, such as --env .env.local, or add --force ' +
        'to replace them.',
    );
  }
}

/**
 * Refuses a file that cannot be written, before anything depends on it.
 * @throws Error that says why
 */
export function refuseUnwritable(option: string, file: string): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) {
    throw new Error(`${option}: the folder ${folder} does not exist.`);
  }
  try {
    accessSync(existsSync(file) ? file : folder, constants.W_OK);
  } catch {
    throw new Error(`${option}: ${file} cannot be written: this user may not.`);
  }
}

/** Sets variables in a file and keeps all of its other lines. Only this user may read a new file: it holds secrets. */
export function writeEnvironment(file: string, env: Environment): void {
  const left = new Map(Object.entries(env));
  const lines = linesOf(file).map((line) => {
    const name = nameIn(line);
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) {
      return line;
    }
    left.delete(name);
    return assignment(name, value);
  });
  const added = [...left].map(([name, value]) => assignment(name, value));
  writeFileSync(file, [...lines, ...added, ''].join('\n'), { mode: 0o600 });
}

/** The lines of a file without the empty end; none where there is no file. */
function linesOf(file: string): string[] {
  if (!existsSync(file)) {
    return [];
  }
  const text = readFileSync(file, 'utf8').replace(/\n$/, '');
  return text === '' ? [] : text.split('\n');
}

/** The variable that a line sets; empty for comments and all others. */
function nameIn(line: string): string {
  return /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1] ?? '';
}

/** The value of a variable in a file, without quotes; empty where it has none. */
function valueOf(file: string, name: string): string {
  const line = linesOf(file).findLast((one) => nameIn(one) === name) ?? '';
  return line
    .slice(line.indexOf('=') + 1)
    .trim()
    .replace(/^(['"])(.*)\1$/, '$2');
}
