import { remember } from '../state/ids.js';
import { findPerson, recordSignIn } from '../state/sign-ins.js';
import type { NextAnswer, Pending, State } from '../state/state.js';
import { redirectBack } from './authorization-response.js';
import { continueSignIn, selectableOrganizations } from './sign-in.js';
import { startSession } from './sso-session.js';

/** Answers an authorization request without a page, as the control API was told to. */
export function answerAsTold(
  told: NextAnswer,
  request: Request,
  { pending, state }: { pending: Pending; state: State },
): Response {
  const person = findPerson(state, told.personId ?? '');
  if (!person) {
    const error_description = told.deny
      ? 'The user cancelled the sign-in'
      : 'The user no longer exists';
    return redirectBack(new URLSearchParams(pending.search), {
      error: 'access_denied',
      error_description,
    });
  }
  const reference = state.random.secret();
  remember(state.pending, reference, pending);
  recordSignIn(state, person);
  const headers = startSession(request, { reference, person, state });
  const [first] = selectableOrganizations(state, person);
  return continueSignIn(reference, state, { orgCode: told.orgCode ?? first, headers });
}
