import { readFileSync } from 'node:fs';
import * as util from 'node:util';
import { environmentVariables } from '@kindling/core';

/** Variables that core reads, without `NODE_ENV`, which has a check of its own. */
const OF_CORE = environmentVariables().filter(({ option }) => option !== 'production');

/** The variables of each setting. The first one that is set wins. */
export const SPELLINGS: readonly (readonly string[])[] = [
  ...OF_CORE.map(({ variables }) => variables),
  ['KINDE_MANAGEMENT_CLIENT_ID', 'MGMT_API_CLIENT_ID'],
  ['KINDE_MANAGEMENT_CLIENT_SECRET', 'MGMT_API_CLIENT_SECRET'],
];

/** Further variables that are read. */
export const OTHERS: readonly string[] = [
  'KINDE_MANAGEMENT_DOMAIN',
  ...OF_CORE.flatMap(({ furtherVariables }) => furtherVariables),
  'GRANT_TYPE',
];

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Adds files of variables to an environment, as `node --env-file` does: later files win over earlier ones, and the environment
 * wins over all of them.
 * @throws Error for a file that cannot be read.
 */
export function withFiles(env: Environment, files: readonly string[]): Environment {
  return Object.assign({}, ...files.map(readFile), env) as Environment;
}

function readFile(file: string): Environment {
  if (typeof util.parseEnv !== 'function') {
    throw new Error(
      '--env needs a newer Node: use Node 20.19 or a later 20, or Node 22.12 or later.',
    );
  }
  try {
    return util.parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : code;
    throw new Error(`--env ${file} cannot be read: ${reason}.`, { cause: error });
  }
}

/** The file of variables that apps usually have, if this folder has one that is about Kinde. */
export function unreadFile(): string | undefined {
  const usual = '.env';
  try {
    return /^\s*(export\s+)?KINDE_/m.test(readFileSync(usual, 'utf8')) ? usual : undefined;
  } catch {
    return undefined;
  }
}

/** Names the variable that a setting is read from, or the first one if none is set. */
export function nameOf(env: Environment, first: string): string {
  const names = SPELLINGS.find(([name]) => name === first) ?? [];
  return names.find((name) => env[name]?.trim()) ?? first;
}

/** Checks whether sessions are in this kind of store for certain; `SESSION_TYPE` may be missing where the app passes one. */
export function isSessionStore(env: Environment, type: 'redis' | 'postgres'): boolean {
  return env['SESSION_TYPE']?.trim().toLowerCase() === type;
}

/** Reads a setting, by the first of its variables. */
export function valueOf(env: Environment, first: string): string | undefined {
  const names = SPELLINGS.find(([name]) => name === first) ?? [first];
  return names.map((name) => env[name]?.trim()).find(Boolean);
}

/** Characters of a value that can be replaced without harm to other words. */
const SHORTEST_SECRET = 4;

/** Lists the values that must not be shown: those of all variables with a name for secrets. */
export function secretsOf(env: Environment): string[] {
  const named = Object.entries(env).filter(([name]) => /SECRET|PASSWORD|TOKEN|_KEY$/i.test(name));
  const values = named.map(([, value]) => value?.trim() ?? '');
  return values.filter((value) => value.length >= SHORTEST_SECRET);
}
