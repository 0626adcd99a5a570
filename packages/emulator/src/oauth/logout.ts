import { failurePage, loggedOutPage } from '../pages/pages.js';
import type { State } from '../state/state.js';
import { isRegistered } from './redirect-uri.js';
import { endSession } from './sso-session.js';

/** Kinde's own session ends; the browser goes on only to a registered address. */
export function logout(request: Request, state: State): Response {
  const target = new URL(request.url).searchParams.get('redirect');
  const allowed = state.applications.flatMap(({ logoutUris }) => logoutUris);
  if (target && !isRegistered(allowed, target)) {
    return failurePage(
      'This logout URL is not allowed',
      'The app asked to return to an address that is not registered. They must be equal, character by character.',
      {
        'Received redirect': [target],
        Allowed: allowed,
      },
    );
  }
  const headers = endSession(request, state);
  if (target) {
    return new Response(null, {
      status: 302,
      headers: {
        location: target,
        'cache-control': 'no-store',
        ...headers,
      },
    });
  }
  return loggedOutPage(headers);
}
