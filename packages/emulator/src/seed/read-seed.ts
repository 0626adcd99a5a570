import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from '@kindling/internal';

/** Ends of file names that a seed may have, in the order in which they are looked for. */
const ENDS = ['.ts', '.mts', '.js', '.mjs', '.json', '.yaml', '.yml'];
/** Names of seeds that are found without being told, in this order. */
const NAMES = ['kinde.config', 'kinde.seed'];

/** Finds the seed of a project: `kinde.config.*` or else `kinde.seed.*` in this folder. */
export function findSeed(folder: string): string | undefined {
  const all = NAMES.flatMap((name) => ENDS.map((end) => join(folder, name + end)));
  return all.find((file) => existsSync(file));
}

/**
 * Reads a seed from a file: JSON, YAML, or a module whose default export, `tenant` or `seed` it is. It is not checked yet.
 * @throws Error that says what is wrong with the file
 */
export async function readSeed(given: string): Promise<unknown> {
  const file = resolve(given);
  const end = extname(file).toLowerCase();
  if (!ENDS.includes(end)) {
    throw new Error(`${given} is no seed: its name must end in one of ${ENDS.join(', ')}.`);
  }
  if (!existsSync(file)) {
    throw new Error(`${given} does not exist${guess(file)}`);
  }
  try {
    return await parse(file, end);
  } catch (error) {
    throw new Error(`${given} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Parsers are loaded where they are needed: a start without a seed does not wait for them. */
async function parse(file: string, end: string): Promise<unknown> {
  if (end === '.json') {
    return JSON.parse(readFileSync(file, 'utf8'));
  }
  if (end === '.yaml' || end === '.yml') {
    const yaml = await import('yaml');
    return yaml.parse(readFileSync(file, 'utf8'));
  }
  const { createJiti } = await import('jiti');
  const jiti = createJiti(pathToFileURL(file).href, {
    interopDefault: false,
    moduleCache: false,
    fsCache: false,
  });
  return exported((await jiti.import(file)) as Record<string, unknown>);
}

/** What a module exports as its seed. */
function exported(module: Record<string, unknown>): unknown {
  const seed = module['default'] ?? module['tenant'] ?? module['seed'];
  if (typeof seed !== 'object' || seed === null) {
    throw new Error('it exports neither a default nor tenant nor seed.');
  }
  return seed;
}

function guess(file: string): string {
  const folder = dirname(file);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const names = isFolder ? readdirSync(folder) : [];
  const found = nearest(
    basename(file),
    names.filter((name) => ENDS.includes(extname(name))),
  );
  return found === undefined ? '.' : `; did you mean ${join(folder, found)}?`;
}
