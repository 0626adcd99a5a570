import { isNavigation } from './access.js';
import { cookieFor, cookieOf } from './cookies.js';

const NAME = 'asked_for';
/** Seconds that a page is remembered: as long as a link works. */
const LIFETIME = 600;
const LONGEST = 1_000;
/** Pages to look at. Others are files, or answers to forms. */
const PAGES = /^\/emulator\/(sign-ins|requests|clock|faults)(\/[\w-]+)*$/;

/** Remembers in the browser which page a stranger asked for; `undefined` for what is no page to come back to. */
export function rememberPage(request: Request): string | undefined {
  const { pathname, search } = new URL(request.url);
  const page = pageOf(request, pathname + search);
  return request.method === 'GET' && page !== undefined && isNavigation(request)
    ? cookieFor(request, NAME, { value: encodeURIComponent(page), seconds: LIFETIME })
    : undefined;
}

/** The page that this browser asked for as a stranger. Other apps of this machine can set the cookie, too: it is checked. */
export function rememberedPage(request: Request): string | undefined {
  const value = cookieOf(request, NAME);
  try {
    return value === undefined ? undefined : pageOf(request, decodeURIComponent(value));
  } catch {
    return undefined;
  }
}

/** Forgets it. */
export function forgetPage(request: Request): string {
  return cookieFor(request, NAME, { value: '', seconds: 0 });
}

/** A path of the dashboard, as this release writes it. */
function pageOf({ url }: Request, path: string): string | undefined {
  const { origin } = new URL(url);
  if (path.length > LONGEST || !URL.canParse(path, origin)) {
    return undefined;
  }
  const page = new URL(path, origin);
  return page.origin === origin && PAGES.test(page.pathname)
    ? page.pathname + page.search
    : undefined;
}
