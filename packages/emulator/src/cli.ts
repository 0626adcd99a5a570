#!/usr/bin/env node
// The command line: npx @kindling/emulator.
import { readFileSync } from 'node:fs';
import { COMMANDS, commandIn } from './cli/commands.js';
import { clean } from './cli/print.js';
import { helpOf, readArguments, USAGE_ERROR, usageError } from './cli/options.js';

// Whoever reads the output has seen enough, as in `logs | head`: that is an end in order, and no failure to tell about.
process.stdout.once('error', () => process.kill(process.pid, 'SIGTERM'));
process.stdout.on('error', () => undefined);

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const lines = explain(error as NodeJS.ErrnoException).split('\n');
  console.error(lines.map(clean).join('\n'));
  process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === '--version') {
    console.log(version());
    return 0;
  }
  const { name, rest } = commandIn(args);
  const command = await COMMANDS[name]!.load();
  const given = readArguments(rest, [...command.options, 'help'], process.env);
  if (given.has('help')) {
    console.log(name === 'start' ? help(command.options) : usage(command));
    return 0;
  }
  const extra = given.words[command.words];
  if (extra !== undefined) {
    throw usageError(`"${extra}" was not expected${hintFor(name, command)}`);
  }
  if (given.has('version')) {
    console.log(version());
    return 0;
  }
  return (await command.run(given)) ?? 0;
}

function hintFor(name: string, { usage: text }: { usage: string }): string {
  return name === 'start'
    ? ': a command comes first, before its options.'
    : `: use npx @kindling/emulator ${text}`;
}

function usage({ usage: text, options }: { usage: string; options: Parameters<typeof helpOf>[0] }) {
  return `Usage: npx @kindling/emulator ${text}\n\n${helpOf([...options, 'help'])}`;
}

function help(options: Parameters<typeof helpOf>[0]): string {
  const commands = Object.entries(COMMANDS).map(
    ([name, one]) => `  ${name.padEnd(10)} ${one.help}`,
  );
  return `Usage: npx @kindling/emulator [command] [options]

Runs a local Kinde for development and tests, on this machine only.

Commands:
${commands.join('\n')}

Options of start; npx @kindling/emulator <command> --help has those of the others:
${helpOf([...options, 'help'])}`;
}

function version(): string {
  const file = new URL('../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function explain({ message, code, syscall, name }: NodeJS.ErrnoException): string {
  if (code === 'EADDRINUSE') {
    return `${message}\nFor example: npx @kindling/emulator --port 0`;
  }
  if (code === 'EACCES' && syscall === 'listen') {
    return 'This user may not listen on the port. Choose one above 1023 with --port.';
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOSPC') {
    return `${message}\nState is kept in files: choose another folder with --state <dir>, or keep nothing with --memory.`;
  }
  return name === USAGE_ERROR
    ? `${message}\nRun npx @kindling/emulator --help for the options.`
    : message;
}
