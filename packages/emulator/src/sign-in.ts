// A user at a browser, for tests: signs in form by form.
import { startSession } from './oauth/sso-session.js';
import { textOf } from './pages/html.js';
import { findByName } from './state/identities.js';
import type { Person, State } from './state/state.js';

/** The user who signs in. */
export interface SignInChoice {
  /** E-mail address, user name or phone number. */
  readonly email: string;
  /** Code of the organization to choose, if there are several. @default the first one */
  readonly organization?: string;
}

interface Browser {
  readonly state: State;
  readonly answer: (request: Request) => Promise<Response>;
}

/**
 * Signs a person in as a browser does, form by form, so that a test gets what the person would get.
 * @throws Error where the URL is not of this emulator or not for this person, and where Kinde shows a page at the end.
 */
export async function signIn(url: URL, choice: SignInChoice, browser: Browser): Promise<URL> {
  const { state, answer } = browser;
  const person = findByName(state, choice.email);
  if (!person) {
    throw new Error(`The emulator has no user with the address ${choice.email}.`);
  }
  checkUrl(url, state);
  checkOrganization(url, choice, person);
  const page = await answer(new Request(url, { headers: cookiesFor(url, person, state) }));
  const response = await submitForms(page, {
    person,
    organization: choice.organization,
    browser,
  });
  const location = response.headers.get('location');
  if (location) {
    return new URL(location);
  }
  throw new Error(`Kinde shows a page instead: ${textOf(await response.text())}`);
}

function checkUrl(url: URL, { issuer }: State): void {
  if (url.origin !== issuer || url.pathname !== '/oauth2/auth') {
    throw new Error(
      `Expected the authorization endpoint of ${issuer}, got ${url.origin}${url.pathname}.`,
    );
  }
}

function checkOrganization(url: URL, { email, organization }: SignInChoice, person: Person): void {
  if (organization === undefined) {
    return;
  }
  const asked = url.searchParams.get('org_code') ?? organization;
  if (asked !== organization) {
    throw new Error(`${email} cannot sign in to ${organization}: the URL says ${asked}.`);
  }
  if (!Object.hasOwn(person.organizations, organization)) {
    throw new Error(`${email} cannot sign in to ${organization}: not a member.`);
  }
}

/** With `prompt=none` no form is shown, so the person has a session at Kinde already. */
function cookiesFor(url: URL, person: Person, state: State): Record<string, string> {
  if (url.searchParams.get('prompt') !== 'none') {
    return {};
  }
  const session = startSession(new Request(url), { reference: '', person, state });
  const [cookie = ''] = session['set-cookie'].split(';');
  return { cookie };
}

/** Submits the sign-in form, and the one for organizations, as long as there is a page. */
async function submitForms(
  page: Response,
  {
    person,
    organization,
    browser: { state, answer },
  }: {
    person: Person;
    organization: string | undefined;
    browser: Browser;
  },
): Promise<Response> {
  const [first = ''] = Object.keys(person.organizations);
  const forms = [
    { path: '/emulator/sign-in', fields: { person: person.id } },
    { path: '/emulator/organization', fields: { org_code: organization ?? first } },
  ];
  let response = page;
  for (const { path, fields } of forms) {
    if (response.status !== 200) {
      break;
    }
    const request = referenceIn(await response.clone().text());
    const body = new URLSearchParams({ request, ...fields });
    response = await answer(new Request(state.issuer + path, { method: 'POST', body }));
  }
  return response;
}

function referenceIn(html: string): string {
  return /name="request" value="([\w-]+)"/.exec(html)?.[1] ?? '';
}
