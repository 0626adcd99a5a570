#!/usr/bin/env node
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { diagnose } from './diagnose.js';
import { isTenant, type DeclaredTenant } from './options.js';
import { table } from './table.js';

const HELP = `kindling-doctor: looks at everything your app needs to sign people in with Kinde

  --tenant <module>  compare Kinde with the defineKinde object that this module exports,
                     as \`tenant\` or by default
  --json             the report as JSON, for CI
  --help             this text

It reads the environment of your app, for example: node --env-file=.env and this program.
Exit code: 0 where nothing failed, 1 where something did, 2 where it was not called correctly.
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
  const report = await diagnose(
    values.tenant === undefined ? {} : { tenant: await load(values.tenant) },
  );
  console.log(values.json ? JSON.stringify(report, null, 2) : table(report));
  process.exitCode = report.ok ? 0 : 1;
}

async function load(path: string): Promise<DeclaredTenant> {
  const module = (await import(pathToFileURL(resolve(path)).href).catch(
    (error: NodeJS.ErrnoException) => {
      throw new Error(`--tenant ${path} cannot be loaded: ${explain(error)}`, { cause: error });
    },
  )) as { default?: unknown; tenant?: unknown };
  const found = [module.tenant, module.default].find(isTenant);
  if (!found) {
    throw new Error(
      `--tenant ${path} exports no defineKinde object, neither as \`tenant\` nor by default.`,
    );
  }
  return found;
}

/** Node runs TypeScript by itself from 22.18 on. */
function explain({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return 'this Node does not run TypeScript. Name the built .js file, use Node 22.18 or later, or add a loader: NODE_OPTIONS="--import tsx".';
  }
  if (code === 'ERR_MODULE_NOT_FOUND') {
    return 'there is no such module, or it imports one that is not there.';
  }
  return message;
}
