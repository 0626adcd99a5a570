import { html } from 'hono/html';
import type { Html } from '../pages/html.js';
import { nameOf as fullNameOf, rolesIn } from '../pages/person.js';
import type { Organization, Person, State } from '../state/state.js';

/** What `render` makes of a value, or nothing where there is none. */
export function when<Value>(value: Value, render: (value: NonNullable<Value>) => Html): Html | '' {
  const isThere = value !== undefined && value !== null && value !== false && value !== '';
  return isThere ? render(value as NonNullable<Value>) : '';
}

/** A table that says what it is about, with a heading for each column; narrow windows show its rows as blocks. */
export function table(view: {
  /** Said by screen readers, and not shown where a heading above says the same. */
  readonly caption: string;
  /** Whether it is shown. @default false */
  readonly showsCaption?: boolean;
  /** Headings of the columns. */
  readonly head: readonly string[];
  /** A list of `<td>` and `<th scope="row">` for each row. */
  readonly rows: readonly Html[];
  /** Classes beside `stack`, such as `dense`. @default none */
  readonly className?: string;
}): Html {
  const head = view.head.map(
    (name) => html`<th scope="col">${name || html`<span class="unseen">Action</span>`}</th>`,
  );
  return html`<table class="stack ${view.className ?? ''}">
    <caption class="${view.showsCaption ? 'pad' : 'unseen'}">
      ${view.caption}
    </caption>
    <thead>
      <tr>
        ${head}
      </tr>
    </thead>
    <tbody>
      ${view.rows.map((row) => html`<tr>${row}</tr> `)}
    </tbody>
  </table>`;
}

/** A time of day, with the whole date in `datetime`. */
export function timeOf(seconds: number): Html {
  const date = new Date(seconds * 1_000);
  return html`<time datetime="${date.toISOString()}">${date.toTimeString().slice(0, 8)}</time>`;
}

/** A day and a time of day, in the time zone of this machine. */
export function dateOf(seconds: number): Html {
  const date = new Date(seconds * 1_000);
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
  const text = `${day}, ${date.toTimeString().slice(0, 8)}`;
  return html`<time datetime="${date.toISOString()}">${text}</time>`;
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** A duration in words, such as `2 days`: the two largest units. */
export function durationOf(seconds: number): string {
  let rest = Math.round(Math.abs(seconds));
  const parts: string[] = [];
  for (const [size, name] of UNITS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) {
      parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
    }
  }
  return parts.slice(0, 2).join(' ') || '0 seconds';
}

/** Copies the text of an element. Hidden where there is no script. */
export function copyButton(id: string, text = 'Copy'): Html {
  return html`<button type="button" data-copy="${id}" hidden>${text}</button>`;
}

/** Name of a user on the pages. */
export function nameOf(person: Person): string {
  return cut(fullNameOf(person));
}

/** A user's organizations, by code. */
export function organizationsOf(
  state: State,
  person: Person,
): { readonly code: string; readonly name: string; readonly roles: string }[] {
  return Object.entries(person.organizations).map(([code, { roles = [] }]) => {
    const organization: Organization | undefined = state.organizations[code];
    return { code, name: cut(organization?.name ?? code), roles: cut(rolesIn(state, roles)) };
  });
}

const LONGEST = 200;

/** At most 200 characters of a text that somebody else chose. */
export function cut(text: string): string {
  const plain = straight(text);
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}

/** A text without characters that turn the direction of what follows, which would make it look like another. */
export function straight(text: string): string {
  return text.replace(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]/g, '');
}

/** Whether a path is of the dashboard itself or of the control API, whose requests are not the app's. */
export function isOwnPath(path: string): boolean {
  const [, first, page] = path.split('/');
  const isForm = ['sign-in', 'register', 'organization', 'allow'].includes(page ?? '');
  return first === 'emulator' && !isForm;
}
