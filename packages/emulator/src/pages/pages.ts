// HTML pages; forms are handled in `oauth`.
import { html } from 'hono/html';
import type { Person, State } from '../state/state.js';
import { page, type Html, type PageOptions } from './html.js';
import { nameOf, rolesIn } from './person.js';

/** Reference to the pending authorization request, and what went wrong with the last form, if anything. */
export interface Form {
  readonly request: string;
  readonly error?: string | undefined;
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
    html`<p class="soft">A new user of this local Kinde.</p>
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

/** Stands for the page on which a user manages their account at Kinde. */
export function portalPage(person: Person): Response {
  return page(
    'Your account',
    html`<p class="soft">Here ${nameOf(person)} would manage their profile, organization and plan.</p>`,
  );
}

/** Signed out, with nowhere to go on to, and perhaps why. */
export function loggedOutPage(headers: Record<string, string>, remark = ''): Response {
  return page(
    'You are signed out',
    html`<p class="soft">The session at this local Kinde has ended. You can close this page.</p>
      ${remark ? html`<p>${remark}</p>` : ''}`,
    { headers },
  );
}

/** A sign-in that took too long, or whose reference was made up. */
export function expiredPage(): Response {
  return failurePage('This sign-in has expired', 'Go back to the app and start again.');
}

/** Why Kinde does not go on, with what it received beside what it knows, and perhaps more. Never a redirect. */
export function failurePage(
  title: string,
  explanation: string,
  facts: Readonly<Record<string, readonly string[]>> = {},
  { status = 400, headers, more }: PageOptions & { readonly more?: Html } = {},
): Response {
  const rows = Object.entries(facts).map(
    ([name, values]) =>
      html`<dt>${name}</dt>
        ${values.length > 0 ? values.map((value) => html`<dd>${value}</dd>`) : html`<dd>(none)</dd>`}`,
  );
  return page(
    title,
    html`<p>${explanation}</p>
      ${rows.length > 0 ? html`<dl>${rows}</dl>` : ''}${more ?? ''}
      ${status === 400 ? html`<p class="soft"><a href="/emulator/sign-ins">See this sign-in in the dashboard</a></p>` : ''}`,
    { status, headers },
  );
}

/** What went wrong with the last form. */
export function problem(error: string | undefined) {
  return error ? html`<p class="error" role="alert">${error}</p>` : '';
}
