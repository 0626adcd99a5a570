import { failurePage } from '../pages/pages.js';
import type { SeedApplication } from '../seed/seed.js';
import { openInvitation } from '../state/organizations.js';
import type { Invitation, State } from '../state/state.js';
import { isRegistered } from './redirect-uri.js';
import { audiences } from './scopes.js';

/**
 * Answers an authorization request that is wrong. Redirects go only to where the application is registered to be: everything
 * else is a page (OAuth 2.0, 4.1.2.1).
 */
export function checkAuthorizationRequest(
  query: URLSearchParams,
  state: State,
): Response | undefined {
  const repeated = [...query.keys()].find(
    (name) => name !== 'audience' && query.getAll(name).length > 1,
  );
  if (repeated) {
    return malformed(`The parameter ${repeated} was given more than once.`);
  }
  const clientId = query.get('client_id');
  const application = state.applications.find((one) => one.clientId === clientId);
  if (!application) {
    return unknownApplication(clientId, state);
  }
  return (
    checkRedirectUri(query, application) ??
    checkResponse(query) ??
    checkChallenge(query) ??
    checkAudience(query, application)
  );
}

function malformed(why: string): Response {
  return failurePage('Malformed request (1656)', why);
}

function unknownApplication(clientId: string | null, { applications }: State): Response {
  const why =
    'No application has this client id. If the local Kinde was started again since your app was: restart your app, with the ' +
    'variables that the local Kinde printed or wrote to .env. Each start makes new credentials, unless the seed names ' +
    'applications. Otherwise compare KINDE_CLIENT_ID.';
  return failurePage('Unknown application', why, {
    'Received client_id': [clientId ?? '(nothing)'],
    Known: applications.map(({ clientId: known, name }) => `${known} (${name})`),
  });
}

function checkRedirectUri(
  query: URLSearchParams,
  { name, redirectUris }: SeedApplication,
): Response | undefined {
  const redirectUri = query.get('redirect_uri') ?? '';
  if (isRegistered(redirectUris, redirectUri)) {
    return undefined;
  }
  const why =
    'The app asked to return to an address that is not registered. They must be equal, character by character.';
  return failurePage('This callback URL is not allowed', why, {
    'Received redirect_uri': [redirectUri || '(nothing)'],
    [`Allowed for ${name}`]: redirectUris,
  });
}

function checkResponse(query: URLSearchParams): Response | undefined {
  if (query.get('response_type') !== 'code') {
    return malformed('Only response_type=code is supported.');
  }
  if ((query.get('response_mode') ?? 'query') !== 'query') {
    return malformed('The local Kinde knows only response_mode=query.');
  }
  return undefined;
}

function checkChallenge(query: URLSearchParams): Response | undefined {
  const challenge = query.get('code_challenge');
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
  { name, audiences: allowed = [] }: SeedApplication,
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
