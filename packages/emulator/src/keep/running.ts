import { rmSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { readText, writeFirst, writeText } from './files.js';

// Who uses a state file. Two processes that write one would each undo what the other did.

/** The process that uses a state file. */
export interface Running {
  /** Version of this form. */
  readonly version: 1;
  /** Id of the process. */
  readonly pid: number;
  /** When that process started, in real milliseconds. */
  readonly startedAt: number;
  /** Address that it serves; absent until it listens. */
  readonly url?: string;
}

/** Milliseconds in which half a file becomes a whole one, unless who wrote it is gone. */
const WRITING = 100;
const ANSWER_WITHIN = 1_000;
/** Milliseconds between two readings of when a process started. */
const CLOCK_ERROR = 2_000;

/**
 * Claims a state file for this process.
 * @throws Error that says where the other process is, if there is one
 */
export async function claim(file: string, state: string): Promise<void> {
  const mine = JSON.stringify(me());
  if (writeFirst(file, mine)) {
    return;
  }
  const found = textIn(file);
  const other = runningOf(found);
  if (other && (await isRunning(other))) {
    const where = other.url === undefined ? '' : ` at ${other.url}`;
    throw new Error(
      `${state} is used by another local Kinde (process ${other.pid})${where}. ` +
        'Use that one, stop it, or start this one with another environment or folder: --environment <name>, --state <dir>, --memory.',
    );
  }
  if (!other) {
    await setTimeout(WRITING);
  }
  // Another one that starts at this moment may have come first.
  if (textIn(file) === found) {
    rmSync(file, { force: true });
    if (writeFirst(file, mine)) {
      return;
    }
  }
  throw new Error(`${state} was claimed by another local Kinde at this moment. Start again.`);
}

/** Writes down the address of this process. */
export function announce(file: string, url: string): void {
  writeText(file, JSON.stringify(me(url)));
}

/** Gives the state file up. */
export function release(file: string): void {
  if (readRunning(file)?.pid === process.pid) {
    rmSync(file, { force: true });
  }
}

/** Reads who uses a state file, or used it last; `undefined` where nobody does. */
export function readRunning(file: string): Running | undefined {
  return runningOf(textIn(file));
}

function textIn(file: string): string {
  try {
    return readText(file) ?? '';
  } catch {
    return '';
  }
}

function runningOf(text: string): Running | undefined {
  try {
    const { pid, startedAt, url } = Object(JSON.parse(text)) as Running;
    if (!Number.isSafeInteger(pid) || typeof startedAt !== 'number') {
      return undefined;
    }
    return { version: 1, pid, startedAt, ...(typeof url === 'string' && { url }) };
  } catch {
    // Half a file, of a process that was killed as it wrote.
    return undefined;
  }
}

/** Whether a process that wrote itself down is still there: its id may have gone to another one. */
export async function isRunning({ pid, startedAt, url }: Running): Promise<boolean> {
  if (!isAlive(pid)) {
    return false;
  }
  const isMine = pid === process.pid;
  if (isMine && Math.abs(startedAt - me().startedAt) > CLOCK_ERROR) {
    return false;
  }
  return url === undefined || answers(url);
}

function me(url?: string): Running {
  const startedAt = Math.round(Date.now() - process.uptime() * 1_000);
  return { version: 1, pid: process.pid, startedAt, ...(url !== undefined && { url }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of another user: it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether a local Kinde is at an address: sure only where something else answers, or nothing listens. */
async function answers(url: string): Promise<boolean> {
  try {
    // Not a path of Kinde's: nothing of the app is journalled, and no fault is used up.
    const response = await fetch(`${url}/emulator/api/v1/status`, {
      signal: AbortSignal.timeout(ANSWER_WITHIN),
      redirect: 'manual',
    });
    return (await response.text()).includes('"ready":true');
  } catch (error) {
    const { code } = Object((error as Error).cause) as { code?: unknown };
    return code !== 'ECONNREFUSED';
  }
}
