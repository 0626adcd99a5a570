import { html } from 'hono/html';
import type { EntryKinds, JournalEntry } from '../journal/entries.js';
import type { Html } from '../pages/html.js';
import type { Flow } from '../flows/flow.js';
import { titleOfFlow } from './sign-ins.js';
import type { Visit } from './visit.js';
import { cut, dateOf, timeOf, when } from './parts.js';

const MOST = 12;

/** A line of the feed. */
interface Line {
  readonly text: Html | string;
  readonly pill?: string | undefined;
  readonly look?: 'well' | 'wrong' | 'plain';
}

type Words = {
  readonly [Kind in keyof EntryKinds]?: (entry: JournalEntry<Kind>, flows: Visit['flows']) => Line;
};

const FAULTS = {
  armed: { pill: 'armed', look: 'plain' },
  hit: { pill: 'hit', look: 'wrong' },
  cleared: { pill: 'removed', look: 'plain' },
} as const;

/** How to say what happened. Requests have a page of their own. */
const WORDS: Words = {
  step: ({ flow, outcome, text }, flows) => ({
    text: html`<a href="/emulator/sign-ins/${encodeURIComponent(flow)}">${cut(nameOf(flows.get(flow)))}</a
      ><br /><span class="soft">${cut(text)}</span>`,
    ...{
      ok: { pill: 'done', look: 'well' as const },
      failed: { pill: 'failed', look: 'wrong' as const },
      remarked: { pill: 'remark' },
    }[outcome],
  }),
  event: ({ type }) => ({ text: html`<code>${cut(type)}</code>`, pill: 'event', look: 'plain' }),
  delivery: ({ attempt, endpoint, next, status, type }) => ({
    text: html`<code>${cut(type)}</code> to ${cut(endpoint.replace(/^https?:\/\//, ''))}${when(attempt > 1, () => html`, attempt ${attempt}`)}${when(next, () => html`, again later`)}`,
    pill: String(status),
    look: status === 200 ? 'well' : 'wrong',
  }),
  fault: ({ name, path, what }) => ({
    text: html`Fault <a href="/emulator/faults">${cut(name)}</a> ${when(path, (at) => html`<code>${cut(at)}</code>`)}`,
    ...FAULTS[what],
  }),
  clock: ({ to }) => ({
    text: html`<a href="/emulator/clock">Clock</a>: ${dateOf(to)}`,
    pill: 'time',
    look: 'plain',
  }),
  seed: ({ changes, problems, what }) => ({
    text: `Seed: ${cut([...changes, ...problems].join(', ') || 'no change')}`,
    pill: what,
    look: what === 'merged' ? 'plain' : 'wrong',
  }),
  state: ({ name, what }) => ({ text: `State: ${cut(name)}`, pill: what, look: 'plain' }),
  keys: () => ({ text: 'The signing key was replaced', pill: 'keys', look: 'plain' }),
  remark: ({ text }) => ({ text: cut(text), pill: 'remark' }),
};

/** What happened last, newest first. Of a sign-in its newest step. */
export function feed({ flows, state }: Pick<Visit, 'flows' | 'state'>): Html {
  const entries = latest(state.journal.after(0));
  if (entries.length === 0) {
    return html`<p class="empty">Nothing yet. Sign in to your app, and it appears here.</p>`;
  }
  return html`<ul class="feed">
    ${entries.map((entry) => line(entry, sayOf(entry, flows)))}
  </ul>`;
}

function latest(entries: readonly JournalEntry[]): JournalEntry[] {
  const found: JournalEntry[] = [];
  const flows = new Set<string>();
  for (const entry of entries.toReversed()) {
    const isOlderStep = entry.kind === 'step' && flows.has(entry.flow);
    if (WORDS[entry.kind] === undefined || isOlderStep) {
      continue;
    }
    found.push(entry);
    if (entry.kind === 'step') {
      flows.add(entry.flow);
    }
    if (found.length === MOST) {
      break;
    }
  }
  return found;
}

function sayOf(entry: JournalEntry, flows: Visit['flows']): Line {
  const say = WORDS[entry.kind] as (entry: JournalEntry, flows: Visit['flows']) => Line;
  return say(entry, flows);
}

function line(entry: JournalEntry, { text, pill, look }: Line): Html {
  return html`<li>
    ${timeOf(entry.at)}<span>${text}</span>${when(pill, (said) => html`<span class="pill ${look ?? ''}">${cut(said)}</span>`)}
  </li>`;
}

function nameOf(flow: Flow | undefined): string {
  return flow ? titleOfFlow(flow) : 'A sign-in';
}
