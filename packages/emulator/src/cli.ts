#!/usr/bin/env node
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { createEmulator, type Emulator } from './emulator.js';
import type { Seed } from './seed/seed.js';

const HELP = `kinde-emulator: a local Kinde for development

  --port <number>   port on this machine (default 4455, 0 for a free one)
  --site <url>      origin of your app (default http://localhost:3000)
  --seed <file>     tenant as JSON or YAML: permissions, roles, flags, organizations, people,
                    and optionally applications and apis
  --env <file>      writes your app's environment there, for: node --env-file=<file>
  --help            this text
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

/** What a newcomer needs next: who to be, and lines to paste. The secret is new on every start and worth nothing elsewhere. */
function describe({ env, state }: Emulator, url: string): string {
  const people = state.people.map(({ email, password, organizations }) => {
    const where = Object.entries(organizations).map(
      ([code, { roles = [] }]) =>
        `${state.organizations[code]?.name ?? code} (${roles.join(', ') || 'no role'})`,
    );
    return `  ${email}${password === undefined ? '' : ` (password ${password})`}: ${where.join(', ') || 'no organization'}`;
  });
  return [
    `Local Kinde at ${url}`,
    `\nPeople to sign in as:\n${people.join('\n')}`,
    `\nFor your app's environment:\n${linesOf(env)
      .map((line) => `  ${line}`)
      .join('\n')}`,
    '\nStop with Ctrl-C.',
  ].join('\n');
}

/** The file holds secrets, if only this emulator's, so it is for this user alone. */
function writeEnvironment(file: string, env: Emulator['env']): void {
  writeFileSync(file, `${linesOf(env).join('\n')}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

function linesOf(env: Emulator['env']): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function explain({ message, code }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') {
    return 'That port is taken. Choose another with --port, or 0 for a free one.';
  }
  if (code === 'EACCES') {
    return 'That port is not allowed for this user. Choose one above 1023 with --port.';
  }
  if (code?.startsWith('ERR_PARSE_ARGS')) {
    return `${message}\nTry kinde-emulator --help.`;
  }
  return message;
}

/** JSON is YAML, too. */
function readSeed(file: string): Seed {
  try {
    return parse(readFileSync(file, 'utf8')) as Seed;
  } catch (error) {
    throw new Error(`--seed ${file} cannot be read as JSON or YAML: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
