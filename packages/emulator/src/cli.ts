#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { refuseTenant, writeEnvironment } from './cli/env-file.js';
import { assignment } from './env/format.js';
import { createEmulator, type Emulator } from './emulator.js';
import type { Seed } from './seed/seed.js';
import type { Person, State } from './state/state.js';

const HELP = `Usage: kinde-emulator [options]

Runs a local Kinde for development and tests, on this machine only.

  --port <number>   port to listen on; 0 takes a free one (default 4455)
  --site <url>      address of your app (default http://localhost:3000)
  --seed <file>     tenant as JSON or YAML: permissions, roles, flags, organizations, people,
                    and optionally applications and apis
  --env <file>      sets your app's variables in this file and keeps all others;
                    for: node --env-file=<file>
  --force           replaces the credentials of a Kinde tenant in the file of --env, too
  --help            shows this text
`;

try {
  await main();
} catch (error) {
  console.error(explain(error as NodeJS.ErrnoException));
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4455' },
      site: { type: 'string' },
      seed: { type: 'string' },
      env: { type: 'string' },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    return console.log(HELP);
  }
  const port = Number(values.port);
  if (values.port.trim() === '' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error('--port must be a number from 0 to 65535.');
  }
  if (values.env !== undefined && !values.force) {
    refuseTenant(values.env);
  }
  const emulator = await createEmulator({
    ...(values.site !== undefined && { siteUrl: values.site }),
    ...(values.seed !== undefined && { seed: readSeed(values.seed) }),
  });
  const { url } = await emulator.listen({ port });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void emulator.close());
  }
  if (values.env !== undefined) {
    writeEnvironment(values.env, emulator.env);
  }
  console.log(describe(emulator, url));
}

/** The output at start-up: address, users to sign in as, and environment of the app, whose secret is new at every start. */
function describe({ env, state }: Emulator, url: string): string {
  const users = state.people.map((person) => `  ${describePerson(person, state)}`);
  const variables = linesOf(env).map((line) => `  ${line}`);
  return [
    `Local Kinde at ${url}`,
    `\nUsers to sign in as:\n${users.join('\n')}`,
    `\nEnvironment for your app:\n${variables.join('\n')}`,
    '\nStop with Ctrl-C.',
  ].join('\n');
}

function describePerson({ email, password, organizations }: Person, state: State): string {
  const memberships = Object.entries(organizations).map(([code, { roles = [] }]) => {
    const name = state.organizations[code]?.name ?? code;
    return `${name} (${roles.join(', ') || 'no role'})`;
  });
  const secret = password === undefined ? '' : ` (password ${password})`;
  return `${email}${secret}: ${memberships.join(', ') || 'no organization'}`;
}

function linesOf(env: Emulator['env']): string[] {
  return Object.entries(env).map(([name, value]) => assignment(name, value));
}

function explain({ message, code, syscall }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') {
    return 'The port is already in use. Choose another one with --port; 0 takes a free one.';
  }
  if (code === 'EACCES' && syscall === 'listen') {
    return 'This user may not listen on the port. Choose one above 1023 with --port.';
  }
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    return `${message}\nRun kinde-emulator --help for the options.`;
  }
  return message;
}

/** JSON is YAML, too. */
function readSeed(file: string): Seed {
  try {
    return parse(readFileSync(file, 'utf8')) as Seed;
  } catch (error) {
    throw new Error(`--seed: ${file} cannot be read as JSON or YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
