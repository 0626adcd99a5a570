import type { Config } from '../options/config.js';
import { KindeError } from '../errors.js';
import { isElsewhere, type HttpRequest } from '../http/http.js';

/** Why a callback finds no login of this browser, as far as the request and the names of its cookies can tell. */
export function explainMissingLogin(
  request: HttpRequest,
  names: readonly string[],
  { siteUrl, session, nameOf }: Config,
  name: string,
): KindeError {
  const { host: expected } = new URL(siteUrl);
  const host = request.headers.get('host');
  const isMoved = isElsewhere(request, siteUrl);
  const others = names.some((sent) => sent.startsWith(`${session.loginCookie}-`));
  if (names.includes(name)) {
    return missing(
      'unreadable',
      `The cookie of the login is encrypted with another secret. Give every process the same ${nameOf('secret')}, and keep the old one in the list while rotating.`,
    );
  }
  if (others) {
    return new KindeError(
      'state_mismatch',
      'The callback belongs to another login than the one this browser started.',
      {
        reason: 'other_login',
        fix: 'Links to the callback cannot be shared or typed in. Start from /login in this browser.',
      },
    );
  }
  if (host !== null && isMoved) {
    return missing(
      'other_host',
      `Cookies belong to one host. \`Host\` of this request is ${plain(host)}, and \`siteUrl\` says ${expected}. If the browser shows ${plain(host)}, open the app at ${siteUrl} and register that callback URL at Kinde. If it shows ${expected}, a proxy rewrites \`Host\`, and the login was started in another browser.`,
    );
  }
  if (names.length === 0) {
    const secure = session.secure
      ? ' Its cookies are Secure, so they are not kept where the page is opened over http.'
      : '';
    return missing(
      'no_cookies',
      `The browser sent no cookies at all: it blocks them, or the login was started in another browser or on another host than ${expected} (127.0.0.1 and localhost are two hosts).${secure}`,
    );
  }
  return missing(
    'no_login_cookie',
    `The login was started in another browser or on another host than ${expected} (127.0.0.1 and localhost are two hosts), was finished before, or its cookie was deleted. Start again from the login route.`,
  );
}

function missing(reason: string, fix: string): KindeError {
  return new KindeError(
    'transaction_missing',
    'The cookie of this login is missing: this browser did not start it, or lost the cookie.',
    { reason, fix },
  );
}

/** A header is somebody's text: only what a host can consist of is repeated. */
function plain(host: string): string {
  return host.replace(/[^\w.:[\]-]/g, '').slice(0, 100);
}
