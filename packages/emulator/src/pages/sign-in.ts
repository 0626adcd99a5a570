import { html } from 'hono/html';
import { findByName } from '../state/identities.js';
import { likelyPeople, searchPeople } from '../state/people-search.js';
import type { Person, State } from '../state/state.js';
import { page } from './html.js';
import { problem, type Form } from './pages.js';
import { describePerson } from './person.js';

/** Cards on the page: others are found by the search. */
const MOST_CARDS = 12;

/** What the sign-in page shows beside the cards. */
export interface SignInForm extends Form {
  /** What the form is filled with: an e-mail address, user name or phone number. */
  readonly name?: string | undefined;
  /** What the cards are searched for. */
  readonly search?: string | undefined;
}

/** Sign in: cards of users, and the form that a real tenant would show. It asks for a password where there is one. */
export function signInPage(state: State, form: SignInForm): Response {
  const { request, error, name = '' } = form;
  const { password, hashedPassword, mustChangePassword } = findByName(state, name) ?? {};
  const asks = password !== undefined || hashedPassword !== undefined;
  return page(
    'Sign in',
    html`<p class="soft">Choose who to be. One click, no password.</p>
      ${cards(state, form)}
      <h2>Or by e-mail, user name or phone</h2>
      ${problem(error)}
      <form method="post" action="/emulator/sign-in">
        <input type="hidden" name="request" value="${request}" />
        <label>E-mail, user name or phone <input name="email" autocomplete="username" required value="${name}" /></label>
        ${asks ? html`<label>Password <input name="password" type="password" autocomplete="current-password" required autofocus /></label>` : ''}
        ${mustChangePassword ? html`<label>New password <input name="new_password" type="password" autocomplete="new-password" minlength="8" required /></label>` : ''}
        <button class="main">Continue</button>
      </form>
      <p class="soft">No account? <a href="/emulator/register?request=${request}">Create one</a></p>`,
    { status: error ? 400 : 200 },
  );
}

function cards(state: State, { request, search = '' }: SignInForm) {
  const all = state.people.length;
  const found = search.trim() && searchPeople(state, search, MOST_CARDS);
  const { people, count } = found || { people: likelyPeople(state, MOST_CARDS), count: all };
  return html`${all > MOST_CARDS ? searchForm(request, search) : ''}
    <ul aria-label="Users">
      ${people.map((person) => card(state, person, request))}
    </ul>
    ${people.length < count ? html`<p class="soft">${people.length} of ${count} users. Search for others.</p>` : ''}
    ${count === 0 ? html`<p class="soft">No user is found.</p>` : ''}`;
}

function card(state: State, person: Person, request: string) {
  return html`<li>
    <form method="post" action="/emulator/sign-in">
      <input type="hidden" name="request" value="${request}" />
      <button class="person" name="person" value="${person.id}">
        ${describePerson(state, person)}
      </button>
    </form>
  </li>`;
}

function searchForm(request: string, search: string) {
  return html`<form class="search" role="search" action="/emulator/sign-in">
    <input type="hidden" name="request" value="${request}" />
    <input name="search" type="search" maxlength="100" aria-label="Search users" placeholder="Name, e-mail, user name or phone" value="${search}" />
    <button>Search</button>
  </form>`;
}
