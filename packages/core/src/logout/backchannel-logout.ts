import type { LogoutContext } from './context.js';
import { KindeError } from '../errors.js';
import { PRIVATE_HEADERS, readForm, type HttpRequest, type Reply } from '../http/http.js';
import { single } from '../http/query.js';
import { endByLogoutToken } from '../session/sessions.js';

/**
 * Kinde's server says that a user signed out elsewhere (OpenID Connect Back-Channel Logout 1.0): ends their sessions
 * here, or the one that is named, before it answers 200.
 * @throws KindeError `logout_token_invalid`, `kinde_unavailable`, `param_invalid`, `param_duplicate`, `body_too_large`; nobody
 * is signed out then.
 */
export async function backchannelLogout(
  request: HttpRequest,
  context: LogoutContext,
): Promise<Reply> {
  const token = single(await readForm(request), 'logout_token');
  if (!token) {
    throw new KindeError('param_invalid', 'The logout token is missing.', {
      reason: 'logout_token',
    });
  }
  const logoutToken = await context.oauth.verifyLogoutToken(token).catch(orLater);
  if (context.usedLogoutTokens.state(logoutToken.jti)) {
    throw new KindeError('logout_token_invalid', 'This logout token was used before.', {
      reason: 'jti',
    });
  }
  try {
    await context.usedLogoutTokens.run(logoutToken.jti, async () => {
      // A token with both means the one session (2.6 of the specification leaves the choice).
      await endByLogoutToken(context, logoutToken);
      return true;
    });
  } catch (error) {
    if (error instanceof KindeError && error.code === 'logout_token_invalid') {
      throw error;
    }
    throw new KindeError(
      'logout_token_invalid',
      'The session store does not answer, so the sessions of this logout token were not ended.',
      {
        reason: 'store',
      },
    );
  }
  return {
    status: 200,
    headers: PRIVATE_HEADERS,
    cookies: [],
    body: '',
  };
}

/** Keys rotate: a token under one that is not published yet may be right a moment later. */
function orLater(error: unknown): never {
  if (!(error instanceof KindeError) || error.reason !== 'key_not_found') {
    throw error;
  }
  const details = {
    reason: 'key_not_found',
    headers: { 'retry-after': '10' },
    cause: error,
  };
  throw new KindeError(
    'kinde_unavailable',
    'Kinde has not published the signing key of this logout token yet.',
    details,
  );
}
