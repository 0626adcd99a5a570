import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const CLI = fileURLToPath(new URL('../../packages/emulator/src/cli.ts', import.meta.url));

/** A local Kinde as its users start it: a process of its own, in an empty project. */
export interface Started {
  readonly url: string;
  readonly env: Record<string, string>;
  /** Token of the control API, from the state folder. */
  token(): string;
  /** Lines that it printed. */
  readonly lines: string[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** An empty project, to start in more than once. `remove` it at the end. */
export function createProject(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-project-'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "project" }');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the command line from its sources. */
function command(folder: string, args: readonly string[]): ChildProcess {
  const { NODE_ENV: _mode, ...env } = process.env;
  return spawn(process.execPath, ['--import', TSX, CLI, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts it, and waits until it says where it is. */
export async function start(folder: string, args: readonly string[] = []): Promise<Started> {
  const child = command(folder, ['--json', '--port', '0', ...args]);
  const lines: string[] = [];
  let errors = '';
  child.stderr!.on('data', (part: Buffer) => (errors += part.toString()));
  const ready = new Promise<{ url: string; env: Record<string, string> }>((resolve, reject) => {
    let rest = '';
    child.once('exit', () => reject(new Error(`It stopped: ${errors}`)));
    child.stdout!.on('data', (part: Buffer) => {
      const parts = (rest + part.toString()).split('\n');
      rest = parts.pop()!;
      lines.push(...parts);
      if (parts[0] !== undefined && lines.length >= 1) {
        resolve(JSON.parse(lines[0]!) as never);
      }
    });
  });
  const { url, env } = await ready;
  return {
    url,
    env,
    lines,
    token: () => readFileSync(join(folder, '.kindling/emulator/default.token'), 'utf8').trim(),
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const over = once(child, 'exit');
        child.kill(signal);
        await over;
      }
    },
  };
}
