import { secondsOf } from '../clock.js';
import { WHICH, type Command } from './command.js';
import { usageError } from './options.js';
import { print, timeOf } from './print.js';
import { findRunning, type RunningKinde } from './running.js';

/** `clock` */
export const clock: Command = {
  usage: 'clock [+2h|freeze|unfreeze|real|<time as in ISO 8601>] [--json]',
  words: 1,
  options: [...WHICH, 'json'],
  async run(given) {
    const change = changeOf(given.words[0]);
    const answer = (await change(await findRunning(given))) as { now: number; frozen: boolean };
    const text = timeOf(answer.now) + (answer.frozen ? ', frozen' : '');
    print(answer, given.has('json'), text);
  },
};

function changeOf(word: string | undefined): (running: RunningKinde) => Promise<unknown> {
  const patch = (change: object) => (running: RunningKinde) =>
    running.call('PATCH', '/clock', change);
  switch (word) {
    case undefined:
      return (running) => running.call('GET', '/clock');
    case 'real':
      return (running) => running.call('DELETE', '/clock');
    case 'freeze':
      return patch({ frozen: true });
    case 'unfreeze':
      return patch({ frozen: false });
    default:
      return patch(word.startsWith('+') ? { advance: durationOf(word) } : { now: momentOf(word) });
  }
}

function durationOf(word: string): number {
  try {
    return secondsOf(word);
  } catch (error) {
    throw usageError((error as Error).message);
  }
}

function momentOf(word: string): number {
  const milliseconds = /^\d{4}-/.test(word) ? Date.parse(word) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw usageError(
      `"${word}" is no time: use +2h, freeze, unfreeze, real, or a time such as 2027-01-31T12:00:00Z.`,
    );
  }
  return Math.floor(milliseconds / 1_000);
}
