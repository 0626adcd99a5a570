import * as v from 'valibot';
import type { JournalEntry } from '../journal/entries.js';
import { SNAPSHOT_NAME } from './snapshots.js';

// Shapes that several operations of the contract share. Sizes are bounded: nothing here is read from a stranger unchecked.

/** Longest text of an input. */
const MOST_TEXT = 2_000;

/** A text of an input. */
export const word = v.pipe(v.string(), v.nonEmpty(), v.maxLength(MOST_TEXT));

/** Name of a snapshot or an environment. */
export const fileName = v.pipe(
  v.string(),
  v.regex(SNAPSHOT_NAME),
  v.description(
    'Lower case letters, digits, dots, hyphens and underscores; at most 64 characters.',
  ),
);

/** Number of a journal entry. */
export const position = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Fields of calls that can wait. */
export const waiting = {
  after: v.optional(
    v.pipe(position, v.description('Number of a journal entry: only later ones count.')),
  ),
  wait: v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(60), v.description('Seconds to wait.')),
  ),
};

/** Seconds, or text such as `90s`, `5m`, `2h`, `3d`. */
export const duration = v.pipe(
  v.union([v.number(), v.pipe(v.string(), v.maxLength(40))]),
  v.description('Seconds, or text such as 90s, 5m, 2h, 3d.'),
);

/** Any JSON object. */
export const object = v.record(v.string(), v.unknown());

/** What every changing call answers. */
export const changed = { journal: position };

const number = v.number();
const text = v.string();
const texts = v.array(text);
const common = {
  number: position,
  at: number,
  time: number,
};
const maybeText = v.exactOptional(text);

/** A request in the journal. */
export const requestEntry = v.object({
  kind: v.literal('request'),
  ...common,
  method: text,
  path: text,
  query: text,
  status: number,
  ms: number,
  client: maybeText,
  userAgent: maybeText,
  fault: maybeText,
  flow: maybeText,
});

/** A call of a webhook in the journal. */
export const deliveryEntry = v.object({
  kind: v.literal('delivery'),
  ...common,
  id: text,
  type: text,
  endpoint: text,
  attempt: number,
  status: v.union([number, text]),
  next: v.exactOptional(number),
});

/** An entry of the journal. */
export const journalEntry: v.GenericSchema<unknown, JournalEntry> = v.variant('kind', [
  requestEntry,
  deliveryEntry,
  v.object({
    kind: v.literal('step'),
    ...common,
    flow: text,
    step: text,
    outcome: v.picklist(['ok', 'failed', 'remarked']),
    text,
  }),
  v.object({
    kind: v.literal('event'),
    ...common,
    event: text,
    type: text,
    about: maybeText,
  }),
  v.object({
    kind: v.literal('fault'),
    ...common,
    id: text,
    name: text,
    what: v.picklist(['armed', 'hit', 'cleared']),
    path: maybeText,
  }),
  v.object({
    kind: v.literal('clock'),
    ...common,
    from: number,
    to: number,
  }),
  v.object({
    kind: v.literal('seed'),
    ...common,
    what: v.picklist(['merged', 'refused']),
    changes: texts,
    problems: texts,
  }),
  v.object({
    kind: v.literal('state'),
    ...common,
    what: v.picklist(['reset', 'restored', 'saved', 'set-aside']),
    name: text,
  }),
  v.object({
    kind: v.literal('keys'),
    ...common,
    kid: text,
    keepOld: number,
  }),
  v.object({
    kind: v.literal('remark'),
    ...common,
    text,
  }),
]);

/** Kinds of journal entries. */
export const KINDS = [
  'request',
  'step',
  'event',
  'delivery',
  'fault',
  'clock',
  'seed',
  'state',
  'keys',
  'remark',
] as const satisfies readonly JournalEntry['kind'][];
