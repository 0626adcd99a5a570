import { html } from 'hono/html';
import type { JournalEntry } from '../journal/entries.js';
import type { Journal } from '../journal/journal.js';
import type { Html } from '../pages/html.js';
import { cut, timeOf, when } from './parts.js';

/** How something that an app has to do went. */
interface Found {
  readonly how: 'ok' | 'no' | 'hm';
  readonly text?: string | undefined;
  readonly flow?: string | undefined;
}

/** Something that an app has to do, and how an entry of the journal shows that it did. */
interface Milestone {
  readonly name: string;
  readonly find: (entry: JournalEntry) => Found | undefined;
}

const MILESTONES: readonly Milestone[] = [
  { name: 'Read the discovery document', find: asked('/.well-known/openid-configuration') },
  { name: 'Sent a user to sign in', find: step('authorize') },
  { name: 'Exchanged the code', find: step('exchange') },
  { name: 'Fetched the keys', find: asked('/.well-known/jwks', '/.well-known/jwks.json') },
  { name: 'Refreshed the tokens', find: step('refresh') },
  { name: 'Signed out here, too', find: step('logout') },
  { name: 'Answered a webhook', find: answeredWebhook },
];

/** What the app did so far, each from the newest entry of the journal that shows it. */
export function soFar(journal: Journal): Html {
  const entries = journal.after(0);
  return html`<ol class="steps">
      ${MILESTONES.map((milestone) => line(milestone, entries))}
    </ol>
    <div class="foot"><p class="soft">From what your app asked, not from what it says.</p></div>`;
}

const SAID = { ok: 'done', no: 'failed', hm: 'done, with a remark' } as const;

function line({ name, find }: Milestone, entries: readonly JournalEntry[]): Html {
  const entry = entries.findLast((one) => find(one) !== undefined);
  const found = entry && find(entry);
  if (!found) {
    return html`<li class="todo"><span></span><span>${name}</span><small>not yet</small></li>`;
  }
  const { flow, how, text } = found;
  const detail = (said: string) =>
    flow
      ? html`<a href="/emulator/sign-ins/${encodeURIComponent(flow)}">${cut(said)}</a>`
      : cut(said);
  return html`<li>
    <span class="${how}"><span class="unseen">${SAID[how]}</span></span>
    <span>${name} ${when(text, (said) => html`<br /><small>${detail(said)}</small>`)}</span>
    ${timeOf(entry.at)}
  </li>`;
}

function asked(...paths: readonly string[]): Milestone['find'] {
  return (entry) => {
    if (entry.kind !== 'request' || !paths.includes(entry.path)) {
      return undefined;
    }
    const isWell = entry.status >= 200 && entry.status < 400;
    return isWell ? { how: 'ok' } : { how: 'no', text: `Answered with ${entry.status}` };
  };
}

const HOW = { ok: 'ok', failed: 'no', remarked: 'hm' } as const;

function step(name: string): Milestone['find'] {
  return (entry) => {
    if (entry.kind !== 'step' || entry.step !== name) {
      return undefined;
    }
    const { flow, outcome, text } = entry;
    return { how: HOW[outcome], text, flow };
  };
}

function answeredWebhook(entry: JournalEntry): Found | undefined {
  if (entry.kind !== 'delivery') {
    return undefined;
  }
  const { status, type } = entry;
  return status === 200
    ? { how: 'ok', text: type }
    : { how: 'no', text: `${type}: ${status}, where only 200 counts` };
}
