import { html } from 'hono/html';
import { findByName, nameToSignIn } from '../state/identities.js';
import type { Person, State } from '../state/state.js';
import { page, type PageOptions } from './html.js';

/** Reference to the pending authorization request, and what went wrong with the last form, if anything. */
export interface Form {
  readonly request: string;
  readonly error?: string | undefined;
}

/** Sign in: a card per person, and the form that a real tenant would show. It asks for a password where there is one. */
export function signInPage(state: State, { request, error }: Form, name = ''): Response {
  const cards = state.people.map(
    (person) =>
      html`<li>
        <form method="post" action="/emulator/sign-in">
          <input type="hidden" name="request" value="${request}" />
          <button class="person" name="person" value="${person.id}">
            ${mark(person)}<strong>${nameOf(person)}</strong><small>${nameToSignIn(person) ?? person.id}</small>${memberships(state, person)}
          </button>
        </form>
      </li>`,
  );
  const { password, hashedPassword, mustChangePassword } = findByName(state, name) ?? {};
  const asks = password !== undefined || hashedPassword !== undefined;
  return page(
    'Sign in',
    html`<p class="soft">Choose who to be. One click, no password.</p>
      <ul aria-label="People">
        ${cards}
      </ul>
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

/** Sign up. */
export function registerPage(
  { request, error }: Form,
  {
    email = '',
    givenName = '',
    familyName = '',
    isInvited = false,
    withOrganization = false,
    orgName = '',
  } = {},
): Response {
  return page(
    'Create your account',
    html`<p class="soft">A new person of this local tenant, until it stops.</p>
      ${problem(error)}
      <form method="post" action="/emulator/register">
        <input type="hidden" name="request" value="${request}" />
        <label>E-mail <input name="email" type="email" autocomplete="email" required value="${email}" ${isInvited ? 'readonly' : ''} /></label>
        <label>First name <input name="given_name" autocomplete="given-name" required value="${givenName}" /></label>
        <label>Last name <input name="family_name" autocomplete="family-name" value="${familyName}" /></label>
        ${withOrganization ? html`<label>Organization <input name="org_name" autocomplete="organization" required value="${orgName}" /></label>` : ''}
        <button class="main">Create account</button>
      </form>
      <p class="soft">Have one already? <a href="/emulator/sign-in?request=${request}">Sign in</a></p>`,
    { status: error ? 400 : 200 },
  );
}

/** Which of several organizations to sign in to. */
export function organizationPage(
  state: State,
  { request }: Form,
  {
    person,
    codes,
    headers,
  }: {
    person: Person;
    codes: readonly string[];
    headers: PageOptions['headers'];
  },
): Response {
  const cards = codes.map(
    (code) =>
      html`<li>
        <form method="post" action="/emulator/organization">
          <input type="hidden" name="request" value="${request}" />
          <button class="person" name="org_code" value="${code}">
            <span class="mark" aria-hidden="true">${(state.organizations[code]?.name ?? code).slice(0, 1)}</span
            ><strong>${state.organizations[code]?.name ?? code}</strong
            ><small>${rolesIn(state, person.organizations[code]?.roles ?? [])} · ${code}</small>
          </button>
        </form>
      </li>`,
  );
  return page(
    'Choose an organization',
    html`<p class="soft">${nameOf(person)} belongs to several.</p>
      <ul aria-label="Organizations">
        ${cards}
      </ul>`,
    { headers },
  );
}

/** Name an organization that is about to be created. */
export function createOrganizationPage(
  { request }: Form,
  headers?: PageOptions['headers'],
): Response {
  return page(
    'Create an organization',
    html`<p class="soft">You will run it.</p>
      <form method="post" action="/emulator/organization">
        <input type="hidden" name="request" value="${request}" />
        <label>Name <input name="org_name" autocomplete="organization" required /></label>
        <button class="main">Create organization</button>
      </form>`,
    { headers },
  );
}

/** Where a person would manage their account at the real Kinde. */
export function portalPage(person: Person): Response {
  return page(
    'Your account',
    html`<p class="soft">Here ${nameOf(person)} would manage their profile, organization and plan.</p>`,
  );
}

/** Signed out, with nowhere to go on to. */
export function loggedOutPage(headers: Record<string, string>): Response {
  return page(
    'You are signed out',
    html`<p class="soft">The session at this local Kinde has ended. You can close this page.</p>`,
    { headers },
  );
}

/** A sign-in that took too long, or whose reference was made up. */
export function expiredPage(): Response {
  return failurePage('This sign-in has expired', 'Go back to the app and start again.');
}

/** Why Kinde does not go on, with what it received beside what it knows. Never a redirect. */
export function failurePage(
  title: string,
  explanation: string,
  facts: Readonly<Record<string, readonly string[]>> = {},
  { status = 400, headers }: PageOptions = {},
): Response {
  const rows = Object.entries(facts).map(
    ([name, values]) =>
      html`<dt>${name}</dt>
        ${values.length > 0 ? values.map((value) => html`<dd>${value}</dd>`) : html`<dd>(none)</dd>`}`,
  );
  return page(
    title,
    html`<p>${explanation}</p>
      ${rows.length > 0 ? html`<dl>${rows}</dl>` : ''}`,
    { status, headers },
  );
}

function problem(error: string | undefined) {
  return error ? html`<p class="error" role="alert">${error}</p>` : '';
}

function mark(person: Person) {
  return html`<span class="mark" aria-hidden="true"
    >${nameOf(person).slice(0, 1)}${(person.familyName ?? '').slice(0, 1)}</span
  >`;
}

/** How a person is called on the pages. */
function nameOf(person: Person): string {
  return (
    [person.givenName, person.familyName].filter(Boolean).join(' ') ||
    (nameToSignIn(person) ?? person.id)
  );
}

/** A line per organization, with the person's roles in it. */
function memberships(state: State, { organizations, isSuspended }: Person) {
  if (isSuspended) {
    return html`<small>Suspended</small>`;
  }
  const lines = Object.entries(organizations).map(
    ([code, { roles = [] }]) =>
      html`<small>${state.organizations[code]?.name ?? code}: ${rolesIn(state, roles)}</small>`,
  );
  if (lines.length > 0) {
    return lines;
  }
  return html`<small>No organization</small>`;
}

function rolesIn(state: State, keys: readonly string[]): string {
  return keys.map((key) => state.roles[key]?.name ?? key).join(', ') || 'no role';
}
