import { html } from 'hono/html';
import { verdictOf } from '../findings/findings.js';
import type { Flow, FlowOutcome, Flows } from '../flows/flow.js';
import { printable } from '../flows/parameters.js';
import type { Html } from '../pages/html.js';
import type { State } from '../state/state.js';

/** Where sign-ins are shown. */
export const SIGN_INS_PATH = '/emulator/sign-ins';

/** What the pages of sign-ins are made of. */
export interface SignInsParts {
  /** Sign-ins that are kept. */
  readonly flows: Flows;
  /** State of the local Kinde. */
  readonly state: Pick<State, 'clock'>;
}

/** Sign-ins on a page. */
const A_PAGE = 50;

/** How a flow stands, in words, and the class of its mark. */
export const OUTCOMES: Readonly<Record<FlowOutcome, readonly [words: string, look: string]>> = {
  waiting: ['at a page', 'plain'],
  returned: ['not exchanged yet', 'plain'],
  succeeded: ['succeeded', 'well'],
  failed: ['failed', 'wrong'],
  ended: ['signed out', 'plain'],
};

/** What to do about a sign-in whose code is not exchanged: the app’s error page may have led here, and only it knows more. */
export const NOT_EXCHANGED =
  'The browser went back to the app with a code, which is not exchanged yet. Where the app shows an error, the cause is in ' +
  'that one: often it did not find the state that it had kept, in a cookie of another host or browser.';

/** The list of sign-ins, newest first: filtered by `person` and `outcome`, 50 for each `page`. */
export function signInsContent({ flows, state }: SignInsParts, query: URLSearchParams): Html {
  const person = printable(query.get('person')?.trim() ?? '', 100);
  const outcome = outcomeOf(query.get('outcome'));
  const found = flows.list({ ...(person && { person }), ...(outcome && { outcome }) });
  const pages = Math.max(1, Math.ceil(found.length / A_PAGE));
  const page = Math.min(pages, Math.max(1, Math.floor(Number(query.get('page'))) || 1));
  const shown = found.slice((page - 1) * A_PAGE, page * A_PAGE);
  return html`<p class="soft">
      What your app and its users did to sign in, step by step, and why it failed. The last 500 are
      kept. <a href="${SIGN_INS_PATH}?outcome=failed">Only those that failed</a>
    </p>
    ${filterForm(person, outcome)}
    <div id="sign-ins" data-live="step state">
      <p class="soft">${counted(found.length, 'sign-in')}, page ${page} of ${pages}</p>
      <div class="card scroll">${list(shown, state)}</div>
      <p class="row">
        ${page > 1 && pageLink(query, page - 1, 'Newer')}
        ${page < pages && pageLink(query, page + 1, 'Older')}
      </p>
    </div>`;
}

/** The sign-in that an address of the app names: by the hash of its `state`, or with `latest` the newest of a client. */
export function flowNamed(
  { flows }: SignInsParts,
  hash: string,
  query: URLSearchParams,
): Flow | undefined {
  return hash === 'latest' ? flows.latestOf(query.get('client_id') ?? '') : flows.ofState(hash);
}

/** Says that a sign-in is not known (any more). */
export function unknownSignInContent(): Html {
  return html`<p>
      This local Kinde knows no such sign-in. It keeps the last 500, and forgets them when it stops
      or is reset.
    </p>
    <p>
      If your app has just failed, its request may not have come here at all: compare the issuer
      that it is set to with the address of this page.
    </p>
    <p><a class="button" href="${SIGN_INS_PATH}">All sign-ins</a></p>`;
}

/** Title of a flow, such as `Sign-in by Grace Hopper`. */
export function titleOfFlow({ kind, person, application }: Flow): string {
  const app = application ?? 'an unknown application';
  switch (kind) {
    case 'machine':
      return `Machine token of ${app}`;
    case 'keys':
      return 'Keys and discovery';
    case 'other':
      return `Request of ${app}`;
    default:
      return person === undefined ? `Sign-in to ${app}` : `Sign-in by ${person}`;
  }
}

/** A number of things, such as `2 remarks`. */
export function counted(count: number, thing: string): string {
  return `${count || 'no'} ${thing}${count === 1 ? '' : 's'}`;
}

/** A time of day, with the whole date in `datetime`. */
export function clockTime(seconds: number): Html {
  const date = new Date(seconds * 1_000);
  return html`<time datetime="${date.toISOString()}">${date.toTimeString().slice(0, 8)}</time>`;
}

function outcomeOf(text: string | null): FlowOutcome | undefined {
  return Object.keys(OUTCOMES).find((name) => name === text) as FlowOutcome | undefined;
}

function filterForm(person: string, outcome: FlowOutcome | undefined): Html {
  const options = Object.entries(OUTCOMES).map(
    ([value, [words]]) =>
      html`<option value="${value}" ${value === outcome && 'selected'}>${words}</option>`,
  );
  return html`<form method="get" action="${SIGN_INS_PATH}" class="row" role="search">
    <label>User <input type="search" name="person" value="${person}" maxlength="100" /></label>
    <label
      >Outcome
      <select name="outcome">
        <option value="">any</option>
        ${options}
      </select></label
    >
    <button>Filter</button>
  </form>`;
}

function list(flows: readonly Flow[], state: SignInsParts['state']): Html {
  if (flows.length === 0) {
    return html`<p class="pad soft">None yet. Sign in to your app, and it appears here.</p>`;
  }
  return html`<table class="stack">
    <caption class="unseen">Sign-ins</caption>
    <thead>
      <tr>
        ${HEAD.map((name) => html`<th scope="col">${name}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${flows.map((flow) => row(flow, state))}
    </tbody>
  </table>`;
}

const HEAD = ['Time', 'What', 'Application', 'Organization', 'Outcome', 'Why'];

function row(flow: Flow, state: SignInsParts['state']): Html {
  const [words, look] = OUTCOMES[flow.outcome];
  return html`<tr>
    <td>${clockTime(flow.at)}</td>
    <td><a href="${SIGN_INS_PATH}/${flow.id}">${titleOfFlow(flow)}</a></td>
    <td>${flow.application ?? flow.clientId ?? '–'}</td>
    <td>${flow.organization ?? '–'}</td>
    <td><span class="pill ${look}">${words}</span></td>
    <td>${verdictOf(flow, state)?.says ?? ''}</td>
  </tr>`;
}

function pageLink(query: URLSearchParams, page: number, text: string): Html {
  const to = new URLSearchParams({ page: String(page) });
  for (const name of ['person', 'outcome']) {
    to.set(name, query.get(name) ?? '');
  }
  return html`<a class="button" href="${SIGN_INS_PATH}?${to.toString()}">${text}</a>`;
}
