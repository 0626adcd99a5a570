// OAuth and OpenID Connect: authorization, sign-in, tokens, revocation and logout.
import { registerPage } from '../pages/pages.js';
import { signInPage } from '../pages/sign-in.js';
import { findByIdentity, loginHint, nameToSignIn } from '../state/identities.js';
import { remember } from '../state/ids.js';
import { denialReason, findPerson } from '../state/sign-ins.js';
import type { Invitation, Pending, State } from '../state/state.js';
import {
  checkAuthorizationRequest,
  invitationOf,
  restoreReauthState,
} from './authorization-request.js';
import { issueCode, redirectBack } from './authorization-response.js';
import { asksAgain, hintedPerson, promptsOf } from './prompt.js';
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
export async function authorize(request: Request, state: State): Promise<Response> {
  const query = restoreReauthState(new URL(request.url).searchParams);
  const refusal = checkAuthorizationRequest(query, state);
  if (refusal) {
    return refusal;
  }
  const invitation = invitationOf(query, state);
  if (invitation instanceof Response) {
    return invitation;
  }
  const hinted = await hintedPerson(query, state);
  query.delete('id_token_hint');
  const session = findSession(request, query, state);
  const pending: Pending = {
    search: query.toString(),
    requestedAt: state.clock.now(),
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, 300),
    ...(countsSession(query, session, hinted) && session),
  };
  if (promptsOf(query).includes('none')) {
    return answerWithoutPage(pending, state);
  }
  const reference = state.random.secret();
  remember(state.pending, reference, pending, MOST_PENDING);
  if (invitation) {
    return showInvitation(reference, state, { pending, invitation });
  }
  if (registers(query)) {
    return registerPage({ request: reference }, registrationDetails(query, state));
  }
  if (pending.signedIn) {
    return continueSignIn(reference, state);
  }
  const person = hinted ? findPerson(state, hinted) : undefined;
  const name = person ? nameToSignIn(person) : loginHint(state, query.get('login_hint') ?? '');
  return signInPage(state, { request: reference, name });
}

/** Whether Kinde's own session answers the request: not where it asks for a sign-in, or hints at somebody else. */
function countsSession(
  query: URLSearchParams,
  session: Pick<Pending, 'signedIn'> | undefined,
  hinted: string | undefined,
): boolean {
  const isHinted = hinted === undefined || session?.signedIn?.personId === hinted;
  return isHinted && !asksAgain(query);
}

/** Whether the request asks for the registration page: by `prompt`, or by Kinde's own parameter, which is older. */
function registers(query: URLSearchParams): boolean {
  const prompts = promptsOf(query);
  if (prompts.length > 0) {
    return prompts.includes('create');
  }
  return query.get('start_page') === 'registration';
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
  return signInPage(state, { request: reference, name: email });
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
