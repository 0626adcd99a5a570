import {
  createOrganizationPage,
  expiredPage,
  failurePage,
  organizationPage,
  registerPage,
  signInPage,
} from '../pages/pages.js';
import { findByIdentity, loginHint } from '../state/identities.js';
import { remember, secret } from '../state/ids.js';
import {
  acceptInvitation,
  createOrganizationFor,
  joinOrganization,
} from '../state/organizations.js';
import { denialReason } from '../state/sign-ins.js';
import type { Invitation, Pending, Person, State } from '../state/state.js';
import {
  checkAuthorizationRequest,
  invitationOf,
  restoreReauthState,
} from './authorization-request.js';
import { audiences, grantedScopes } from './scopes.js';

/** Seconds that a code and an unfinished sign-in are good for. */
const CODE_TIME = 60;
const PENDING_TIME = 1800;
const MOST_PENDING = 1000;
const SSO_COOKIE = 'kindling_emulator_sso';

/** GET /oauth2/auth: a page, or straight back to the app where Kinde's own session already answers. */
export function authorize(request: Request, state: State): Response {
  const query = restoreReauthState(new URL(request.url).searchParams);
  const refusal = checkAuthorizationRequest(query, state);
  if (refusal) {
    return refusal;
  }
  const invitation = invitationOf(query, state);
  if (invitation instanceof Response) {
    return invitation;
  }
  const userAgent = (request.headers.get('user-agent') ?? '').slice(0, 300);
  const pending: Pending = {
    query,
    requestedAt: state.clock.now(),
    userAgent,
    ...sessionOf(request, query, state),
  };
  const prompt =
    query.get('prompt') ?? (query.get('start_page') === 'registration' ? 'create' : '');
  if (prompt === 'none') {
    return answerWithoutPage(pending, state);
  }
  const reference = secret();
  remember(state.pending, reference, pending, MOST_PENDING);
  if (invitation) {
    return showInvitation(reference, state, invitation);
  }
  if (prompt === 'create') {
    return registerPage({ request: reference }, registrationDetails(query, state));
  }
  if (pending.signedIn && prompt !== 'login') {
    return continueSignIn(reference, state);
  }
  const hint = loginHint(state, query.get('login_hint') ?? '');
  return signInPage(state, { request: reference }, hint);
}

/** Somebody who was invited registers, unless they are known here already: whatever the app asked for. */
function showInvitation(reference: string, state: State, { email }: Invitation): Response {
  const invited = findByIdentity(state, 'email', email)?.person;
  const pending = state.pending.get(reference);
  if (!invited) {
    return registerPage({ request: reference }, registrationDetails(pending!.query, state));
  }
  if (pending?.signedIn?.personId === invited.id) {
    return continueSignIn(reference, state);
  }
  return signInPage(state, { request: reference }, email);
}

/** The person is known: choose or create the organization, then go back to the app with a code. */
export function continueSignIn(
  reference: string,
  state: State,
  { orgCode, orgName, headers = {} }: Choice = {},
): Response {
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  const person = signedInPerson(pending, state);
  if (!person) {
    return expiredPage();
  }
  const { query } = pending;
  const done = (code: string | undefined) => {
    const refusal = denialReason(state, { personId: person.id, orgCode: code });
    if (refusal) {
      return failurePage('You cannot sign in', refusal, code ? { Organization: [code] } : {}, {
        headers,
      });
    }
    state.pending.delete(reference);
    return issueCode(pending, state, {
      person,
      orgCode: code,
      headers,
    });
  };
  if (person.isSuspended) {
    return done(undefined);
  }
  const invitation = invitationOf(query, state);
  if (invitation instanceof Response) {
    return invitation;
  }
  if (invitation) {
    return (
      acceptOwnInvitation(state, {
        invitation,
        person,
        headers,
      }) ?? done(invitation.orgCode)
    );
  }
  if (query.get('is_create_org') === 'true') {
    const name = (orgName ?? query.get('org_name'))?.trim();
    if (name) {
      return done(createOrganizationFor(state, person, name));
    }
    return createOrganizationPage({ request: reference }, headers);
  }
  const asked = query.get('org_code') ?? orgCode;
  const codes = selectableOrganizations(state, person);
  if (asked !== undefined) {
    const mayEnter =
      Object.hasOwn(person.organizations, asked) || joinOrganization(state, person, asked);
    return mayEnter ? done(asked) : notAMember(asked, codes, headers);
  }
  if (codes.length > 1) {
    return organizationPage(
      state,
      { request: reference },
      {
        person,
        codes,
        headers,
      },
    );
  }
  return done(codes[0]);
}

