import type { Auth, Problem } from '@kindling/core';
import { html } from 'hono/html';
import { layout, type Html } from './layout.js';
import type { Todo } from './list.js';

/** The front page, for everybody. */
export function landingPage(auth: Auth): string {
  const welcome = auth.isAuthenticated
    ? html`<h1>Hello ${auth.user.givenName ?? auth.user.email}</h1>
        <p class="lead">
          You are in ${auth.getOrganization()?.orgName ?? 'no organization'}. Your permissions there decide what you can
          do with its todos.
        </p>
        <p class="row">
          <a class="button primary" href="/todos">Open the todos</a
          ><a class="button" href="/profile">See your profile</a>
        </p>`
    : html`<h1>Todos for teams, signed in with Kinde</h1>
        <p class="lead">
          A small app that shows what sign-in gives you: people, organizations, permissions and feature flags, with no
          code of your own for any of them.
        </p>
        <p class="row">
          <a class="button primary" href="/login?return_to=/todos">Sign in</a
          ><a class="button" href="/register?return_to=/todos">Create an account</a>
        </p>`;
  return layout('Welcome', welcome, auth);
}

/** The organization's todos, with the controls that this person's permissions allow. */
export function todosPage(
  auth: Auth,
  todos: readonly Todo[],
  { filter = 'all', error }: { filter?: string; error?: string } = {},
): string {
  const may = (permission: string) => auth.getPermission(permission).isGranted;
  const limit = auth.getFlag('todo_limit', 3).value;
  const shown = todos.filter(({ done }) => filter === 'all' || done === (filter === 'done'));
  const add = may('create:todos')
    ? html`<form class="row" method="post" action="/todos">
        <input
          name="title"
          aria-label="What needs doing?"
          placeholder="What needs doing?"
          maxlength="200"
          required
        /><button class="primary">Add todo</button>
      </form>`
    : html`<p class="note">You can look but not add: your role here does not include <code>create:todos</code>.</p>`;
  const filters = ['all', 'open', 'done'].map(
    (name) =>
      html`<a href="/todos?filter=${name}" ${name === filter ? html` aria-current="page"` : ''}>${name}</a> `,
  );
  return layout(
    'Todos',
    html`<h1>${auth.getOrganization()?.orgName ?? 'Todos'}</h1>
      <p class="soft">
        ${todos.length} of ${limit} todos${auth.getFlag('beta_ui', false).value ? ' · beta features are on' : ''}
      </p>
      ${error ? html`<p class="error" role="alert">${error}</p>` : ''} ${add}
      <p class="soft">Show: ${filters}</p>
      <div class="card">
        ${
          shown.length > 0
            ? html`<ul class="todos">
                ${shown.map((todo) => item(todo, may))}
              </ul>`
            : html`<p class="soft">Nothing here yet.</p>`
        }
      </div>`,
    auth,
  );
}

function item({ id, title, done, by }: Todo, may: (permission: string) => boolean): Html {
  const tick = may('update:todos')
    ? html`<form method="post" action="/todos/${id}/toggle">
        <button class="tick" aria-label="${done ? 'Reopen' : 'Finish'}: ${title}">${done ? '✓' : '○'}</button>
      </form>`
    : html`<span class="tick" aria-hidden="true">${done ? '✓' : '○'}</span>`;
  const remove = may('delete:todos')
    ? html`<form method="post" action="/todos/${id}/delete">
        <button class="quiet" aria-label="Remove: ${title}">Remove</button>
      </form>`
    : '';
  return html`<li>
    ${tick}<span class="title${done ? ' done' : ''}">${title}</span><small class="soft">${by}</small>${remove}
  </li>`;
}

/** Who is signed in, and everything their tokens say. */
export function profilePage(auth: Auth): string {
  const user = auth.isAuthenticated ? auth.user : {};
  const flags = Object.fromEntries(
    Object.values(auth.getFlags()).map(({ code, value }) => [code, value]),
  );
  const about = {
    ...user,
    organization: auth.getOrganization(),
    'all organizations': auth.getUserOrganizations().orgs.map(({ name }) => name),
    roles: auth.getRoles().roles.map(({ name }) => name),
    permissions: auth.getPermissions().permissions,
    ...flags,
  };
  return layout(
    'Profile',
    html`<h1>Profile</h1>
      <p class="soft">Everything here was read from two verified tokens; nothing was asked of the network.</p>
      <div class="card">${rows(about)}</div>
      <h2>Claims of the access token</h2>
      <div class="card">${rows(auth.getClaims())}</div>
      <h2>Claims of the ID token</h2>
      <div class="card">${rows(auth.getClaims('id_token'))}</div>`,
    auth,
  );
}

function rows(values: object): Html {
  const text = (value: unknown) => {
    if (typeof value === 'string') {
      return value;
    }
    return JSON.stringify(value);
  };
  return html`<table>
    ${Object.entries(values).map(
      ([name, value]) =>
        html`<tr>
          <th scope="row">${name}</th>
          <td>${text(value)}</td>
        </tr>`,
    )}
  </table>`;
}

/** Sign-ins that failed and pages that are not for this person, in the app's own design. */
export function problemPage(problem: Problem): string {
  const { status, title, detail, reason, fix, code, retry, inspect } = problem;
  const facts = Object.entries({
    code,
    reason,
    fix,
  }).filter(([, value]) => value !== undefined);
  return layout(
    title,
    html`<p class="soft">${status}</p>
      <h1>${title}</h1>
      <p class="lead">${detail}</p>
      ${facts.length > 0 ? html`<div class="card">${rows(Object.fromEntries(facts))}</div>` : ''}
      <p class="row">
        ${retry ? html`<a class="button primary" href="${retry}">${status === 401 ? 'Sign in' : 'Sign in again'}</a>` : ''}<a class="button" href="/todos"
          >Back to the todos</a
        >
        ${inspect ? html`<a class="button" href="${inspect}">See this sign-in at the local Kinde</a>` : ''}
      </p>`,
  );
}

/** An address that does not exist. */
export function notFoundPage(auth: Auth): string {
  return layout(
    'Not found',
    html`<h1>There is nothing here</h1>
      <p class="row"><a class="button" href="/">Home</a></p>`,
    auth,
  );
}
