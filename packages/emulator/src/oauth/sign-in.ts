import {
  createOrganizationPage,
  expiredPage,
  failurePage,
  organizationPage,
} from '../pages/pages.js';
import { findByIdentity, loginHint } from '../state/identities.js';
import {
  acceptInvitation,
  createOrganizationFor,
  joinOrganization,
} from '../state/organizations.js';
import { denialReason, findPerson } from '../state/sign-ins.js';
import type { Invitation, Pending, Person, State } from '../state/state.js';
import { invitationOf } from './authorization-request.js';
import { issueCode, redirectBack, type ExtraHeaders } from './authorization-response.js';

/** Seconds after which a sign-in that was not finished expires. */
const PENDING_TTL = 1800;

/** The organization that a form names, and headers for the response. */
interface Choice {
  readonly orgCode?: string | undefined;
  readonly orgName?: string | undefined;
  readonly headers?: ExtraHeaders;
}

/** A sign-in whose person is known. */
interface Step {
  readonly state: State;
  readonly reference: string;
  readonly pending: Pending;
  readonly person: Person;
  readonly choice: Choice;
}

/** Continues once the person is known: choose or create the organization, then return to the app with a code. */
export function continueSignIn(reference: string, state: State, choice: Choice = {}): Response {
  const pending = findPending(reference, state);
  if (pending instanceof Response) {
    return pending;
  }
  const person = signedInPerson(pending, state);
  if (!person) {
    return expiredPage();
  }
  const step = {
    state,
    reference,
    pending,
    person,
    choice,
  };
  const orgCode = person.isSuspended ? undefined : enterOrganization(step);
  if (orgCode instanceof Response) {
    return orgCode;
  }
  return finishSignIn(step, orgCode);
}

function finishSignIn(step: Step, orgCode: string | undefined): Response {
  const { state, reference, pending, person } = step;
  const { headers = {} } = step.choice;
  const reason = denialReason(state, { personId: person.id, orgCode });
  if (reason) {
    const facts = orgCode ? { Organization: [orgCode] } : {};
    return failurePage('You cannot sign in', reason, facts, { headers });
  }
  state.pending.delete(reference);
  return issueCode(pending, state, {
    person,
    orgCode,
    headers,
  });
}

/** The code of the organization to sign in to, if any, or the page that has to come first. */
function enterOrganization(step: Step): string | undefined | Response {
  const { state, pending, choice } = step;
  const query = new URLSearchParams(pending.search);
  const invitation = invitationOf(query, state);
  if (invitation instanceof Response) {
    return invitation;
  }
  if (invitation) {
    return redeemInvitation(step, invitation);
  }
  if (query.get('is_create_org') === 'true') {
    return createOwnOrganization(step);
  }
  const asked = query.get('org_code') ?? choice.orgCode;
  return asked === undefined ? chooseOrganization(step) : enterNamed(step, asked);
}

/** Creates the organization that the form or the app named; without a name, asks for one. */
function createOwnOrganization({ state, reference, pending, person, choice }: Step) {
  const name = (choice.orgName ?? new URLSearchParams(pending.search).get('org_name'))?.trim();
  if (name) {
    return createOrganizationFor(state, person, name);
  }
  return createOrganizationPage({ request: reference }, choice.headers);
}

function chooseOrganization({ state, reference, person, choice }: Step) {
  const codes = selectableOrganizations(state, person);
  if (codes.length > 1) {
    const { headers } = choice;
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
  return codes[0];
}

function enterNamed({ state, person, choice }: Step, code: string): string | Response {
  if (Object.hasOwn(person.organizations, code) || joinOrganization(state, person, code)) {
    return code;
  }
  const facts = {
    'Received org_code': [code],
    'Organizations of this user': selectableOrganizations(state, person),
  };
  const why = 'The organization does not exist here, or does not let users join by themselves.';
  return failurePage('You are not in this organization', why, facts, { headers: choice.headers });
}

/** Organizations that the person can sign in to; a closed one only where there is no other. */
export function selectableOrganizations(state: State, person: Person): string[] {
  const all = Object.keys(person.organizations);
  const open = all.filter((orgCode) => !denialReason(state, { personId: person.id, orgCode }));
  return open.length > 0 ? open : all.slice(0, 1);
}

/** Adds the invited person, and no other; a suspended organization takes nobody in. */
function redeemInvitation(
  { state, person, choice }: Step,
  invitation: Invitation,
): string | Response {
  if (findByIdentity(state, 'email', invitation.email)?.person !== person) {
    const why = 'It was sent to another e-mail address than the one that you signed in with.';
    return failurePage(
      'This invitation is for somebody else',
      why,
      {},
      { headers: choice.headers },
    );
  }
  if (!state.organizations[invitation.orgCode]?.isSuspended) {
    acceptInvitation(state, invitation, person);
  }
  return invitation.orgCode;
}

/** The authorization request that a form belongs to, or the response to a form that comes too late. */
export function findPending(reference: string, state: State): Pending | Response {
  const pending = state.pending.get(reference);
  if (!pending) {
    return expiredPage();
  }
  if (state.clock.now() < pending.requestedAt + PENDING_TTL) {
    return pending;
  }
  state.pending.delete(reference);
  const query = new URLSearchParams(pending.search);
  if (query.get('supports_reauth') !== 'true') {
    return expiredPage();
  }
  const original = JSON.stringify(Object.fromEntries(query));
  return redirectBack(query, {
    error: 'login_link_expired',
    reauth_state: Buffer.from(original).toString('base64'),
  });
}

/** The person of a pending request who signed in, unless they were deleted since. */
export function signedInPerson({ signedIn }: Pending, state: State): Person | undefined {
  return signedIn && findPerson(state, signedIn.personId);
}

/** Values of a registration page that the request decides. */
export interface RegistrationDetails {
  readonly email: string;
  readonly givenName: string;
  readonly familyName: string;
  /** Invited into an organization, so that the address cannot be another one. */
  readonly isInvited: boolean;
  readonly withOrganization: boolean;
  readonly orgName: string;
}

/** Reads what a registration page needs to know of the request. */
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
