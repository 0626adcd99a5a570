import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { connect, type Control } from '@kindling/emulator/client';

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const CLI = fileURLToPath(new URL('../../packages/emulator/src/cli.ts', import.meta.url));

/** A local Kinde as its users start it: a process of its own, in an empty project. */
export interface Started {
  readonly url: string;
  readonly env: Record<string, string>;
  /** Its control API, with the token from the state folder. */
  control(): Control;
  /** Text of a page of its dashboard, for a browser that opened it by its link. */
  read(path: string): Promise<string>;
  /** Lines that it printed. */
  readonly lines: string[];
  /** Lines that it printed about what went wrong. */
  readonly errors: string[];
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** An empty project, to start in more than once. `remove` it at the end. */
export function createProject(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-project-'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "project" }');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Runs the command line from its sources. */
export function command(folder: string, args: readonly string[]): ChildProcess {
  const { NODE_ENV: _mode, ...env } = process.env;
  return spawn(process.execPath, ['--import', TSX, CLI, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** How it is started. */
export interface Starting {
  /** Whether it prints JSON for programs, or lines for people. @default true */
  readonly json?: boolean;
}

/** Starts it, and waits until it says where it is. */
export async function start(
  folder: string,
  args: readonly string[] = [],
  { json = true }: Starting = {},
): Promise<Started> {
  const child = command(folder, [...(json ? ['--json'] : []), '--port', '0', ...args]);
  const lines: string[] = [];
  const errors: string[] = [];
  const { url, env } = await new Promise<{ url: string; env: Record<string, string> }>(
    (resolve, reject) => {
      child.once('exit', () => reject(new Error(`It stopped: ${errors.join('\n')}`)));
      onLines(child.stderr!, (line) => errors.push(line));
      onLines(child.stdout!, (line) => {
        lines.push(line);
        if (json && lines.length === 1) {
          resolve(JSON.parse(line) as never);
        } else if (line.startsWith('Stop with')) {
          const variables = lines.filter((one) => /^ +KINDE_/.test(one)).map((one) => one.trim());
          const env = parseEnv(variables.join('\n')) as Record<string, string>;
          resolve({ url: env['KINDE_ISSUER_URL']!, env });
        }
      });
    },
  );
  const token = () => readFileSync(join(folder, '.kindling/emulator/default.token'), 'utf8').trim();
  const control = () => connect({ url, token: token() });
  let cookie: string | undefined;
  return {
    url,
    env,
    lines,
    errors,
    control,
    async read(path) {
      cookie ??= await cookieOf((await control().dashboardLink()).url);
      return seen(await (await fetch(url + path, { headers: { cookie } })).text());
    },
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) {
        const over = once(child, 'exit');
        child.kill(signal);
        await over;
      }
    },
  };
}

async function cookieOf(link: string): Promise<string> {
  const opened = await fetch(link, { redirect: 'manual' });
  return (opened.headers.get('set-cookie') ?? '').split(';')[0]!;
}

/** Text of a page as a reader sees it. */
function seen(page: string): string {
  return page
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}

/** Calls with every whole line of an output. */
function onLines(output: Readable, call: (line: string) => void): void {
  let rest = '';
  output.setEncoding('utf8');
  output.on('data', (part: string) => {
    const parts = (rest + part).split('\n');
    rest = parts.pop()!;
    parts.forEach(call);
  });
}
