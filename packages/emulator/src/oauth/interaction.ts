import { failurePage, registerPage, signInPage } from '../pages/pages.js';
import { personUpdated } from '../state/events.js';
import { findByName } from '../state/identities.js';
import { defaultOrganization } from '../state/organizations.js';
import { constantTimeEqual, verifyPassword } from '../state/password.js';
import { addPerson } from '../state/persons.js';
import { recordFailedSignIn, recordSignIn } from '../state/sign-ins.js';
import type { Person, State } from '../state/state.js';
import { continueSignIn, findPending, registrationDetails, startSession } from './authorize.js';
import { readForm } from './client-auth.js';

/** Characters that a new password has at least, as at Kinde. */
const SHORTEST_PASSWORD = 8;

/** The sign-in form, and what was sent with it: a card's person, or a name and perhaps a password. */
export async function signIn(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  const reference = form.get('request') ?? '';
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  if (request.method === 'GET') {
    return signInPage(state, { request: reference });
  }
  const name = form.get('email')?.trim() ?? '';
  const again = (error?: string) => signInPage(state, { request: reference, error }, name);
  const chosen = state.people.find(({ id }) => id === form.get('person'));
  const person = chosen ?? findByName(state, name);
  if (!person) {
    return again(`Nobody here has the address ${name}.`);
  }
  if (!chosen && hasPassword(person) && !form.has('password')) {
    return again();
  }
  if (!chosen && !(await checkPassword(person, form.get('password') ?? ''))) {
    recordFailedSignIn(state, person);
    return again('That is not the password.');
  }
  if (person.isSuspended) {
    recordFailedSignIn(state, person);
    return failurePage('You cannot sign in', 'The person is suspended.');
  }
  const problem = chosen ? undefined : setNewPassword(state, person, form);
  if (problem) {
    return again(problem);
  }
  recordSignIn(state, person, chosen ? undefined : name);
  return continueSignIn(reference, state, { headers: startSession(reference, person, state) });
}

/** The registration form, and what was sent with it. */
export async function register(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  const reference = form.get('request') ?? '';
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  const about = registrationDetails(pending.query, state);
  if (request.method === 'GET') {
    return registerPage({ request: reference }, about);
  }
  const email = about.isInvited ? about.email : (form.get('email')?.trim() ?? '');
  const malformed = /^[^\s@]+@[^\s@]+$/.test(email) ? undefined : 'That is not an e-mail address.';
  const error = findByName(state, email)
    ? 'Somebody has this address already. Sign in instead.'
    : malformed;
  if (error) {
    return registerPage({ request: reference, error }, { ...about, email });
  }
  const [givenName, familyName] = ['given_name', 'family_name'].map((name) =>
    form.get(name)?.trim(),
  );
  const names = { ...(givenName && { givenName }), ...(familyName && { familyName }) };
  const comesForAnother =
    about.withOrganization || about.isInvited || pending.query.has('org_code');
  const orgCode = comesForAnother ? undefined : defaultOrganization(state);
  const identities = [{ type: 'email', value: email }] as const;
  const person = addPerson(state, { identities, ...names }, { orgCode, source: 'user' });
  recordSignIn(state, person, email);
  const headers = startSession(reference, person, state);
  return continueSignIn(reference, state, { orgName: form.get('org_name') ?? undefined, headers });
}

/** Which organization somebody chose, or what they call a new one. */
export async function chooseOrganization(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  return continueSignIn(form.get('request') ?? '', state, {
    orgCode: form.get('org_code') ?? undefined,
    orgName: form.get('org_name') ?? undefined,
  });
}

/**
 * A page elsewhere must not sign its visitors in here. Where browsers say how the sites are related, that decides: they
 * send `Origin: null` with forms of pages that send no referrer, such as ours.
 */
export function isCrossSite(request: Request, state: State): boolean {
  if (request.method === 'GET') {
    return false;
  }
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  const own = [new URL(state.issuer).origin, new URL(request.url).origin];
  if (site !== null && site !== 'same-origin' && site !== 'none') {
    return true;
  }
  return origin !== null && !own.includes(origin) && !(origin === 'null' && site !== null);
}

function hasPassword({ password, hashedPassword }: Person): boolean {
  return password !== undefined || hashedPassword !== undefined;
}

/** Somebody without a password knows it: a card would let everybody in as them, too. */
async function checkPassword(
  { password, hashedPassword }: Person,
  given: string,
): Promise<boolean> {
  if (hashedPassword) {
    return verifyPassword(given, hashedPassword);
  }
  return password === undefined || constantTimeEqual(password, given);
}

/** Somebody who must change their password did so, or what is missing. */
function setNewPassword(state: State, person: Person, form: URLSearchParams): string | undefined {
  if (!person.mustChangePassword) {
    return undefined;
  }
  const chosen = form.get('new_password') ?? '';
  if (chosen.length < SHORTEST_PASSWORD) {
    return `Choose a new password of at least ${SHORTEST_PASSWORD} characters.`;
  }
  if (chosen === form.get('password')) {
    return 'Choose a password that is not the old one.';
  }
  person.password = chosen;
  delete person.hashedPassword;
  delete person.mustChangePassword;
  personUpdated(state, person, 'user');
  return undefined;
}

async function readFields(request: Request): Promise<URLSearchParams> {
  if (request.method === 'GET') {
    return new URL(request.url).searchParams;
  }
  return (await readForm(request)) ?? new URLSearchParams();
}
