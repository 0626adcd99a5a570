import { failurePage, registerPage } from '../pages/pages.js';
import { signInPage } from '../pages/sign-in.js';
import { personUpdated } from '../state/events.js';
import { findByName } from '../state/identities.js';
import { defaultOrganization } from '../state/organizations.js';
import { constantTimeEqual, verifyPassword } from '../state/password.js';
import { addPerson } from '../state/persons.js';
import { findPerson, recordFailedSignIn, recordSignIn } from '../state/sign-ins.js';
import type { Person, State } from '../state/state.js';
import { readForm } from './client-auth.js';
import { continueSignIn, findPending, registrationDetails } from './sign-in.js';
import { startSession } from './sso-session.js';

/** Characters that a new password has at least, as at Kinde. */
const SHORTEST_PASSWORD = 8;

/** The sign-in form: shows it, or signs in the person of a card, or of a name and perhaps a password. */
export async function signIn(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  const reference = form.get('request') ?? '';
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  if (request.method === 'GET') {
    return signInPage(state, { request: reference, search: form.get('search') ?? '' });
  }
  const chosen = form.has('person') && findPerson(state, form.get('person') ?? '');
  if (chosen) {
    return signInAs(chosen, {
      request,
      reference,
      state,
    });
  }
  return signInByName(form, {
    request,
    reference,
    state,
  });
}

/** A sign-in that a form belongs to. */
interface SignIn {
  readonly request: Request;
  readonly reference: string;
  readonly state: State;
}

async function signInByName(form: URLSearchParams, signIn: SignIn): Promise<Response> {
  const { reference, state } = signIn;
  const name = (field(form, 'email') ?? '').trim();
  const again = (error?: string) =>
    signInPage(state, {
      request: reference,
      error,
      name,
    });
  const person = findByName(state, name);
  if (!person) {
    return again(`No user is called ${name}.`);
  }
  const password = field(form, 'password');
  if (hasPassword(person) && password === undefined) {
    return again();
  }
  if (!(await checkPassword(person, password ?? ''))) {
    recordFailedSignIn(state, person);
    return again('That is not the password.');
  }
  const problem = person.isSuspended ? undefined : setNewPassword(state, person, form);
  if (problem) {
    return again(problem);
  }
  return signInAs(person, { ...signIn, name });
}

/** A field of the sign-in form: the names on Kinde's own pages begin with `p_`. */
function field(form: URLSearchParams, name: 'email' | 'password'): string | undefined {
  return form.get(name) ?? form.get(`p_${name}`) ?? undefined;
}

/** Signs the person in, by the name they typed if they did. */
function signInAs(
  person: Person,
  { request, reference, state, name }: SignIn & { name?: string },
): Response {
  if (person.isSuspended) {
    recordFailedSignIn(state, person);
    return failurePage('You cannot sign in', 'The user is suspended.');
  }
  recordSignIn(state, person, name);
  const headers = startSession(request, {
    reference,
    person,
    state,
  });
  return continueSignIn(reference, state, { headers });
}

/** The registration form: shows it, or adds the person and signs them in. */
export async function register(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  const reference = form.get('request') ?? '';
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  const query = new URLSearchParams(pending.search);
  const details = registrationDetails(query, state);
  if (request.method === 'GET') {
    return registerPage({ request: reference }, details);
  }
  const email = details.isInvited ? details.email : (form.get('email')?.trim() ?? '');
  const error = addressProblem(state, email);
  if (error) {
    return registerPage({ request: reference, error }, { ...details, email });
  }
  const entersAnother = details.withOrganization || details.isInvited || query.has('org_code');
  const orgCode = entersAnother ? undefined : defaultOrganization(state);
  const identities = [{ type: 'email', value: email }] as const;
  const profile = { identities, ...readNames(form) };
  const person = addPerson(state, profile, { orgCode, source: 'user' });
  recordSignIn(state, person, email);
  const headers = startSession(request, {
    reference,
    person,
    state,
  });
  return continueSignIn(reference, state, { orgName: form.get('org_name') ?? undefined, headers });
}

function addressProblem(state: State, email: string): string | undefined {
  if (findByName(state, email)) {
    return 'Somebody has this address already. Sign in instead.';
  }
  return /^[^\s@]+@[^\s@]+$/.test(email) ? undefined : 'That is not an e-mail address.';
}

function readNames(form: URLSearchParams): Pick<Person, 'givenName' | 'familyName'> {
  const givenName = form.get('given_name')?.trim();
  const familyName = form.get('family_name')?.trim();
  return { ...(givenName && { givenName }), ...(familyName && { familyName }) };
}

/** The organization form: continues with the chosen organization, or with the name of a new one. */
export async function chooseOrganization(request: Request, state: State): Promise<Response> {
  const form = await readFields(request);
  return continueSignIn(form.get('request') ?? '', state, {
    orgCode: form.get('org_code') ?? undefined,
    orgName: form.get('org_name') ?? undefined,
  });
}

/**
 * A page elsewhere must not sign its visitors in here. Where browsers say how the sites are related, that decides: some are
 * set up to send no referrer, and send `Origin: null` then.
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

/** Checks a password. A person without one accepts any: their card lets everybody in as well. */
async function checkPassword(
  { password, hashedPassword }: Person,
  given: string,
): Promise<boolean> {
  if (hashedPassword) {
    return verifyPassword(given, hashedPassword);
  }
  return password === undefined || constantTimeEqual(password, given);
}

/** Sets the new password of a person who must change it; returns the problem where it cannot be set. */
function setNewPassword(state: State, person: Person, form: URLSearchParams): string | undefined {
  if (!person.mustChangePassword) {
    return undefined;
  }
  const chosen = form.get('new_password') ?? '';
  if (chosen.length < SHORTEST_PASSWORD) {
    return `Choose a new password of at least ${SHORTEST_PASSWORD} characters.`;
  }
  if (chosen === field(form, 'password')) {
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
