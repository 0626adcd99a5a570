import type { JournalEntry } from '../journal/entries.js';
import { clean, timeOf } from './print.js';

type Line<Kind extends JournalEntry['kind']> = (entry: JournalEntry<Kind>, url: string) => string;

/** Changes of a seed that are named in its line. */
const MOST_CHANGES = 8;

/** Steps that are told although nothing is wrong with them: what they come to, not how. */
const TOLD = ['exchange', 'machine', 'logout'];

/** What is told on the terminal of each kind of entry; kinds that are missing are not told. */
const LINES: { readonly [Kind in JournalEntry['kind']]?: Line<Kind> } = {
  step({ outcome, text, flow, step }, url) {
    if (outcome === 'ok' && !TOLD.includes(step)) {
      return '';
    }
    const where = outcome === 'ok' ? '' : `\n          ${url}/emulator/sign-ins/${flow}`;
    return `${outcome === 'failed' ? 'failed: ' : ''}${clean(text)}${where}`;
  },
  delivery({ type, endpoint, status, next }) {
    const again = next !== undefined && `again at ${timeOf(next)}`;
    return clean([`webhook ${type} to ${endpoint}: ${status}`, again].filter(Boolean).join(', '));
  },
  seed({ what, changes, problems }) {
    if (what === 'merged') {
      const more = changes.length - MOST_CHANGES;
      const end = more > 0 ? `; and ${more} more` : '';
      return clean(`seed merged: ${changes.slice(0, MOST_CHANGES).join('; ')}${end}`);
    }
    return `seed refused, nothing was changed:\n${problems.map(clean).join('\n')}`;
  },
  state({ what, name }) {
    if (what === 'set-aside') {
      return clean(
        `The kept state could not be read. It is in ${name} now, and this start began with the seed.`,
      );
    }
    return clean(`state ${what}: ${name}`);
  },
  fault: ({ name, what, path }) =>
    clean(`fault ${name} ${what}${path === undefined ? '' : `: ${path}`}`),
  remark: ({ text }) => clean(text),
};

/** An entry of the journal as a line for the terminal; `undefined` for what is not told there. */
export function lineOf(entry: JournalEntry, url: string): string | undefined {
  const line = (LINES[entry.kind] as Line<JournalEntry['kind']> | undefined)?.(entry, url);
  if (line) {
    return `${clockOf(entry)}  ${line}`;
  }
  return undefined;
}

/** A request as a line, for those who ask for all that happened. */
export function requestLine(entry: JournalEntry<'request'>): string {
  const { method, path, query, status } = entry;
  return clean(`${clockOf(entry)}  ${method} ${path}${query} ${status}`);
}

function clockOf({ time }: JournalEntry): string {
  return new Date(time).toTimeString().slice(0, 8);
}
