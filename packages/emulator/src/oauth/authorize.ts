// OAuth and OpenID Connect: authorization, sign-in, tokens, revocation and logout.
import { registerPage, signInPage } from '../pages/pages.js';
import { findByIdentity, loginHint } from '../state/identities.js';
import { remember } from '../state/ids.js';
import { denialReason } from '../state/sign-ins.js';
import type { Invitation, Pending, State } from '../state/state.js';
import {
  checkAuthorizationRequest,
  invitationOf,
  restoreReauthState,
} from './authorization-request.js';
import { issueCode, redirectBack } from './authorization-response.js';
import {
  continueSignIn,
  registrationDetails,
  selectableOrganizations,
  signedInPerson,
} from './sign-in.js';
import { findSession } from './sso-session.js';

/** Authorization requests that wait for a form at the same time; the oldest go. */
const MOST_PENDING = 1000;

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
  const pending: Pending = {
    search: query.toString(),
    requestedAt: state.clock.now(),
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, 300),
    ...findSession(request, query, state),
  };
  if (query.get('prompt') === 'none') {
    return answerWithoutPage(pending, state);
  }
  const reference = state.random.secret();
  remember(state.pending, reference, pending, MOST_PENDING);
  if (invitation) {
    return showInvitation(reference, state, { pending, invitation });
  }
  return showSignIn(reference, state, pending);
}

function showSignIn(reference: string, state: State, { search, signedIn }: Pending): Response {
  const query = new URLSearchParams(search);
  const prompt = query.get('prompt') ?? promptOfStartPage(query);
  if (prompt === 'create') {
    return registerPage({ request: reference }, registrationDetails(query, state));
  }
  if (signedIn && prompt !== 'login') {
    return continueSignIn(reference, state);
  }
  const hint = loginHint(state, query.get('login_hint') ?? '');
  return signInPage(state, { request: reference }, hint);
}

/** Kinde's own parameter, older than `prompt=create`. */
function promptOfStartPage(query: URLSearchParams): string {
  return query.get('start_page') === 'registration' ? 'create' : '';
}

/** Invited people register, unless they are users already, whatever the app asked for. */
function showInvitation(
  reference: string,
  state: State,
  { pending, invitation }: { pending: Pending; invitation: Invitation },
): Response {
  const { email } = invitation;
  const invited = findByIdentity(state, 'email', email)?.person;
  if (!invited) {
    return registerPage(
      { request: reference },
      registrationDetails(new URLSearchParams(pending.search), state),
    );
  }
  if (pending.signedIn?.personId === invited.id) {
    return continueSignIn(reference, state);
  }
  return signInPage(state, { request: reference }, email);
}

/** `prompt=none`: a code where Kinde's own session answers everything, an error of OpenID Connect otherwise. */
function answerWithoutPage(pending: Pending, state: State): Response {
  const query = new URLSearchParams(pending.search);
  const person = signedInPerson(pending, state);
  if (!person) {
    return redirectBack(query, {
      error: 'login_required',
      error_description: 'User authentication is required',
    });
  }
  const codes = selectableOrganizations(state, person);
  const only = codes.length > 1 ? undefined : codes[0];
  const asked = query.get('org_code') ?? only;
  const isMember = asked !== undefined && Object.hasOwn(person.organizations, asked);
  const hasNone = asked === undefined && codes.length === 0;
  if ((!isMember && !hasNone) || query.has('invitation_code')) {
    return redirectBack(query, {
      error: 'interaction_required',
      error_description: 'The organization has to be chosen',
    });
  }
  const reason = denialReason(state, { personId: person.id, orgCode: asked });
  if (reason) {
    return redirectBack(query, { error: 'organization_suspended', error_description: reason });
  }
  return issueCode(pending, state, { person, orgCode: asked });
}
