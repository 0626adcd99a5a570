import { nameAtPort } from '../oauth/sso-session.js';

/** Name of a cookie of the dashboard. */
function nameAt(url: URL, name: string): string {
  return nameAtPort(`kinde_emulator_${name}`, url);
}

/**
 * A cookie of the dashboard, as `Set-Cookie` has it.
 * @param seconds how long the browser keeps it; without, as long as the browser is open
 */
export function cookieFor(
  request: Request,
  name: string,
  { value, seconds }: { readonly value: string; readonly seconds?: number },
): string {
  const url = new URL(request.url);
  const age = seconds === undefined ? '' : `; Max-Age=${seconds}`;
  const secure = url.protocol === 'https:' ? '; Secure' : '';
  return `${nameAt(url, name)}=${value}; Path=/emulator; HttpOnly; SameSite=Strict${age}${secure}`;
}

/** Value of a cookie of the dashboard. */
export function cookieOf(request: Request, name: string): string | undefined {
  const start = `${nameAt(new URL(request.url), name)}=`;
  const cookies = (request.headers.get('cookie') ?? '').split(';').map((one) => one.trim());
  return cookies.find((one) => one.startsWith(start))?.slice(start.length);
}
