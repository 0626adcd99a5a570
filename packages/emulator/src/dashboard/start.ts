import { html } from 'hono/html';
import type { Html } from '../pages/html.js';
import { findByName, nameToSignIn } from '../state/identities.js';
import type { Person } from '../state/state.js';
import { feed } from './feed.js';
import { protection } from './layout.js';
import { copyButton, cut, nameOf, organizationsOf, table, when } from './parts.js';
import { soFar } from './so-far.js';
import type { Page, Sdk, Visit } from './visit.js';

const KINDLING: Sdk = { name: 'kindling', title: 'Kindling', tried: 'this release' };
/** Users on the page, as on the sign-in page. */
const MOST_PEOPLE = 12;

/** Where to point an app, who can sign in, what the app did so far, and what happened just now. */
export const startPage: Page = {
  path: '/emulator',
  async show(visit) {
    const { control, state } = visit;
    const { environment, version } = await control.status();
    return {
      title: 'Start',
      current: 'start',
      hasHeading: true,
      content: html`<h1>${cut(environment)}</h1>
        <p class="soft">
          <code>${state.issuer}</code> · for <a href="${state.siteUrl}">${state.siteUrl}</a> · version ${version}
        </p>
        <div class="two">
          <div>${await environmentBlock(visit)} ${people(visit)}</div>
          <div>
            <h2>Your app so far</h2>
            <div class="card" id="so-far" data-live="request step delivery state">${soFar(state.journal)}</div>
            <h2>Just now</h2>
            <div class="card" id="feed" data-live="*">${feed(visit)}</div>
          </div>
        </div>`,
    };
  },
};

/** The environment of an app as a file. */
export const environmentPage: Page = {
  path: '/emulator/env',
  async show(visit) {
    const { text } = await visit.control.env({ sdk: chosenSdk(visit).name });
    return new Response(`${text.trimEnd()}\n`, {
      headers: {
        ...protection(),
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': 'attachment; filename=".env"',
      },
    });
  },
};

/** Opens the app, where the sign-in goes without a page. */
export const openAppPage: Page = {
  path: '/emulator/open-app',
  formOn: '/emulator',
  async act(form, { control, state, ...visit }) {
    const person = form.get('person') ?? '';
    const organization = form.get('organization') || undefined;
    const sdk = (visit.sdks ?? []).find(({ name }) => name === form.get('sdk'));
    await control.nextSignIn({ person, ...(organization && { organization }) });
    return {
      to: state.siteUrl + (sdk?.login ?? '/login'),
      text: 'The next sign-in goes without a page.',
    };
  },
};

function chosenSdk({ sdks = [], url }: Visit): Sdk {
  return sdks.find(({ name }) => name === url.searchParams.get('sdk')) ?? sdks[0] ?? KINDLING;
}

async function environmentBlock(visit: Visit): Promise<Html> {
  const { control, sdks = [KINDLING] } = visit;
  const sdk = chosenSdk(visit);
  const { text } = await control.env({ sdk: sdk.name });
  const tab = ({ name, title }: Sdk) =>
    html`<a
      href="/emulator?sdk=${encodeURIComponent(name)}"
      ${when(name === sdk.name, () => html`aria-current="page"`)}
      >${cut(title)}</a
    >`;
  return html`<h2>Point your app here</h2>
    <div class="card">
      <nav class="tabs" aria-label="SDK">${sdks.map(tab)}</nav>
      <pre id="env" class="wrap">${text.trimEnd().split('\n').map(assignment)}</pre>
      <div class="foot">
        <p class="soft">
          The same on every start.
          ${sdk.tried ? `Tried with ${cut(sdk.tried)}.` : 'Written from its documentation, not tried.'}
          ${cut(sdk.note ?? '')}
        </p>
        <span class="row"
          >${copyButton('env')}<a
            class="button"
            href="/emulator/env?sdk=${encodeURIComponent(sdk.name)}"
            >Download</a
          ></span
        >
      </div>
    </div>`;
}

/** A line such as `NAME=value`, whose name is quieter. */
function assignment(line: string): Html {
  const at = line.indexOf('=') + 1;
  return html`<span class="k">${line.slice(0, at)}</span>${line.slice(at)}${'\n'}`;
}

function people(visit: Visit): Html {
  const { state, url } = visit;
  const asked = url.searchParams.get('user')?.trim() ?? '';
  const found = findByName(state, asked);
  const shown = found ? [found] : state.people.slice(0, MOST_PEOPLE);
  const isLong = state.people.length > MOST_PEOPLE;
  return html`<h2>Sign in as</h2>
    ${when(isLong, () => searchForm(visit, { asked, isFound: found !== undefined }))}
    <div class="card" id="users" data-live="event seed state">
      ${shown.length > 0 ? userTable(shown, visit) : html`<p class="empty">Nobody yet: users come from the seed, from the Management API, or by signing up.</p>`}
      ${when(isLong && !found, () => html`<div class="foot"><p class="soft">The first ${MOST_PEOPLE} of ${state.people.length.toLocaleString('en')}.</p></div>`)}
    </div>`;
}

function searchForm(visit: Visit, { asked, isFound }: { asked: string; isFound: boolean }): Html {
  return html`<form class="row" role="search" action="/emulator">
      <input type="hidden" name="sdk" value="${chosenSdk(visit).name}" />
      <label
        >E-mail, user name or phone <input type="search" name="user" value="${cut(asked)}"
      /></label>
      <button>Find</button>
    </form>
    ${when(!isFound && asked !== '', () => html`<p class="soft">No user is called ${cut(asked)}.</p>`)}`;
}

function userTable(people: readonly Person[], visit: Visit): Html {
  return table({
    caption: 'Users who can sign in',
    head: ['User', 'Where', ''],
    rows: people.map((person) => userRow(person, visit)),
  });
}

function userRow(person: Person, visit: Visit): Html {
  const organizations = organizationsOf(visit.state, person);
  const name = nameOf(person);
  const address = cut(nameToSignIn(person) ?? person.id);
  const where = organizations.map((one) => html`<div>${one.name}: ${one.roles}</div>`);
  return html`<td>
      <strong>${name}</strong>
      ${when(address !== name && address, (text) => html`<br /><span class="soft">${text}</span>`)}
    </td>
    <td>${person.isSuspended ? html`<span class="pill wrong">suspended</span>` : where}</td>
    <td class="act">
      <form method="post" action="/emulator/open-app" class="row">
        <input type="hidden" name="person" value="${person.id}" />
        <input type="hidden" name="sdk" value="${chosenSdk(visit).name}" />
        ${when(organizations.length > 1, () => html`<select name="organization" aria-label="Organization of ${name}">${organizations.map(({ code, name: text }) => html`<option value="${code}">${text}</option>`)}</select>`)}
        <button>Open app<span class="unseen"> as ${name}</span></button>
        <button class="quiet" formaction="/emulator/token">
          Token<span class="unseen"> for ${name}</span>
        </button>
      </form>
    </td>`;
}
