import { html } from 'hono/html';
import { STATUS_CODES } from 'node:http';
import type { JournalEntry } from '../journal/entries.js';
import type { Html } from '../pages/html.js';
import type { State } from '../state/state.js';
import { harOf } from './har.js';
import { protection } from './layout.js';
import { copyButton, cut, isOwnPath, straight, table, timeOf, when } from './parts.js';
import type { Page } from './visit.js';

type Request = JournalEntry<'request'>;

const PATH = '/emulator/requests';
const A_PAGE = 50;

/** What the app asked, newest first, fifty a page. */
export const requestsPage: Page = {
  path: PATH,
  async show({ state, url }) {
    const filter = url.searchParams;
    const found = requestsOf(state, filter);
    const pages = Math.max(1, Math.ceil(found.length / A_PAGE));
    const page = Math.min(pages, Math.max(1, Math.floor(Number(filter.get('page'))) || 1));
    const shown = found.slice((page - 1) * A_PAGE, page * A_PAGE);
    return {
      title: 'Requests',
      current: 'requests',
      content: html`<p class="soft">
          What was asked of this local Kinde, without the dashboard's own requests. Secrets and bodies
          are not kept.
        </p>
        ${filterForm(filter, state)}
        <div id="requests" data-live="request state">
          <p class="soft">${count(found.length)}${when(pages > 1, () => html`, page ${page} of ${pages}`)}</p>
          <div class="card">${list(shown, state)}</div>
          ${steps(filter, { page, pages })}
        </div>
        <p class="row">
          <a class="button" href="${PATH}.har${queryOf(filter)}">Download as HAR</a>
          <span class="soft">For the network panel of a browser.</span>
        </p>`,
    };
  },
};

/** The same requests as an HTTP archive. */
export const harPage: Page = {
  path: `${PATH}.har`,
  async show({ state, url }) {
    const har = harOf(requestsOf(state, url.searchParams), state.issuer);
    return new Response(JSON.stringify(har, null, 2), {
      headers: {
        ...protection(),
        'content-type': 'application/json',
        'content-disposition': 'attachment; filename="kinde-emulator.har"',
      },
    });
  },
};

/** Requests of the app that fit the filter in an address, newest first. */
function requestsOf(state: State, filter: URLSearchParams): Request[] {
  const given = (name: string) => filter.get(name)?.trim() ?? '';
  const method = given('method').toUpperCase();
  const path = given('path');
  const client = given('client');
  const status = given('status').toLowerCase().replaceAll('x', '');
  return state.journal
    .after(0)
    .filter((entry): entry is Request => entry.kind === 'request' && !isOwnPath(entry.path))
    .filter(
      (entry) =>
        (!method || entry.method === method) &&
        entry.path.includes(path) &&
        (!client || entry.client === client) &&
        String(entry.status).startsWith(status),
    )
    .toReversed();
}

function filterForm(filter: URLSearchParams, { applications }: State): Html {
  const value = (name: string) => cut(filter.get(name) ?? '');
  const options = (name: string, choices: readonly (readonly [string, string])[]) =>
    choices.map(
      ([id, text]) =>
        html`<option value="${id}" ${when(id === value(name), () => html`selected`)}>${text}</option>`,
    );
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  const clients = applications.map(({ clientId, name }) => [clientId, cut(name)] as const);
  return html`<form class="row" role="search" action="${PATH}">
    <label>Path <input type="search" name="path" value="${value('path')}" placeholder="/oauth2" /></label>
    <label
      >Method
      <select name="method">
        <option value="">All</option>
        ${options(
          'method',
          methods.map((name) => [name, name]),
        )}
      </select></label
    >
    <label>Status <input name="status" class="short" value="${value('status')}" placeholder="4xx" /></label>
    <label
      >Application
      <select name="client">
        <option value="">All</option>
        ${options('client', clients)}
      </select></label
    >
    <button>Filter</button>
    ${when(filter.size > 0, () => html`<a href="${PATH}">Show all</a>`)}
  </form>`;
}

function count(number: number): string {
  return number === 1 ? '1 request' : `${number.toLocaleString('en')} requests`;
}

function list(requests: readonly Request[], state: State): Html {
  if (requests.length === 0) {
    return html`<p class="empty">None yet. They appear here as your app asks.</p>`;
  }
  const names = new Map(state.applications.map(({ clientId, name }) => [clientId, name]));
  return table({
    caption: 'Requests, newest first',
    head: ['Time', 'Request', 'Answer', 'Took', 'Application', 'Sign-in'],
    className: 'dense',
    rows: requests.map((request) => row(request, names.get(request.client ?? ''), state.issuer)),
  });
}

function row(request: Request, application: string | undefined, issuer: string): Html {
  const { at, client, fault, flow, method, ms, number, path, query, status } = request;
  const id = `curl-${number}`;
  return html`<td>${timeOf(at)}</td>
    <td>
      <details id="more-${number}">
        <summary><code>${method} ${cut(path)}</code></summary>
        ${when(query, () => html`<pre>${[...new URLSearchParams(query)].map(([name, value]) => `${cut(name)}=${cut(value)}\n`)}</pre>`)}
        <pre id="${id}">${straight(curlOf(request, issuer))}</pre>
        ${copyButton(id, 'Copy as curl')}
      </details>
    </td>
    <td>${statusPill(status)} ${when(fault, (name) => html`<span class="pill">fault ${cut(name)}</span>`)}</td>
    <td>${ms} ms</td>
    <td>${cut(application ?? client ?? '')}</td>
    <td>${when(flow, (id) => html`<a href="/emulator/sign-ins/${encodeURIComponent(id)}">See</a>`)}</td>`;
}

function statusPill(status: number): Html {
  if (status === 0) {
    return html`<span class="pill wrong">no answer</span>`;
  }
  const name = STATUS_CODES[status] ?? '';
  return html`<span class="pill ${status >= 400 ? 'wrong' : 'plain'}">${status} ${name}</span>`;
}

/** The request for a terminal, as far as it is kept: neither its body nor its headers are. */
function curlOf({ method, path, query }: Request, issuer: string): string {
  const url = `'${`${issuer}${path}${query}`.replaceAll("'", `'\\''`)}'`;
  return method === 'GET'
    ? `curl -i ${url}`
    : `curl -i -X ${method} ${url}  # its body and its headers are not kept`;
}

function steps(filter: URLSearchParams, { page, pages }: { page: number; pages: number }) {
  const link = (to: number, text: string) => {
    const query = new URLSearchParams(filter);
    query.set('page', String(to));
    return html`<a class="button" href="${PATH}${queryOf(query)}">${text}</a>`;
  };
  return html`<nav class="row" aria-label="Pages of requests">
    ${when(page > 1, () => link(page - 1, 'Newer'))} ${when(page < pages, () => link(page + 1, 'Older'))}
  </nav>`;
}

function queryOf(filter: URLSearchParams): string {
  const kept = [...filter].filter(([name, value]) => name !== 'done' && value !== '');
  return kept.length > 0 ? `?${new URLSearchParams(kept).toString()}` : '';
}
