import { WHICH, type Command } from './command.js';
import { columns, print, timeOf } from './print.js';
import { findRunning } from './running.js';

interface Status {
  readonly version: string;
  readonly issuer: string;
  readonly environment: string;
  readonly now: number;
  readonly frozen: boolean;
  readonly faults: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** `status` */
export const status: Command = {
  usage: 'status [--json]',
  words: 0,
  options: [...WHICH, 'json'],
  async run(given) {
    const running = await findRunning(given);
    const answer = (await running.call('GET', '/status')) as Status;
    const { now, frozen, faults, counts } = answer;
    const rows = [
      ['address', running.url],
      ['issuer', answer.issuer],
      ['environment', answer.environment],
      ['version', answer.version],
      ['time', timeOf(now) + (frozen ? ', frozen' : '')],
      ['faults', faults.join(', ') || 'none'],
      ...Object.entries(counts),
    ] as const;
    print(answer, given.has('json'), columns(rows));
  },
};
