import type { KeptCertificate } from './certificate.js';
import { createEnvironments, type EnvironmentSet } from '../environments.js';
import { DEFAULT_ENVIRONMENT, projectFolder } from '../keep/place.js';
import { watchSeed } from '../keep/watch.js';
import { checkSeed } from '../seed/check-seed.js';
import { findSeed, readSeed } from '../seed/read-seed.js';
import type { Seed } from '../seed/seed.js';
import { usageError, type Given, type OptionName } from './options.js';

/** Options of a local Kinde that is started. */
export const LAUNCH = [
  'port',
  'site',
  'callback',
  'seed',
  'state',
  'memory',
  'environment',
  'https',
  'host',
  'allow-host',
  'issuer',
] as const satisfies readonly OptionName[];

/** What was started. */
export interface Launched {
  /** The environments, in the order of the options. */
  readonly environments: EnvironmentSet;
  /** File of the certificate of `--https`, if one is kept. */
  readonly certificate: string | undefined;
  /** Folder of the state; `undefined` where nothing is kept. */
  readonly folder: string | undefined;
  /** File of the seed, if there is one. */
  readonly seedFile: string | undefined;
  /** Stops everything. */
  close(): Promise<void>;
}

/** What a command starts where nothing else is asked for. */
export interface LaunchDefaults {
  /** Port. */
  readonly port: number;
  /** Whether anything is kept. */
  readonly keep: boolean;
}

/**
 * Starts what the options ask for. They are checked, and files are read, before anything listens; where something fails,
 * nothing stays open.
 */
export async function launch(given: Given, defaults: LaunchDefaults): Promise<Launched> {
  const port = portOf(given.text('port')) ?? defaults.port;
  const names = namesOf(given);
  const folder = folderOf(given, defaults.keep);
  const seedFile = given.text('seed') ?? findSeed(process.cwd());
  const seed = seedFile === undefined ? undefined : await checkedSeed(seedFile);
  const certificate = await certificateFor(given, folder);
  const environments = createEnvironments(
    optionsOf(given, {
      folder,
      https: certificate ?? given.has('https'),
    }),
  );
  try {
    for (const [index, name] of names.entries()) {
      await environments.create(name, seed, port === 0 ? 0 : port + index);
    }
  } catch (error) {
    await environments.close();
    throw error;
  }
  const stops = seedFile === undefined ? [] : watchAll(environments, names, seedFile);
  return {
    environments,
    folder,
    seedFile,
    certificate: certificate?.file,
    async close() {
      stops.forEach((stop) => stop());
      await environments.close();
    },
  };
}

/** What was read before anything listens. */
interface Opened {
  readonly folder: string | undefined;
  readonly https: boolean | KeptCertificate;
}

/** The certificate of `--https`, kept with the state: whoever trusts it need not do so again. */
async function certificateFor(
  given: Given,
  folder: string | undefined,
): Promise<KeptCertificate | undefined> {
  if (!given.has('https') || folder === undefined) {
    return undefined;
  }
  const { certificateIn } = await import('./certificate.js');
  return certificateIn(folder, given.texts('allow-host'));
}

function optionsOf(
  given: Given,
  { folder, https }: Opened,
): Parameters<typeof createEnvironments>[0] {
  const [siteUrl, issuer, host] = (['site', 'issuer', 'host'] as const).map((name) =>
    given.text(name),
  );
  return {
    callbacks: given.texts('callback'),
    ...(siteUrl !== undefined && { siteUrl }),
    ...(issuer !== undefined && { issuer }),
    ...(folder !== undefined && { keep: folder }),
    listen: {
      allowHosts: given.texts('allow-host'),
      https,
      ...(host !== undefined && { host }),
    },
  };
}

/** A seed that is all right, so that nothing is opened for one that is not. */
async function checkedSeed(file: string): Promise<Seed> {
  return checkSeed(await readSeed(file));
}

function watchAll(
  environments: EnvironmentSet,
  names: readonly string[],
  file: string,
): (() => void)[] {
  return names.flatMap((name) => {
    const emulator = environments.find(name);
    return emulator ? [watchSeed(file, emulator.state)] : [];
  });
}

/** A port, if one was given. */
function portOf(text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined;
  }
  const port = Number(text);
  if (text.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw usageError(`--port must be a number from 0 to 65535, not "${text}".`);
  }
  return port;
}

function namesOf(given: Given): readonly string[] {
  const names = given.texts('environment');
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw usageError(`--environment ${twice} was given twice.`);
  }
  if (names.length > 1 && given.text('issuer') !== undefined) {
    throw usageError('--issuer is for one environment: each needs an issuer of its own.');
  }
  return names.length > 0 ? names : [DEFAULT_ENVIRONMENT];
}

function folderOf(given: Given, keeps: boolean): string | undefined {
  const named = given.text('state');
  if (given.has('memory') && named !== undefined) {
    throw usageError('--memory keeps nothing, so --state has no use beside it.');
  }
  const isKept = named !== undefined || keeps || given.text('environment') !== undefined;
  return given.has('memory') || !isKept ? undefined : (named ?? projectFolder());
}
