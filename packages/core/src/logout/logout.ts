// Ends sessions here and at Kinde, when the user signs out or Kinde says that they did.

import { bare, withDeadline } from '@kindling/internal';
import type { LogoutContext } from './context.js';
import { clearCookie, readCookies } from '../cookies.js';
import type { AuditEntry } from '../diagnostics/audit.js';
import { findingsOf, identify } from '../diagnostics/operation.js';
import { KindeError, withHeaders } from '../errors.js';
import type { HttpRequest, Redirect } from '../http/http.js';
import { forgetLogins } from '../login/pending-login.js';
import { safeReturnTo } from '../http/return-to.js';
import { endSession, readSession, revokeTokens, userOfSession } from '../session/session.js';

/** Options for signing out. */
export interface LogoutOptions {
  /** Where to go afterwards: a URL of this app that is registered at Kinde as a logout URL. @default `postLogoutRedirectUri` */
  returnTo?: string;
}

/** Milliseconds that ending the refresh token at Kinde may take from signing out. */
const REVOKE_TIMEOUT_MS = 1500;

/** Forgets the session here, ends its refresh token, then sends the browser to Kinde to end the session there. */
export async function logout(
  request: HttpRequest,
  context: LogoutContext,
  options: LogoutOptions = {},
): Promise<Redirect> {
  const { config, oauth } = context;
  const jar = readCookies(request);
  const found = await readSession(jar, context).catch(() => undefined);
  const session = typeof found === 'object' ? found : undefined;
  const revoke = async () => {
    if (session) {
      await withinTime(REVOKE_TIMEOUT_MS, revokeTokens(session, context, request));
    }
  };
  const audit = ({ code, reason }: Pick<AuditEntry, 'code' | 'reason'>) => {
    if (session) {
      const user = userOfSession(session);
      identify(user.userId);
      config.diagnostics.audit(
        { type: 'signed_out', by: 'session', ...user, code, reason },
        request,
      );
    }
  };
  const cookies = await endSession(jar, context, session).catch(async (error: unknown) => {
    // The store still has the session, but from here on nobody has the cookie for it, and it is not refreshed any more.
    await revoke();
    audit(findingsOf(error));
    const cleared = clearCookie(jar, context, config.session.cookie);
    const lines = [...cleared, ...forgetLogins(jar, context)];
    throw error instanceof KindeError ? withHeaders(error, { 'set-cookie': lines }) : error;
  });
  await revoke();
  audit({});
  const target = safeReturnTo(bare(options).returnTo, {
    ...config.returnRules,
    fallback: config.postLogoutRedirectUri,
  });
  const location = await oauth.logoutUrl(target);
  return { location: location.href, cookies: [...cookies, ...forgetLogins(jar, context)] };
}

/** Best effort: neither slowness nor failure may keep anybody from signing out. */
async function withinTime(milliseconds: number, work: Promise<unknown>): Promise<void> {
  await withDeadline(work, { milliseconds, onTimeout: () => undefined }).catch(() => {});
}
