import { parseArgs } from 'node:util';
import { nearest } from '@kindling/internal';

/** An error for a mistake on the command line, as opposed to a failure. */
export function usageError(message: string): Error {
  return Object.assign(new Error(message), { name: USAGE_ERROR });
}

/** Name of errors for mistakes on the command line. */
export const USAGE_ERROR = 'UsageError';

/** An option of the command line. */
interface Option {
  /** What is given with it; without one it is a switch. */
  readonly value?: string;
  /** Whether it can be given several times. */
  readonly many?: true;
  /** What it is for. */
  readonly help: string;
}

/** Every option of every command. */
export const OPTIONS = {
  port: {
    value: 'number',
    help: 'port to listen on; 0 takes a free one (default 4455)',
  },
  site: {
    value: 'url',
    help: 'address of your app (default http://localhost:3000)',
  },
  callback: {
    value: 'path',
    many: true,
    help: 'callback URL of your app, beside /callback',
  },
  seed: {
    value: 'file',
    help: 'tenant: JSON, YAML or a module (default kinde.config.*, kinde.seed.*)',
  },
  state: {
    value: 'dir',
    help: 'folder of the state (default .kindling/emulator beside package.json)',
  },
  memory: { help: 'keeps nothing' },
  environment: {
    value: 'name',
    many: true,
    help: 'environment; several run side by side',
  },
  https: {
    help: 'answers https, too, with a certificate of its own',
  },
  host: {
    value: 'address',
    help: 'address to listen on; others than loopback need --allow-host',
  },
  'allow-host': {
    value: 'name',
    many: true,
    help: 'name that requests may come by',
  },
  issuer: {
    value: 'url',
    help: 'issuer of tokens (default the address it listens on)',
  },
  env: {
    value: 'file',
    help: "sets your app's variables in this file and keeps all others",
  },
  force: {
    help: 'replaces the credentials of a Kinde tenant in the file of --env, too',
  },
  open: { help: 'opens the dashboard in a browser' },
  quiet: { help: 'prints errors only' },
  json: { help: 'prints one JSON object per line' },
  version: { help: 'prints the version' },
  help: { help: 'shows this text' },
  sdk: {
    value: 'name',
    help: "SDK of your app (default the one in the project's manifest)",
  },
  format: {
    value: 'format',
    help: 'dotenv, json or shell (default dotenv)',
  },
  write: {
    value: 'file',
    help: 'writes into this file instead of printing',
  },
  follow: { help: 'goes on with what happens' },
  for: {
    value: 'number',
    help: 'number of requests that run into the fault (default 1)',
  },
  path: {
    value: 'path',
    help: 'only requests to this path',
  },
  org: {
    value: 'code',
    help: 'organization of the token',
  },
  expires: {
    value: 'duration',
    help: 'such as 5m',
  },
  defect: {
    value: 'name',
    help: 'makes a bad token, such as expired',
  },
} as const satisfies Record<string, Option>;

/** Name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** What was given on the command line. */
export interface Given {
  /** Texts of options by name. */
  text(name: OptionName): string | undefined;
  /** Texts of an option that can be given several times. */
  texts(name: OptionName): readonly string[];
  /** Whether a switch was given. */
  has(name: OptionName): boolean;
  /** Words beside options. */
  readonly words: readonly string[];
  /** What comes after `--`. */
  readonly after: readonly string[];
  /** Environment variables of this process. */
  readonly env: Variables;
}

/** Environment variables. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Reads the arguments of a command that takes these options.
 * @throws Error that names the nearest option
 */
export function readArguments(
  args: readonly string[],
  allowed: readonly OptionName[],
  env: Variables,
): Given {
  const end = args.indexOf('--');
  const own = end === -1 ? args : args.slice(0, end);
  const options = Object.fromEntries(
    allowed.map((name) => {
      const option: Option = OPTIONS[name];
      const type = option.value === undefined ? ('boolean' as const) : ('string' as const);
      return [
        name,
        {
          type,
          multiple: option.many ?? false,
        },
      ];
    }),
  );
  const { values, positionals } = orUsage(
    () =>
      parseArgs({
        args: [...own],
        options,
        allowPositionals: true,
      }),
    allowed,
  );
  const all = (name: OptionName) => [values[name] ?? []].flat();
  return {
    text: (name) => all(name).map(String)[0],
    texts: (name) => all(name).map(String),
    has: (name) => values[name] === true,
    words: positionals,
    after: end === -1 ? [] : args.slice(end + 1),
    env,
  };
}

function orUsage<Result>(parse: () => Result, allowed: readonly OptionName[]): Result {
  try {
    return parse();
  } catch (error) {
    const { message } = error as Error;
    const [, given] = /Unknown option '--?([^']+)'/.exec(message) ?? [];
    throw usageError(given === undefined ? message : unknownOption(given, allowed));
  }
}

function unknownOption(given: string, allowed: readonly OptionName[]): string {
  if (Object.hasOwn(OPTIONS, given)) {
    return `--${given} is no option of this command.`;
  }
  if (/^\d/.test(given)) {
    return `-${given} is no option. A clock goes on with +2h, and back only to a time such as 2027-01-31T12:00:00Z.`;
  }
  const guess = nearest(given, allowed);
  return `--${given} is no option${guess === undefined ? '.' : `; did you mean --${guess}?`}`;
}

/** Options as lines of help. */
export function helpOf(names: readonly OptionName[]): string {
  const lines = names.map((name) => {
    const { value, help }: Option = OPTIONS[name];
    return `  ${`--${name}${value === undefined ? '' : ` <${value}>`}`.padEnd(22)} ${help}`;
  });
  return lines.join('\n');
}

/**
 * A word that must be one of a few.
 * @throws Error that names the nearest one
 */
export function oneOf<Word extends string>(
  what: string,
  given: string,
  known: readonly Word[],
): Word {
  const found = known.find((word) => word === given);
  if (found !== undefined) {
    return found;
  }
  const guess = nearest(given, known);
  const hint = guess === undefined ? `known: ${known.join(', ')}.` : `did you mean ${guess}?`;
  throw usageError(`${given === '' ? `A ${what} is needed` : `"${given}" is no ${what}`}; ${hint}`);
}
