import { usageError } from './options.js';
import { nearest } from '@kindling/internal';
import type { Command } from './command.js';

/** A command before it is loaded: only the one that is asked for is. */
interface Entry {
  /** What it does. */
  readonly help: string;
  /** Loads it. */
  load(): Promise<Command>;
}

/** Commands by name. Without a name, `start` is meant. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  start: {
    help: 'starts a local Kinde, until Ctrl-C (the default)',
    load: async () => (await import('./start.js')).start,
  },
  run: {
    help: 'starts one on a free port for a command, with its environment: run -- npm test',
    load: async () => (await import('./run.js')).run,
  },
  env: {
    help: 'values for your SDK, of the one that runs',
    load: async () => (await import('./env.js')).env,
  },
  open: {
    help: 'opens the dashboard of the one that runs: prints a link that works once',
    load: async () => (await import('./open.js')).open,
  },
  status: {
    help: 'where it runs, its clock, faults, and how many of what there are',
    load: async () => (await import('./status.js')).status,
  },
  logs: {
    help: 'what happened: --follow goes on',
    load: async () => (await import('./logs.js')).logs,
  },
  reset: {
    help: 'goes back to the seed, to empty, or to a snapshot',
    load: async () => (await import('./reset.js')).reset,
  },
  snapshot: {
    help: 'snapshot save|load|list|remove <name>',
    load: async () => (await import('./snapshot.js')).snapshot,
  },
  seed: {
    help: 'seed check [file], seed export',
    load: async () => (await import('./seed.js')).seed,
  },
  clock: {
    help: 'clock, clock +2h, clock freeze|unfreeze|real, clock <time as in ISO 8601>',
    load: async () => (await import('./clock.js')).clock,
  },
  fault: {
    help: 'fault list, fault arm <name>, fault clear',
    load: async () => (await import('./fault.js')).fault,
  },
  token: {
    help: 'an access token of a user',
    load: async () => (await import('./token.js')).token,
  },
};

/**
 * The command that the arguments begin with.
 * @throws Error that names the nearest one
 */
export function commandIn(args: readonly string[]): { name: string; rest: readonly string[] } {
  const [first = ''] = args;
  if (first === '' || first.startsWith('-')) {
    return {
      name: 'start',
      rest: args,
    };
  }
  if (Object.hasOwn(COMMANDS, first)) {
    return {
      name: first,
      rest: args.slice(1),
    };
  }
  const names = Object.keys(COMMANDS);
  const guess = nearest(first, names);
  const hint = guess === undefined ? `known: ${names.join(', ')}.` : `did you mean ${guess}?`;
  throw usageError(`"${first}" is no command; ${hint}`);
}
