import type { Emulator } from '../emulator.js';
import { detectSdk } from '../env/detect.js';
import { sdkBy, variablesFor } from '../env/variables.js';
import type { Environment } from '../environments.js';
import type { JournalEntry } from '../journal/entries.js';
import { placeOf, projectRoot } from '../keep/place.js';
import { isLoopback } from '../serve/hosts.js';
import type { Command } from './command.js';
import { refuseTenant, refuseUnwritable, writeEnvironment } from './env-file.js';
import { openInBrowser } from './browser.js';
import { LAUNCH, launch, type Launched } from './launch.js';
import { lineOf } from './lines.js';
import { usageError, type Given } from './options.js';
import { screenOf } from './screen.js';
import { complain, jsonOf, say } from './print.js';

/** `start`, which is what happens without a command. */
export const start: Command = {
  usage: '[options]',
  words: 0,
  options: [...LAUNCH, 'sdk', 'env', 'force', 'open', 'quiet', 'json', 'version'],
  async run(given) {
    const sdk = sdkBy(given.text('sdk') ?? detectSdk(projectRoot()).name).name;
    const file = given.text('env');
    if (file !== undefined) {
      checkEnvFile(file, given);
    }
    const launched = await launch(given, {
      port: 4455,
      keep: true,
    });
    stopOnSignal(launched);
    try {
      for (const one of launched.environments.list()) {
        tell(one, {
          given,
          launched,
          sdk,
        });
      }
    } catch (error) {
      await launched.close();
      throw error;
    }
  },
};

/** What can be wrong with the file of `--env` is told before anything listens. */
function checkEnvFile(file: string, given: Given): void {
  if (given.texts('environment').length > 1) {
    throw usageError('--env is for one environment: the file has one value for each name.');
  }
  refuseUnwritable('--env', file);
  if (!given.has('force')) {
    refuseTenant(file);
  }
}

/** Ctrl-C ends it in order; a second one at once. */
function stopOnSignal({ close }: Launched): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void close().catch(tellUnkept));
  }
}

/** The last thing that can go wrong: the state of the end is not kept, on a full disk for example. */
function tellUnkept(error: unknown): void {
  complain(`The state could not be kept: ${(error as Error).message}`);
  process.exitCode = 1;
}

interface Telling {
  readonly given: Given;
  readonly launched: Launched;
  readonly sdk: string;
}

/** Writes the environment file, opens the dashboard, and tells what there is and what happens. */
function tell(one: Environment, { given, launched, sdk }: Telling): void {
  const emulator = launched.environments.find(one.name);
  if (!emulator) {
    return;
  }
  const { state } = emulator;
  const { folder, seedFile, certificate } = launched;
  const values = variablesFor(sdk, state);
  const file = given.text('env');
  if (file !== undefined) {
    writeEnvironment(file, values.sdk.as === 'variables' ? values.values : emulator.env);
  }
  const dashboard = emulator.dashboardLink(one.url);
  const stateFile = folder === undefined ? undefined : placeOf(folder, one.name).state;
  if (given.has('json')) {
    const { name: environment, url } = one;
    const { values: env } = values;
    sayJson({
      kind: 'ready',
      environment,
      url,
      dashboard,
      env,
      state: stateFile ?? null,
    });
  } else if (!given.has('quiet')) {
    say(
      screenOf({
        emulator,
        url: one.url,
        dashboard,
        environment: one.name,
        isReachable: !isLoopback(given.text('host') ?? 'localhost'),
        sdk,
        seedFile,
        stateFile,
        certificate,
      }),
    );
  }
  follow(emulator, one.url, given);
  if (given.has('open')) {
    openInBrowser(dashboard);
  }
}

/** Tells what happens from now on, and what happened as it started. */
function follow({ state }: Emulator, url: string, given: Given): void {
  const show = (entry: JournalEntry) => {
    if (given.has('json')) {
      return sayJson(entry);
    }
    const line = lineOf(entry, url);
    if (line !== undefined && isShown(entry, given.has('quiet'))) {
      (isTrouble(entry) ? complain : say)(line);
    }
  };
  state.journal.after(0).filter(isWorthTelling).forEach(show);
  state.journal.subscribe(show);
}

/** A start goes back to what was kept every time: that is not worth a line. */
function isWorthTelling(entry: JournalEntry): boolean {
  return entry.kind !== 'state' || entry.what !== 'restored';
}

function isShown(entry: JournalEntry, isQuiet: boolean): boolean {
  return !isQuiet || isTrouble(entry);
}

function isTrouble(entry: JournalEntry): boolean {
  switch (entry.kind) {
    case 'step':
      return entry.outcome === 'failed';
    case 'seed':
      return entry.what === 'refused';
    case 'state':
      return entry.what === 'set-aside';
    default:
      return false;
  }
}

function sayJson(value: object): void {
  say(jsonOf(value));
}
