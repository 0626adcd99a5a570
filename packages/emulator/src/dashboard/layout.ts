import { html } from 'hono/html';
import type { Html } from '../pages/html.js';
import { SCRIPT_PATH, STYLE_PATH } from './assets.js';
import { cut, when } from './parts.js';

/** What every page of the dashboard shows around its content. */
export interface Frame {
  /** Name of the environment. */
  readonly environment: string;
  /** Issuer of its tokens. */
  readonly issuer: string;
  /** What is not ordinary about the time, such as `2 days ahead`; absent for real time. */
  readonly clock?: string | undefined;
  /** Names of the faults that are armed. */
  readonly faults: readonly string[];
  /** Numbers beside the links to the pages. */
  readonly counts: Counts;
  /** Origins that a form may lead to, beside the dashboard's own: the app and the issuer. */
  readonly formTargets: readonly string[];
  /** What the last form did. */
  readonly notice?: Notice | undefined;
}

/** Numbers beside the links to the pages. */
export interface Counts {
  /** Sign-ins that are kept. */
  readonly signIns: number;
  /** Sign-ins that failed. */
  readonly failed: number;
  /** Requests that are kept. */
  readonly requests: number;
}

/** What a form did, and how a program does the same. */
export interface Notice {
  /** What was done, or why not, in a sentence. */
  readonly text: string;
  /** The call of the control API that does the same, such as `DELETE /emulator/api/v1/clock`. */
  readonly call?: string | undefined;
  /** Whether it failed. @default false */
  readonly isProblem?: boolean;
}

/** Pages that the navigation knows. */
export type Section = 'start' | 'sign-ins' | 'requests' | 'clock' | 'faults';

/** A page of the dashboard, without what is around it. */
export interface View {
  /** Title of the document, and the heading where the content has none of its own. */
  readonly title: string;
  /** Page of the navigation that it belongs to. */
  readonly current: Section;
  /** What the page shows, below the heading. */
  readonly content: Html;
  /** Whether `content` begins with its own `<h1>`. @default false */
  readonly hasHeading?: boolean;
  /** HTTP status. @default 200 */
  readonly status?: number;
}

/** A whole page of the dashboard. Needs no JavaScript. */
export function dashboardPage(frame: Frame, view: View): Response {
  const { title, content, hasHeading = false, status = 200 } = view;
  const body = html`<a class="skip" href="#main">To the content</a>
    ${banner(frame)}
    <div class="frame">
      ${navigation(frame, view.current)}
      <main id="main" tabindex="-1">
        ${when(frame.notice, noticeLine)} ${when(!hasHeading, () => html`<h1>${title}</h1>`)}
        ${content}
      </main>
    </div>
    ${keys()}`;
  return documentOf({ title, body, status, formTargets: frame.formTargets, script: true });
}

/** A page for somebody whose browser may not see the dashboard. Needs no JavaScript and has none. */
export function plainPage(view: {
  readonly title: string;
  readonly content: Html;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}): Response {
  const body = html`<header class="banner"><b>${NOT_KINDE}</b></header>
    <main id="main" class="alone">
      <h1>${view.title}</h1>
      ${view.content}
    </main>`;
  return documentOf({ status: 200, headers: {}, ...view, body, formTargets: [], script: false });
}

const NOT_KINDE = 'Local Kinde emulator — not the real Kinde';

function documentOf({
  title,
  body,
  status,
  formTargets,
  script,
  headers,
}: {
  readonly title: string;
  readonly body: Html;
  readonly status: number;
  readonly formTargets: readonly string[];
  readonly script: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}): Response {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Local Kinde emulator</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${STYLE_PATH}" />
        ${when(script, () => html`<script src="${SCRIPT_PATH}" defer></script>`)}
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  return new Response(String(document), {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      ...protection(formTargets),
      ...headers,
    },
  });
}

/** Headers that keep pages of other origins, also those of other ports, from reading, framing or holding this one. */
export function protection(formTargets: readonly string[] = []): Record<string, string> {
  return {
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      "style-src 'self'",
      "script-src 'self'",
      "connect-src 'self'",
      'img-src data:',
      `form-action 'self' ${formTargets.join(' ')}`.trim(),
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // With `no-referrer`, browsers would send forms with `Origin: null`.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}

/** Always says what is not ordinary, each with a button that undoes it. */
function banner({ environment, clock, faults }: Frame): Html {
  return html`<header class="banner" id="banner" data-live="clock fault state">
    <b>${NOT_KINDE}</b>
    <span class="end">
      <span>Environment <strong>${cut(environment)}</strong></span>
      ${when(
        clock,
        (text) =>
          html`<form method="post" action="/emulator/clock">
            Clock <a href="/emulator/clock">${text}</a>
            <button name="do" value="real">Back to real time</button>
          </form>`,
      )}
      ${when(
        faults.length > 0,
        () =>
          html`<form method="post" action="/emulator/faults">
            Faults <a href="/emulator/faults">${faults.length} armed: ${listed(faults)}</a>
            <button name="do" value="clear">Remove</button>
          </form>`,
      )}
    </span>
  </header>`;
}

/** The first three names: more do not fit on a line. */
function listed(names: readonly string[]): string {
  const rest = names.length - 3;
  const shown = names.slice(0, 3).map(cut).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}

function navigation({ counts, faults, clock }: Frame, current: Section): Html {
  const link = (section: Section, path: string, text: string, note: Html | string = '') =>
    html`<a href="/emulator${path}" ${when(section === current, () => html`aria-current="page"`)}
      >${text} ${note}</a
    >`;
  const failed = html`<small class="bad">${counts.failed} failed</small>`;
  const small = (text: string | number) => html`<small>${text}</small>`;
  return html`<nav class="side" aria-label="Dashboard" id="side" data-live="*">
    ${link('start', '', 'Start')}
    <p>Watch</p>
    ${link('sign-ins', '/sign-ins', 'Sign-ins', counts.failed > 0 ? failed : small(counts.signIns))}
    ${link('requests', '/requests', 'Requests', small(counts.requests))}
    <p>Control</p>
    ${link(
      'clock',
      '/clock',
      'Clock',
      when(clock, () => small('moved')),
    )}
    ${link(
      'faults',
      '/faults',
      'Faults',
      when(faults.length > 0, () => small(`${faults.length} armed`)),
    )}
  </nav>`;
}

const DONE = { look: '', mark: 'ok', role: 'status' } as const;
const PROBLEM = { look: 'wrong', mark: 'no', role: 'alert' } as const;

function noticeLine({ text, call, isProblem = false }: Notice): Html {
  const { look, mark, role } = isProblem ? PROBLEM : DONE;
  return html`<div class="notice ${look}" role="${role}">
    <p><span class="${mark}"></span>${text}</p>
    ${when(call, (same) => html`<p class="soft">The control API does the same: <code>${same}</code></p>`)}
  </div>`;
}

/** What `?` shows. Only the script opens it. */
function keys(): Html {
  return html`<dialog id="keys" aria-labelledby="keys-title">
    <h2 id="keys-title">Keys</h2>
    <dl>
      <dt><kbd>/</kbd></dt>
      <dd>goes to the search field</dd>
      <dt><kbd>?</kbd></dt>
      <dd>shows this</dd>
    </dl>
    <label><input type="checkbox" id="keys-on" checked /> Use these keys</label>
    <form method="dialog"><button>Close</button></form>
  </dialog>`;
}