/** Organizations that somebody can sign in to; those that they cannot only where there is no other. */
function selectableOrganizations(state: State, person: Person): string[] {
  const all = Object.keys(person.organizations);
  const open = all.filter((orgCode) => !denialReason(state, { personId: person.id, orgCode }));
  return open.length > 0 ? open : all.slice(0, 1);
}

/** Only the person whose address was invited gets in, and not into an organization that lets nobody in. */
function acceptOwnInvitation(
  state: State,
  {
    invitation,
    person,
    headers,
  }: {
    invitation: Invitation;
    person: Person;
    headers: Record<string, string>;
  },
): Response | undefined {
  if (findByIdentity(state, 'email', invitation.email)?.person !== person) {
    const why = 'It was sent to another e-mail address than the one that you signed in with.';
    return failurePage('This invitation is for somebody else', why, {}, { headers });
  }
  if (!state.organizations[invitation.orgCode]?.isSuspended) {
    acceptInvitation(state, invitation, person);
  }
  return undefined;
}

interface Choice {
  readonly orgCode?: string | undefined;
  readonly orgName?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** The authorization request that a form belongs to, or what Kinde says to a form that comes too late. */
export function findPending(reference: string, state: State): Pending | Response {
  const pending = state.pending.get(reference);
  if (!pending) {
    return expiredPage();
  }
  if (state.clock.now() < pending.requestedAt + PENDING_TIME) {
    return pending;
  }
  state.pending.delete(reference);
  if (pending.query.get('supports_reauth') !== 'true') {
    return expiredPage();
  }
  const original = JSON.stringify(Object.fromEntries(pending.query));
  return redirectBack(pending.query, {
    error: 'login_link_expired',
    reauth_state: Buffer.from(original).toString('base64'),
  });
}

/** Signs the person of a pending request in at Kinde itself, so that the next request goes without a question. */
export function startSession(
  reference: string,
  person: Person,
  state: State,
): Record<string, string> {
  const signedIn = { personId: person.id, authTime: state.clock.now() };
  const pending = state.pending.get(reference);
  if (pending) {
    pending.signedIn = signedIn;
  }
  const id = secret();
  remember(state.sessions, id, signedIn);
  return { 'set-cookie': `${SSO_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` };
}

/** Ends it. */
export function endSession(request: Request, state: State): Record<string, string> {
  state.sessions.delete(cookieOf(request) ?? '');
  return { 'set-cookie': `${SSO_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0` };
}

/** What a registration page needs to know of the request. */
export function registrationDetails(query: URLSearchParams, state: State): RegistrationDetails {
  const invitation = invitationOf(query, state);
  const invited = invitation instanceof Response ? undefined : invitation;
  return {
    email: invited?.email ?? loginHint(state, query.get('login_hint') ?? ''),
    givenName: invited?.firstName ?? '',
    familyName: invited?.lastName ?? '',
    isInvited: invited !== undefined,
    withOrganization: query.get('is_create_org') === 'true' && !invited,
    orgName: query.get('org_name') ?? '',
  };
}

interface RegistrationDetails {
  readonly email: string;
  readonly givenName: string;
  readonly familyName: string;
  /** Into an organization: the address cannot be another one. */
  readonly isInvited: boolean;
  readonly withOrganization: boolean;
  readonly orgName: string;
}

function answerWithoutPage(pending: Pending, state: State): Response {
  const { query } = pending;
  const person = signedInPerson(pending, state);
  if (!person) {
    return redirectBack(query, {
      error: 'login_required',
      error_description: 'User authentication is required',
    });
  }
  const codes = selectableOrganizations(state, person);
  const asked = query.get('org_code') ?? (codes.length > 1 ? undefined : codes[0]);
  const choose =
    asked === undefined ? codes.length > 1 : !Object.hasOwn(person.organizations, asked);
  if (choose || query.has('invitation_code')) {
    return redirectBack(query, {
      error: 'interaction_required',
      error_description: 'The organization has to be chosen',
    });
  }
  const refusal = denialReason(state, { personId: person.id, orgCode: asked });
  if (refusal) {
    return redirectBack(query, { error: 'organization_suspended', error_description: refusal });
  }
  return issueCode(pending, state, { person, orgCode: asked });
}

function issueCode(
  { query, requestedAt, userAgent, signedIn }: Pending,
  state: State,
  { person, orgCode, headers = {} }: { person: Person } & Choice,
): Response {
  const code = secret();
  const now = state.clock.now();
  const scope = grantedScopes(query, state);
  const grant = {
    id: crypto.randomUUID(),
    personId: person.id,
    clientId: query.get('client_id')!,
    scope,
    audience: audiences(query),
    orgCode,
    nonce: query.get('nonce') ?? undefined,
    authTime: signedIn?.authTime ?? now,
    requestedAt,
    userAgent,
    ended: false,
  };
  const membership = orgCode === undefined ? undefined : person.organizations[orgCode];
  if (membership) {
    membership.lastAccessedAt = now;
  }
  remember(state.codes, code, {
    grant,
    redirectUri: query.get('redirect_uri')!,
    challenge: query.get('code_challenge') ?? undefined,
    expiresAt: now + CODE_TIME,
    used: false,
  });
  return redirectBack(query, { code, scope: scope.join(' ') }, headers);
}

/** 302 as Kinde does, after forms too: every browser turns their POST into a GET. */
function redirectBack(
  query: URLSearchParams,
  params: Record<string, string>,
  headers: Record<string, string> = {},
): Response {
  const url = new URL(query.get('redirect_uri')!);
  for (const [name, value] of Object.entries(params)) {
    url.searchParams.set(name, value);
  }
  if (query.has('state')) {
    url.searchParams.set('state', query.get('state')!);
  }
  return new Response(null, {
    status: 302,
    headers: {
      location: url.href,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      ...headers,
    },
  });
}

function notAMember(code: string, codes: string[], headers: Record<string, string>): Response {
  const facts = { 'Received org_code': [code], 'Organizations of this person': codes };
  const why = 'The organization does not exist here, or does not let people join by themselves.';
  return failurePage('You are not in this organization', why, facts, { headers });
}

/** Kinde's own session, where it still counts for this application. */
function sessionOf(
  request: Request,
  query: URLSearchParams,
  state: State,
): Pick<Pending, 'signedIn'> | undefined {
  const signedIn = state.sessions.get(cookieOf(request) ?? '');
  const { tokens } =
    state.applications.find(({ clientId }) => clientId === query.get('client_id')) ?? {};
  if (signedIn && state.clock.now() >= signedIn.authTime + (tokens?.sessionLifetime ?? Infinity)) {
    return undefined;
  }
  if (signedIn && !denialReason(state, { ...signedIn, orgCode: undefined })) {
    return { signedIn };
  }
  return undefined;
}

function signedInPerson({ signedIn }: Pending, { people }: State): Person | undefined {
  return people.find(({ id }) => id === signedIn?.personId);
}

function cookieOf(request: Request): string | undefined {
  return new RegExp(`(?:^|; *)${SSO_COOKIE}=([^;]+)`).exec(
    request.headers.get('cookie') ?? '',
  )?.[1];
}
