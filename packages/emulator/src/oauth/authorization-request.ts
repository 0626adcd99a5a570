import { failurePage } from '../pages/pages.js';
import { openInvitation } from '../state/organizations.js';
import type { Application, Invitation, State } from '../state/state.js';
import { findClient, oauthError, repeatedIn } from './client-auth.js';
import { checkQuestions } from './prompt.js';
import { isRegistered } from './redirect-uri.js';
import { malformed, unknownApplication, unknownCallback } from './refusals.js';
import { audiences } from './scopes.js';

/** Characters that `state` has at least, as at Kinde. */
const SHORTEST_STATE = 8;

/**
 * Answers an authorization request that is wrong. Redirects go only to where the application is registered to be: everything
 * else is a page (OAuth 2.0, 4.1.2.1), but for another response type, which Kinde answers in JSON.
 */
export function checkAuthorizationRequest(
  query: URLSearchParams,
  state: State,
): Response | undefined {
  if (query.get('response_type') !== 'code') {
    return oauthError('unsupported_response_type', 'Only response_type=code is supported.');
  }
  const [repeated] = repeatedIn(query);
  if (repeated) {
    return malformed(`The parameter ${repeated} was given more than once.`);
  }
  const clientId = query.get('client_id');
  const application = findClient(state, clientId);
  if (!application) {
    return unknownApplication(clientId, state);
  }
  if (!isRegistered(application.redirectUris, query.get('redirect_uri') ?? '')) {
    return unknownCallback(query, application);
  }
  return (
    checkResponse(query) ??
    checkChallenge(query, application) ??
    checkAudience(query, application) ??
    checkQuestions(query)
  );
}

function checkResponse(query: URLSearchParams): Response | undefined {
  const { length } = query.get('state') ?? '';
  if (length < SHORTEST_STATE) {
    return malformed(
      `state is required, with at least ${SHORTEST_STATE} characters; it has ${length}.`,
    );
  }
  if ((query.get('response_mode') ?? 'query') !== 'query') {
    return malformed('The local Kinde knows only response_mode=query.');
  }
  return undefined;
}

function checkChallenge(
  query: URLSearchParams,
  { clientSecret }: Application,
): Response | undefined {
  const challenge = query.get('code_challenge');
  if (challenge === null && !clientSecret) {
    return malformed('An application without a secret needs PKCE: a code_challenge is required.');
  }
  const method = query.get('code_challenge_method');
  if (method !== (challenge === null ? null : 'S256')) {
    return malformed('PKCE needs a code_challenge and code_challenge_method=S256.');
  }
  if (challenge !== null && !/^[\w-]{43}$/.test(challenge)) {
    return malformed('A code_challenge for S256 has 43 characters of base64url.');
  }
  return undefined;
}

function checkAudience(
  query: URLSearchParams,
  { name, audiences: allowed = [] }: Application,
): Response | undefined {
  const foreign = audiences(query).filter((audience) => !allowed.includes(audience));
  if (foreign.length === 0) {
    return undefined;
  }
  const why = 'The application is not authorized for the audience it asks for.';
  return failurePage('This API is not known', why, {
    'Received audience': foreign,
    [`Allowed for ${name}`]: allowed,
  });
}

/** The invitation that a request comes with, if any, or why it cannot be used. Kinde does not tell unknown from used. */
export function invitationOf(
  query: URLSearchParams,
  state: State,
): Invitation | Response | undefined {
  const code = query.get('invitation_code');
  if (code === null) {
    return undefined;
  }
  if (query.get('is_invitation') !== 'true') {
    return failurePage(
      'Malformed request (1656)',
      'invitation_code needs is_invitation=true beside it.',
    );
  }
  const why = 'It is unknown, was accepted before, or was taken back. Ask for another one.';
  return openInvitation(state, code) ?? failurePage('This invitation cannot be used', why);
}

/** A link that had expired may start again with what it was: the request's own parameters win. */
export function restoreReauthState(query: URLSearchParams): URLSearchParams {
  try {
    const original = JSON.parse(
      Buffer.from(query.get('reauth_state') ?? 'e30', 'base64').toString(),
    ) as object;
    for (const [name, value] of Object.entries(original)) {
      if (typeof value === 'string' && !query.has(name)) {
        query.set(name, value);
      }
    }
  } catch {
    // A request that cannot be read restarts nothing.
  }
  return query;
}
