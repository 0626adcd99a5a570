import type { JournalEntry } from '../journal/entries.js';
import { timeOf } from './print.js';

/** An entry of the journal as a line for the terminal; `undefined` for what is not told there. */
export function lineOf(entry: JournalEntry, url: string, withRequests = false): string | undefined {
  const text = textOf(entry, url, withRequests);
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  // Names come from strangers: nothing in them may move the cursor.
  return text === undefined ? undefined : `${time}  ${clean(text)}`;
}

function textOf(entry: JournalEntry, url: string, withRequests: boolean): string | undefined {
  switch (entry.kind) {
    case 'step': {
      const where =
        entry.outcome === 'ok' ? '' : `\n          ${url}/emulator/sign-ins/${entry.flow}`;
      return `${entry.outcome === 'failed' ? 'failed: ' : ''}${entry.text}${where}`;
    }
    case 'delivery': {
      const next = entry.next === undefined ? '' : `, again at ${timeOf(entry.next)}`;
      return `webhook ${entry.type} to ${entry.endpoint}: ${entry.status}${next}`;
    }
    case 'seed':
      return entry.what === 'merged'
        ? `seed merged: ${entry.changes.join('; ')}`
        : `seed refused, nothing was changed:\n${entry.problems.join('\n')}`;
    case 'state':
      return `state ${entry.what}: ${entry.name}`;
    case 'fault':
      return `fault ${entry.name} ${entry.what}${entry.path === undefined ? '' : `: ${entry.path}`}`;
    case 'remark':
      return entry.text;
    case 'request':
      return withRequests
        ? `${entry.method} ${entry.path}${entry.query} ${entry.status}`
        : undefined;
    default:
      return undefined;
  }
}

function clean(text: string): string {
  return text.replaceAll(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/g, '');
}
