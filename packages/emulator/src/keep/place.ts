import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { makeFolder } from './files.js';

/** Names of environments: they become names of files. */
const ENVIRONMENT_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Name of the environment where none is given. */
export const DEFAULT_ENVIRONMENT = 'default';

/** The files of one environment. */
export interface Place {
  /** Folder that they are in. */
  readonly folder: string;
  /** Name of the environment. */
  readonly environment: string;
  /** The state: identity, seed and a snapshot. */
  readonly state: string;
  /** Token of the control API. */
  readonly token: string;
  /** Who uses the state now, and the address. */
  readonly running: string;
  /** Folder of named snapshots. */
  readonly snapshots: string;
}

/** The folder of a project's state: beside the nearest `package.json` above, or here where there is none. */
export function projectFolder(from: string = process.cwd()): string {
  return join(projectRoot(from), '.kindling', 'emulator');
}

/** The nearest folder, upwards, that has a `package.json`; the given one where none has. */
export function projectRoot(from: string = process.cwd()): string {
  for (let at = resolve(from); ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) {
      return at;
    }
    if (dirname(at) === at) {
      return resolve(from);
    }
  }
}

/**
 * The files of an environment in a folder.
 * @throws Error for a name that cannot be one of a file
 */
export function placeOf(folder: string, environment: string = DEFAULT_ENVIRONMENT): Place {
  if (!ENVIRONMENT_NAME.test(environment)) {
    throw new Error(
      `An environment's name is up to 64 lower-case letters, digits, hyphens and underscores, not ${JSON.stringify(environment)}.`,
    );
  }
  const at = (end: string) => join(resolve(folder), environment + end);
  return {
    folder: resolve(folder),
    environment,
    state: at('.json'),
    token: at('.token'),
    running: at('.running.json'),
    snapshots: join(resolve(folder), 'snapshots', environment),
  };
}

/** Makes the folder of an environment. In a project, `.kindling` as a whole is ignored by git. */
export function makePlace({ folder }: Place): void {
  const parent = dirname(folder);
  if (parent.endsWith('.kindling')) {
    makeFolder(parent);
  }
  makeFolder(folder);
}
