import type { Given, OptionName } from './options.js';

/** A command of the command line. */
export interface Command {
  /** How it is called, after the name of the program. */
  readonly usage: string;
  /** Options that it takes, beside `help`. */
  readonly options: readonly OptionName[];
  /** Words that it takes at most, beside its options. */
  readonly words: number;
  /** Does it; answers the exit code, or nothing for 0. */
  run(given: Given): Promise<number | void>;
}

/** Options that say which local Kinde a command is for. */
export const WHICH = ['state', 'environment'] as const satisfies readonly OptionName[];
