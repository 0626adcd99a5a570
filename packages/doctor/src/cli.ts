#!/usr/bin/env node
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { nearest } from '@kindling/internal';
import { diagnose } from './diagnose.js';
import { isTenant, type DeclaredTenant, type DiagnoseOptions } from './options.js';
import { table as format } from './table.js';
import { withFiles } from './variables.js';

const OPTIONS = {
  env: { type: 'string', multiple: true },
  tenant: { type: 'string' },
  table: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const HELP = `kindling-doctor: checks everything your app needs to sign users in with Kinde

  --env <file>       read variables from this file, as node --env-file does. May be repeated: later
                     files win over earlier ones, and the environment wins over all of them
  --tenant <module>  compare Kinde with the defineKinde object that this module exports
                     as \`tenant\` or by default
  --table <name>     table of @kindling/postgres, or schema.table (default kinde_sessions)
  --json             print the report as JSON, for CI
  --help, -h         print this text

Read-only: it only sends the requests your app would send, and reads settings of its session store.
Exit code: 0 no check failed, 1 a check failed, 2 usage error.
`;

try {
  await main();
} catch (error) {
  console.error(`${explainUsage(error as NodeJS.ErrnoException)}\nTry kindling-doctor --help.`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    return console.log(HELP);
  }
  const options: DiagnoseOptions = { env: withFiles(process.env, values.env ?? []) };
  if (values.table !== undefined) {
    options.table = values.table;
  }
  if (values.tenant !== undefined) {
    options.tenant = await load(values.tenant);
  }
  const report = await diagnose(options);
  console.log(values.json ? JSON.stringify(report, null, 2) : format(report));
  process.exitCode = Number(!report.ok);
}

/** Says what was probably meant, where Node only says what was wrong. */
function explainUsage({ code, message }: NodeJS.ErrnoException): string {
  const given = /'([^']*)'/.exec(message)?.[1] ?? '';
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
    return `Unexpected argument ${given}. Name a file of variables with --env, and a module with --tenant.`;
  }
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    return message;
  }
  const word = given.replace(/^--?/, '');
  const names = Object.keys(OPTIONS);
  const guess = nearest(word, names) ?? names.find((name) => word.startsWith(name));
  const hint = guess ? ` Did you mean --${guess}?` : '';
  return `There is no option ${given}.${hint}`;
}

interface Exports {
  readonly default?: unknown;
  readonly tenant?: unknown;
}

async function load(path: string): Promise<DeclaredTenant> {
  const loading = import(pathToFileURL(resolve(path)).href) as Promise<Exports>;
  const module = await loading.catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--tenant ${path} cannot be loaded: ${explainLoading(error)}`, {
      cause: error,
    });
  });
  const found = [module.tenant, module.default].find(isTenant);
  if (!found) {
    throw new Error(
      `--tenant ${path} exports no defineKinde object, neither as \`tenant\` nor by default.`,
    );
  }
  return found;
}

/** Explains why a module was not loaded. Node runs TypeScript by itself from 22.18 on. */
function explainLoading({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return 'this version of Node does not run TypeScript. Name the built .js file, use Node 22.18 or later, or add a loader: NODE_OPTIONS="--import tsx".';
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return 'the module, or one that it imports, does not exist.';
  }
  return message;
}
