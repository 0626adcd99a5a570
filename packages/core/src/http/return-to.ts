/** The addresses to which a login or logout may send the browser afterwards. */
export interface ReturnRules {
  /** The app's home, an absolute URL that ends in `/`. Relative targets resolve against it. */
  readonly home: string;
  /** Allowed origins, compared exactly. The app's own is one of them. */
  readonly origins: readonly string[];
  /** Absolute URL for everything that is refused. */
  readonly fallback: string;
  /** Own paths, base path included, that would only start or end a session again. */
  readonly avoid: readonly string[];
}

/** Bytes of a target, unless the caller says otherwise. */
const LONGEST = 2048;

/**
 * The one validator of places to return to: always an absolute http(s) URL on an allowed origin, or the fallback.
 * What is returned is what was parsed, so that no two parsers can disagree about it. A URL is all ASCII once it is parsed, so
 * its length is its bytes; one of more than `most` bytes loses its fragment, then its query, and becomes the fallback only if
 * its path alone is too long.
 */
export function safeReturnTo(
  target: string | null | undefined,
  rules: ReturnRules,
  most = LONGEST,
): string {
  const { home, fallback } = rules;
  if (!target || !isPlain(target) || !URL.canParse(target, home)) {
    return fallback;
  }
  const url = new URL(target.replaceAll('\\', '%5C'), home);
  if (isForeign(url, rules) || isAvoided(url, rules)) {
    return fallback;
  }
  return shortened(url, most) ?? fallback;
}

/** Says whether any reader of a URL would go elsewhere. The scheme counts, too: `blob:https://app.example/…` has the origin of the app. */
function isForeign(
  { origin, protocol, pathname, username, password }: URL,
  { origins }: ReturnRules,
): boolean {
  const isWeb = protocol === 'https:' || protocol === 'http:';
  return (
    !isWeb ||
    !origins.includes(origin) ||
    pathname.startsWith('//') ||
    username !== '' ||
    password !== ''
  );
}

function isAvoided({ origin, pathname }: URL, { home, avoid }: ReturnRules): boolean {
  const path = asRouted(pathname);
  return origin === new URL(home).origin && avoid.some((own) => asRouted(own) === path);
}

/** As much of a URL as fits. */
function shortened({ href, origin, pathname, search }: URL, most: number): string | undefined {
  return [href, origin + pathname + search, origin + pathname].find((text) => text.length <= most);
}

/** As routers read a path: decoded, whatever its case, with or without a slash at its end; proxies merge slashes. */
function asRouted(path: string): string {
  return decoded(path).toLowerCase().replace(/\/+/g, '/').replace(/\/$/, '');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Control characters, spaces at the ends, and backslashes before a query mean different things to different parsers. */
function isPlain(target: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f]|^\s|\s$|^[^?#]*\\/.test(target);
}
