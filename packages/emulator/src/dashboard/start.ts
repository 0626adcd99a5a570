import { html } from 'hono/html';
import type { Html } from '../pages/html.js';
import { findByName } from '../state/identities.js';
import type { Person } from '../state/state.js';
import { feed } from './feed.js';
import { protection } from './layout.js';
import { copyButton, cut, nameOf, organizationsOf, table, when } from './parts.js';
import { soFar } from './so-far.js';
import type { Page, Sdk, Visit } from './visit.js';

const KINDLING: Sdk = { id: 'kindling', name: 'Kindling' };
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
            <div class="card" id="feed" data-live="*">${feed(state)}</div>
          </div>
        </div>`,
    };
  },
};

/** The environment of an app as a file. */
export const environmentPage: Page = {
  path: '/emulator/env',
  async show(visit) {
    const { text } = await visit.control.env({ sdk: chosenSdk(visit).id });
    return new Response(text.endsWith('\n') ? text : `${text}\n`, {
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
  async act(form, { control, state, ...visit }) {
    const person = form.get('person') ?? '';
    const organization = form.get('organization') || undefined;
    const sdk = (visit.sdks ?? []).find(({ id }) => id === form.get('sdk'));
    await control.nextSignIn({ person, ...(organization && { organization }) });
    return {
      to: state.siteUrl + (sdk?.loginPath ?? '/login'),
      text: 'The next sign-in goes without a page.',
    };
  },
};

function chosenSdk({ sdks = [], url }: Visit): Sdk {
  return sdks.find(({ id }) => id === url.searchParams.get('sdk')) ?? sdks[0] ?? KINDLING;
}

async function environmentBlock(visit: Visit): Promise<Html> {
  const { control, sdks = [KINDLING] } = visit;
  const sdk = chosenSdk(visit);
  const { values } = await control.env({ sdk: sdk.id });
  const lines = Object.entries(values).map(
    ([name, value]) => html`<span class="k">${name}=</span>${value}${'\n'}`,
  );
  return html`<h2>Point your app here</h2>
    <div class="card">
      <nav class="tabs" aria-label="SDK">
        ${sdks.map(({ id, name }) => html`<a href="/emulator?sdk=${encodeURIComponent(id)}" ${id === sdk.id ? html`aria-current="page"` : ''}>${cut(name)}</a>`)}
      </nav>
      <pre id="env" class="wrap">${lines}</pre>
      <div class="foot">
        <p class="soft">The same on every start.</p>
        <span class="row"
          >${copyButton('env')}<a class="button" href="/emulator/env?sdk=${encodeURIComponent(sdk.id)}">Download</a></span
        >
      </div>
    </div>`;
}

function people(visit: Visit): Html {
  const { state, url } = visit;
  const asked = url.searchParams.get('user')?.trim() ?? '';
  const found = asked ? findByName(state, asked) : undefined;
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
      <input type="hidden" name="sdk" value="${chosenSdk(visit).id}" />
      <label
        >E-mail, user name or phone <input type="search" name="user" value="${cut(asked)}"
      /></label>
      <button>Find</button>
    </form>
    <p class="soft">${asked && !isFound ? `No user is called ${cut(asked)}.` : ''}</p>`;
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
  const address = cut(person.email ?? person.username ?? person.phone ?? person.id);
  const where = organizations.map((one) => html`<div>${one.name}: ${one.roles}</div>`);
  return html`<td>
      <strong>${name}</strong>
      ${when(address !== name && address, (text) => html`<br /><span class="soft">${text}</span>`)}
    </td>
    <td>${person.isSuspended ? html`<span class="pill wrong">suspended</span>` : where}</td>
    <td class="act">
      <form method="post" action="/emulator/open-app" class="row">
        <input type="hidden" name="person" value="${person.id}" />
        <input type="hidden" name="sdk" value="${chosenSdk(visit).id}" />
        ${when(organizations.length > 1, () => html`<select name="organization" aria-label="Organization of ${name}">${organizations.map(({ code, name: text }) => html`<option value="${code}">${text}</option>`)}</select>`)}
        <button>Open app<span class="unseen"> as ${name}</span></button>
        <button class="quiet" formaction="/emulator/token">
          Token<span class="unseen"> for ${name}</span>
        </button>
      </form>
    </td>`;
}
