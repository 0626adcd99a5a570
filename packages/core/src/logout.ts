import type { Context } from './context.js';
import { clearCookie, cookieNames } from './cookies.js';
import { KindeError, withHeaders } from './errors.js';
import type { HttpRequest, Redirect } from './http.js';
import { safeReturnTo } from './return-to.js';
import { endSession, readSession } from './session.js';

/** Where to go after signing out. */
export interface LogoutOptions {
  /** A URL of this app that is registered at Kinde as a logout URL. @default `postLogoutRedirectUri` */
  returnTo?: string;
}

/** Milliseconds that ending the refresh token at Kinde may take from signing out. */
const REVOKE_PATIENCE = 1500;

/** Forgets the session here, ends its refresh token, then sends the browser to Kinde to end the session there. */
export async function logout(request: HttpRequest, context: Context, options: LogoutOptions = {}): Promise<Redirect> {
  const { config, oauth } = context;
  const session = await readSession(request, context).catch(() => 'no_session' as const);
  const refreshToken = typeof session === 'object' ? session.refreshToken : undefined;
  const revoke = async () => {
    if (refreshToken) await atMost(REVOKE_PATIENCE, oauth.revoke(refreshToken));
  };
  const cookies = await endSession(request, context).catch(async (error: unknown) => {
    // The store still has the session, but from here on nobody has the cookie for it, and it is not renewed any more.
    await revoke();
    throw error instanceof KindeError ? withHeaders(error, { 'set-cookie': takeCookie(request, context) }) : error;
  });
  await revoke();
  const target = safeReturnTo(options.returnTo, { ...config.returnRules, fallback: config.postLogoutRedirectUri });
  const location = await oauth.logoutUrl(target);
  return {
    location: location.href,
    cookies: [...cookies, ...takeLogins(request, context)],
  };
}

function takeCookie(request: HttpRequest, context: Context): string[] {
  return [...clearCookie(request, context, context.config.session.cookie), ...takeLogins(request, context)];
}

/** Logins that this browser has begun and not finished go, too. */
function takeLogins(request: HttpRequest, context: Context): string[] {
  const pending = cookieNames(request).filter((name) => name.startsWith(`${context.config.session.loginCookie}-`));
  return pending.flatMap((name) => clearCookie(request, context, name));
}

/**
 * Refuses a request that another site made the browser send.
 * Signing out by link is fine when the person followed it here; by image, prefetch or foreign form it is not.
 * @throws KindeError `cross_site`.
 */
export function requireSameSite(request: HttpRequest, { config }: Context): void {
  const { headers, method } = request;
  const site = headers.get('sec-fetch-site');
  const origin = headers.get('origin');
  const own = origin !== null && origin === config.siteUrl;
  const navigates =
    [null, 'navigate'].includes(headers.get('sec-fetch-mode')) &&
    [null, 'document'].includes(headers.get('sec-fetch-dest'));
  const fromHere =
    site === null
      ? own || sameOrigin(headers.get('referer'), config.siteUrl)
      : site === 'same-origin' || (site === 'none' && method === 'GET');
  // Pages without a referrer send `Origin: null` with their own forms, too; then Sec-Fetch-Site tells.
  const foreignOrigin = origin !== null && origin !== 'null' && !own;
  if (!fromHere || foreignOrigin || (method === 'GET' && !navigates)) {
    throw new KindeError('cross_site', 'This can only be done from this site itself.', {
      fix: 'Use a form or a link on a page of this site. Signing out: <form method="post" action="/logout"><button>Sign out</button></form>',
    });
  }
}

function sameOrigin(url: string | null, origin: string): boolean {
  return url !== null && URL.canParse(url) && new URL(url).origin === origin;
}

/** Best effort: neither slowness nor failure may keep anybody from signing out. */
async function atMost(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work.catch(() => {}), late]).finally(() => clearTimeout(timer));
}
