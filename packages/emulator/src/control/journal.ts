import type { JournalEntry } from '../journal/entries.js';
import { isAmong } from '../faults/row.js';
import type { State } from '../state/state.js';
import type { JournalPage } from './answers.js';
import type { DeliveryFilter, JournalFilter, RequestFilter, Waiting } from './inputs.js';
import { applicationOf, unknownName } from './lookup.js';
import { KINDS } from './schemas.js';

/** Entries that one answer holds. */
const MOST_ENTRIES = 1_000;

/** `journal` */
export async function journalPage(
  state: State,
  { kind, after = 0, wait = 0 }: JournalFilter & Waiting = {},
): Promise<JournalPage> {
  const { journal } = state;
  const known: readonly string[] = KINDS;
  if (kind !== undefined && !known.includes(kind)) {
    throw unknownName('invalid_input', 'kind of entry', {
      given: kind,
      known,
    });
  }
  const test = (entry: JournalEntry) => kind === undefined || entry.kind === kind;
  await journal.until(test, { after, seconds: wait });
  const all = journal.after(after).filter(test);
  const entries = all.slice(0, MOST_ENTRIES);
  const isWhole = entries.length === all.length;
  const last = entries.at(-1);
  return {
    entries,
    next: isWhole || !last ? Math.max(journal.last, after) : last.number,
  };
}

/** `requests` */
export function requests(
  state: State,
  { after = 0, wait = 0, ...filter }: RequestFilter & Waiting = {},
): Promise<JournalEntry<'request'>[]> {
  return entriesOf(state, requestTest(state, filter), { after, wait });
}

/** `countRequests` */
export function countRequests(state: State, filter: RequestFilter = {}): { count: number } {
  const test = requestTest(state, filter);
  return { count: state.journal.after(0).filter(test).length };
}

/** `deliveries` */
export function deliveries(
  state: State,
  { type, endpoint, status, after = 0, wait = 0 }: DeliveryFilter & Waiting = {},
): Promise<JournalEntry<'delivery'>[]> {
  const test = (entry: JournalEntry): entry is JournalEntry<'delivery'> =>
    entry.kind === 'delivery' &&
    (type === undefined || entry.type === type) &&
    (endpoint === undefined || entry.endpoint === endpoint) &&
    (status === undefined || String(entry.status) === String(status));
  return entriesOf(state, test, { after, wait });
}

function requestTest(state: State, { method, path, client, status }: RequestFilter) {
  const clientId = client === undefined ? undefined : applicationOf(state, client).clientId;
  return (entry: JournalEntry): entry is JournalEntry<'request'> =>
    entry.kind === 'request' &&
    (method === undefined || entry.method === method.toUpperCase()) &&
    (path === undefined || isAmong(entry.path, [path])) &&
    (clientId === undefined || entry.client === clientId) &&
    (status === undefined || entry.status === status);
}

/** Entries that pass a test, the newest thousand; waits until there is one. */
async function entriesOf<Entry extends JournalEntry>(
  { journal }: State,
  test: (entry: JournalEntry) => entry is Entry,
  { after, wait }: { after: number; wait: number },
): Promise<Entry[]> {
  await journal.until(test, { after, seconds: wait });
  return journal.after(after).filter(test).slice(-MOST_ENTRIES);
}
