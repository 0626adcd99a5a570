import { failurePage } from '../pages/pages.js';
import type { State } from '../state/state.js';
import { findClient, readForm } from './client-auth.js';
import { canBeAllowed, isRegistered } from './redirect-uri.js';

/**
 * POST /emulator/allow: registers the callback of an authorization request that was refused for it, and goes on with that
 * request. Only addresses of this machine and of private networks.
 */
export async function allowCallback(request: Request, state: State): Promise<Response> {
  const form = await readForm(request);
  const query = new URLSearchParams(form?.get('search') ?? '');
  const redirectUri = query.get('redirect_uri') ?? '';
  const application = findClient(state, query.get('client_id'));
  if (!application || !canBeAllowed(redirectUri)) {
    const why =
      'Here, only http and https addresses of this machine or of a private network can be allowed. Others belong into the seed.';
    return failurePage('This callback URL cannot be allowed here', why, {
      'Received redirect_uri': [redirectUri || '(nothing)'],
    });
  }
  if (!isRegistered(application.redirectUris, redirectUri)) {
    application.redirectUris = [...application.redirectUris, redirectUri];
    const text = `The callback URL ${redirectUri} was allowed for ${application.name}.`;
    state.journal.append({ kind: 'remark', text });
  }
  return new Response(null, {
    status: 303,
    headers: {
      location: `/oauth2/auth?${query}`,
      'cache-control': 'no-store',
    },
  });
}
