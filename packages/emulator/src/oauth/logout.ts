import { failurePage, loggedOutPage } from '../pages/pages.js';
import type { State } from '../state/state.js';
import { isRegistered } from './redirect-uri.js';
import { endSession } from './sso-session.js';

/** Parameters that name where to go on: Kinde's own, and the one of OpenID Connect RP-Initiated Logout 1.0. */
const TARGETS = ['redirect', 'post_logout_redirect_uri'] as const;

/** Kinde's own session ends; the browser goes on only to a registered address. */
export function logout(request: Request, state: State): Response {
  const query = new URL(request.url).searchParams;
  const allowed = state.applications.flatMap(({ logoutUris }) => logoutUris);
  const name = TARGETS.find((one) => query.get(one));
  const given = TARGETS.flatMap((one) => query.getAll(one).filter(Boolean));
  const foreign = given.find((address) => !isRegistered(allowed, address));
  if (foreign !== undefined) {
    return failurePage(
      'This logout URL is not allowed',
      'The app asked to return to an address that is not registered. They must be equal, character by character.',
      {
        [`Received ${TARGETS.find((one) => query.getAll(one).includes(foreign))}`]: [foreign],
        Allowed: allowed,
      },
    );
  }
  const headers = endSession(request, state);
  if (name) {
    const location = targetOf(query, name);
    return new Response(null, {
      status: 302,
      headers: {
        location,
        'cache-control': 'no-store',
        ...headers,
      },
    });
  }
  return loggedOutPage(headers, query.has('redirect_uri') ? REDIRECT_URI : undefined);
}

const REDIRECT_URI =
  'The app sent redirect_uri. Nothing says that Kinde goes back for it: the parameter that Kinde documents is redirect.';

/** The address to go on to. `state` comes back where it belongs to the protocol. */
function targetOf(query: URLSearchParams, name: (typeof TARGETS)[number]): string {
  const target = query.get(name) ?? '';
  const state = query.get('state');
  if (name === 'redirect' || state === null) {
    // A header has no other characters; addresses of apps on phones stay as they are.
    return target.replace(/[^!-~]+/g, encodeURI);
  }
  const url = new URL(target);
  url.searchParams.set('state', state);
  return url.href;
}
