import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Emulator } from '../emulator.js';
import { detectSdk } from '../env/detect.js';
import { sdkBy, variablesFor } from '../env/variables.js';
import { projectRoot } from '../keep/place.js';
import type { Command } from './command.js';
import { LAUNCH, launch } from './launch.js';
import { lineOf } from './lines.js';
import { usageError } from './options.js';
import { complain } from './print.js';

/** Exit code of shells for a command that does not exist. */
const NOT_FOUND = 127;
/** Exit codes of shells for commands that a signal ended begin here. */
const BY_SIGNAL = 128;

/** `run` */
export const run: Command = {
  usage: 'run [options] -- <command> [arguments]',
  words: 0,
  options: [...LAUNCH, 'sdk', 'quiet'],
  async run(given) {
    const [command, ...args] = given.after;
    if (command === undefined) {
      throw usageError(
        'run needs a command after --, such as: npx @kindling/emulator run -- npm test',
      );
    }
    const sdk = sdkBy(given.text('sdk') ?? detectSdk(projectRoot()).name).name;
    const launched = await launch(given, {
      port: 0,
      keep: false,
    });
    try {
      const [one] = launched.environments.list();
      const emulator = one && launched.environments.find(one.name);
      if (!one || !emulator) {
        return 1;
      }
      if (!given.has('quiet')) {
        tellFailures(emulator, one.url);
      }
      const env = {
        ...given.env,
        ...environmentOf(emulator, sdk),
        KINDE_EMULATOR_URL: one.url,
      };
      return await runCommand(command, args, env);
    } finally {
      await launched.close();
    }
  },
};

/** Variables of the command: those of Kindling, and those of the SDK where it reads variables. */
function environmentOf({ env, state, controlToken }: Emulator, name: string) {
  const { sdk, values } = variablesFor(name, state);
  return {
    ...env,
    ...(sdk.as === 'variables' && values),
    KINDE_EMULATOR_TOKEN: controlToken,
  };
}

/** Failed sign-ins are the one thing of interest beside what the command prints. */
function tellFailures({ state }: Emulator, url: string): void {
  state.journal.subscribe((entry) => {
    const line = entry.kind === 'step' && entry.outcome === 'failed' && lineOf(entry, url);
    if (line) {
      complain(line);
    }
  });
}

function runCommand(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const child = spawn(command, args, {
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  const forward = (signal: NodeJS.Signals) => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((signal) => process.on(signal, forward));
  return new Promise<number>((resolve) => {
    child.once('error', (error) => {
      complain(`${command} cannot be run: ${error.message}`);
      resolve(NOT_FOUND);
    });
    child.once('exit', (code, signal) => {
      resolve(code ?? BY_SIGNAL + (signal ? constants.signals[signal] : 0));
    });
  }).finally(() => signals.forEach((signal) => process.off(signal, forward)));
}
