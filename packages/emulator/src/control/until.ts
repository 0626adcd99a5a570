import type { EntryKinds, JournalEntry } from '../journal/entries.js';
import type { Control } from './control.js';
import { ControlError } from './error.js';

/** Seconds that `until` waits unless told otherwise, and that one call waits. */
const UNTIL = 10;
const LONGEST_WAIT = 60;

/** `until`, made of `journal`: the same in process and over HTTP. */
export function untilOver(journal: Control['journal']): Control['until'] {
  return async (kind, match = {}, { after = 0, wait = UNTIL } = {}) => {
    const isFit = typeof match === 'function' ? match : equalTo(match);
    const end = performance.now() + wait * 1_000;
    for (let next = after; ;) {
      const left = Math.max(0, (end - performance.now()) / 1_000);
      const page = await journal({
        kind,
        after: next,
        wait: Math.min(left, LONGEST_WAIT),
      });
      const found = (page.entries as readonly never[]).find(isFit);
      if (found) {
        return found;
      }
      next = page.next;
      if (left === 0) {
        throw timedOut(kind, match, wait);
      }
    }
  };
}

/** Whether an entry has these values. */
function equalTo<Kind extends keyof EntryKinds>(match: Partial<EntryKinds[Kind]>) {
  const wanted = Object.entries(match).filter(([, value]) => value !== undefined);
  return (entry: JournalEntry<Kind>) =>
    wanted.every(([name, value]) => (entry as unknown as Record<string, unknown>)[name] === value);
}

function timedOut(kind: string, match: object, wait: number): ControlError {
  const what =
    typeof match === 'function' ? 'that passes the test' : `with ${JSON.stringify(match)}`;
  const why = `No journal entry of the kind ${kind} ${what} came within ${wait} seconds.`;
  return new ControlError('timed_out', why);
}
