import type { JournalEntry } from '../journal/entries.js';
import { WHICH, type Command } from './command.js';
import { lineOf, requestLine } from './lines.js';
import { findRunning } from './running.js';
import { jsonOf, say } from './print.js';

/** Seconds that one question waits for the next entry. */
const WAIT = 30;

/** `logs` */
export const logs: Command = {
  usage: 'logs [--follow] [--json]',
  words: 0,
  options: [...WHICH, 'follow', 'json'],
  async run(given) {
    const running = await findRunning(given);
    const asJson = given.has('json');
    let after = 0;
    let wait = 0;
    for (;;) {
      const page = (await running.call('GET', `/journal?after=${after}&wait=${wait}`)) as {
        entries: readonly JournalEntry[];
        next: number;
      };
      printAll(page.entries, running.url, asJson);
      after = page.next;
      if (page.entries.length > 0 && wait === 0) {
        continue;
      }
      if (!given.has('follow')) {
        return;
      }
      wait = WAIT;
    }
  },
};

function printAll(entries: readonly JournalEntry[], url: string, asJson: boolean): void {
  for (const entry of entries) {
    const line = asJson ? jsonOf(entry) : textOf(entry, url);
    if (line !== undefined) {
      say(line);
    }
  }
}

function textOf(entry: JournalEntry, url: string): string | undefined {
  return entry.kind === 'request' ? requestLine(entry) : lineOf(entry, url);
}
