#!/usr/bin/env node
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { diagnose } from './diagnose.js';
import { isTenant, type DeclaredTenant, type DiagnoseOptions } from './options.js';
import { table } from './table.js';

const HELP = `kindling-doctor: checks everything your app needs to sign users in with Kinde

  --tenant <module>  compare Kinde with the defineKinde object that this module exports
                     as \`tenant\` or by default
  --json             print the report as JSON, for CI
  --help             print this text

Read-only: it only sends the requests your app would send. It reads the environment of your app; to load
a file, run it with: node --env-file=.env
Exit code: 0 no check failed, 1 a check failed, 2 usage error.
`;

try {
  await main();
} catch (error) {
  console.error(`${(error as Error).message}\nTry kindling-doctor --help.`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      tenant: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    return console.log(HELP);
  }
  const options: DiagnoseOptions = {};
  if (values.tenant !== undefined) {
    options.tenant = await load(values.tenant);
  }
  const report = await diagnose(options);
  console.log(values.json ? JSON.stringify(report, null, 2) : table(report));
  process.exitCode = Number(!report.ok);
}

interface Exports {
  readonly default?: unknown;
  readonly tenant?: unknown;
}

async function load(path: string): Promise<DeclaredTenant> {
  const loading = import(pathToFileURL(resolve(path)).href) as Promise<Exports>;
  const module = await loading.catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--tenant ${path} cannot be loaded: ${explain(error)}`, { cause: error });
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
function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return 'this version of Node does not run TypeScript. Name the built .js file, use Node 22.18 or later, or add a loader: NODE_OPTIONS="--import tsx".';
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return 'the module, or one that it imports, does not exist.';
  }
  return message;
}
