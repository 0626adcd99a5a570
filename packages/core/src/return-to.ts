/** Where a login or logout may send the browser afterwards. */
export interface ReturnRules {
  /** Allowed origins, compared exactly. The first is the app's own, against which paths resolve. */
  readonly origins: readonly string[];
  /** Absolute URL for everything that is refused. */
  readonly fallback: string;
  /** Own paths that would only start or end a session again. */
  readonly avoid: readonly string[];
}

/** Longer targets would not fit beside the rest of a pending login. */
const LONGEST = 2048;

/**
 * The one validator of places to return to: always an absolute URL on an allowed origin.
 * What is returned is what was parsed, so that no two parsers can disagree about it.
 */
export function safeReturnTo(
  target: string | null | undefined,
  { origins, fallback, avoid }: ReturnRules,
  _most = 2048,
): string {
  const own = origins[0]!;
  if (!target || target.length > LONGEST || !isPlain(target) || !URL.canParse(target, own)) return fallback;
  const url = new URL(target, own);
  const leavesByPath = url.pathname.startsWith('//');
  const hasCredentials = url.username !== '' || url.password !== '';
  const loops = url.origin === own && avoid.includes(decoded(url.pathname));
  return origins.includes(url.origin) && !leavesByPath && !hasCredentials && !loops ? url.href : fallback;
}

/** As a router reads it: some decode a path before they match it. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Control characters, backslashes and spaces at the ends mean different things to different parsers. */
function isPlain(target: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return !/[\u0000-\u001f\u007f\\]|^\s|\s$/.test(target);
}
