import type { LoginContext } from './context.js';
import { KindeError } from '../errors.js';
import type { Redirect } from '../http/http.js';
import { startLogin, type Beginning, type LoginOptions } from './login.js';
import { forgetLogin, type Callback } from './pending-login.js';
import type { LoginChecks } from '../oauth/client.js';
import { fromQuery, fromReauthState } from './parameters.js';

/** Error codes of a provider that shows nothing when asked with `prompt=none` (OpenID Connect Core 3.1.2.6). */
const NEEDS_USER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

/** Kinde's answer is an error. Some of them are a way on. */
export async function afterError(
  context: LoginContext,
  found: Callback,
  error: string,
): Promise<Redirect> {
  const { jar, pending } = found;
  const { params = {}, isSilent, isSwitch, isReauth, returnTo, checks } = pending;
  if (NEEDS_USER.includes(error) && isSilent) {
    return {
      location: withLoginError(returnTo, error),
      cookies: forgetLogin(jar, context, checks.state),
    };
  }
  if (NEEDS_USER.includes(error) && isSwitch) {
    return startAgain(context, found, { options: { ...again(params, checks), returnTo } });
  }
  if (error === 'login_link_expired' && !isReauth) {
    const options = { ...fromReauthState(found.query.get('reauth_state') ?? ''), returnTo };
    return startAgain(context, found, { options, isReauth: true });
  }
  throw new KindeError('login_refused', 'Kinde ended this login without signing the user in.', {
    reason: errorCode(error),
  });
}

/** A login in place of this one, whose cookie goes. */
async function startAgain(
  context: LoginContext,
  { jar, pending }: Callback,
  beginning: Beginning,
): Promise<Redirect> {
  const { location, cookies } = await startLogin(jar, context, beginning);
  return {
    location,
    cookies: [...cookies, ...forgetLogin(jar, context, pending.checks.state)],
  };
}

/** The options of a login that Kinde is asked for once more. */
function again(params: Readonly<Record<string, string>>, { maxAge }: LoginChecks): LoginOptions {
  return { ...fromQuery(new URLSearchParams(params)), ...(maxAge !== undefined && { maxAge }) };
}

/** The page that asked silently learns by its query why nobody is signed in. */
export function withLoginError(returnTo: string, error: string): string {
  const url = new URL(returnTo);
  url.searchParams.set('login_error', error);
  return url.href;
}

/** Kinde did not make the user sign in again although `max_age` asked for it: once more, and plainly. */
export async function askAgain(context: LoginContext, found: Callback): Promise<Redirect> {
  const { params, isRetry, isSilent, returnTo, checks } = found.pending;
  if (isSilent) {
    return afterError(context, found, 'login_required');
  }
  if (params && params['prompt'] !== 'login' && !isRetry) {
    const options: LoginOptions = {
      ...again(params, checks),
      prompt: 'login',
      returnTo,
    };
    return startAgain(context, found, { options, isRetry: true });
  }
  throw new KindeError(
    'login_refused',
    'Kinde did not ask the user to sign in again, although this app requires it.',
    {
      reason: 'max_age',
      fix: 'The sign-in is older than `maxAge` allows. Check that the connection in Kinde honours `prompt=login`.',
    },
  );
}

/**
 * RFC 6749 4.1.2.1 bounds the characters of an error code; the description is attacker-controlled and stays behind. The longest
 * registered code, `unmet_authentication_requirements`, has 33 characters; a longer text may be a token.
 */
export function errorCode(error: string): string {
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,33}$/.test(error)) {
    return error;
  }
  return 'invalid_error_code';
}
