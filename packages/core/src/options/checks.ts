/** Checks of single options. Each answers with what is wrong, or nothing; none repeats a value, which may be a secret. */

const LOOPBACK = /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/**
 * A name with a dot that DNS can have for everybody. Not a number, which is an address or nothing (WHATWG URL has them all in
 * one spelling), not one that ends in a dot, and none of the names for networks of one's own (RFC 6761, 6762, 7686, 8375, 9476,
 * ICANN's `internal`, and those that routers and companies use).
 */
const PUBLIC = /^(?!\[)([^.]+\.)+(?!\d+$)[^.]+$/;
const OWN =
  /\.(localhost|local|internal|test|invalid|onion|arpa|alt|localdomain|lan|home|corp|intranet|private)$/;

/** Longest URL among the options: each has to fit into a cookie or a query beside others. */
const LONGEST_URL = 1024;
/** The answer to plain http where it is not on this machine. */
export const HTTP = 'must use https; http is for localhost only.';

/** A host on this machine: the only place where plain http is acceptable. */
function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname);
}

/** A host that everybody finds under this name. Where it leads is for DNS to say. */
function isPublic(hostname: string): boolean {
  return PUBLIC.test(hostname) && !OWN.test(hostname);
}

/** An absolute web URL without credentials: https, or http on this machine. */
export function checkUrl(value: unknown, example: string): string | undefined {
  if (value === undefined || value === '') {
    return 'is missing.';
  }
  const isUrl = typeof value === 'string' && value === value.trim() && URL.canParse(value);
  if (!isUrl) {
    return `must be an absolute URL such as ${example}.`;
  }
  if (value.length > LONGEST_URL) {
    return `must not be longer than ${LONGEST_URL} characters.`;
  }
  const { protocol, username, password, hostname } = new URL(value);
  if (!/^https?:$/.test(protocol)) {
    return 'must begin with https:// or, on localhost, http://.';
  }
  if (username || password) {
    return 'must not contain a user name or password.';
  }
  if (protocol === 'http:' && !isLoopback(hostname)) {
    return HTTP;
  }
  return undefined;
}

/** An origin such as `https://acme.kinde.com`: no path, query, fragment or credentials; http on loopback only. */
function checkOrigin(value: unknown, example = 'https://app.example'): string | undefined {
  const wrong = checkUrl(value, example);
  if (wrong) {
    return wrong;
  }
  const isOrigin = new URL(String(value)).pathname === '/' && !/[?#*]|\/\./.test(String(value));
  if (isOrigin) {
    return undefined;
  }
  return 'must be an origin only, without path, query, fragment or wildcard.';
}

/** Origins such as `https://spa.example`, one by one. */
export function checkOrigins(value: unknown = []): readonly (string | undefined)[] {
  if (Array.isArray(value)) {
    return value.map((origin) => checkOrigin(origin));
  }
  return ['must be a list of origins.'];
}

/** Origins as URLs have them, such as without a slash at the end. */
export function originsOf(list: unknown): readonly string[] {
  const origins = Array.isArray(list)
    ? list.filter((origin) => checkOrigin(origin) === undefined)
    : [];
  return Object.freeze(origins.map((origin: string) => new URL(origin).origin));
}

/** The issuer is asked for keys and given the client secret, so in production it must be a public https host. */
export function checkIssuer(
  value: unknown,
  { production, allowPrivate }: { production: boolean; allowPrivate: boolean },
): string | undefined {
  const wrong = checkOrigin(value, 'https://acme.kinde.com');
  if (wrong) {
    return wrong;
  }
  const { hostname, protocol, port } = new URL(value as string);
  if (production && protocol === 'http:') {
    return 'must use https in production.';
  }
  if (production && !isPublic(hostname) && !allowPrivate) {
    return 'is no public host name but an address, or a name for one network; set `allowPrivateIssuer` if that is meant.';
  }
  if (port === '22' || port === '25') {
    return 'names a port that is not for the web.';
  }
  return undefined;
}

/** At least 32 characters with some variety: a passphrase or a repeated letter can be guessed. */
export function checkSecret(value: unknown): string | undefined {
  if (value === undefined || value === '') {
    return 'is missing. Create one with: openssl rand -hex 32';
  }
  if (typeof value !== 'string') {
    return 'must be text, or a list of texts for rotation.';
  }
  if (new TextEncoder().encode(value).length < 32) {
    return 'must be 32 characters or longer. Try: openssl rand -hex 32';
  }
  if (new Set(value).size < 8) {
    return 'repeats a few characters and can be guessed. Try: openssl rand -hex 32';
  }
  return undefined;
}

/** A whole number within bounds. */
export function checkWhole(
  value: unknown,
  [least, most]: readonly [number, number],
  unit = 'seconds',
): string | undefined {
  const fits =
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
  if (fits) {
    return undefined;
  }
  return `must be a whole number of ${unit} from ${least} to ${most}.`;
}

/** Some text, or nothing at all. */
export function checkText(value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) {
    return undefined;
  }
  return 'must be text.';
}

/** A function, or nothing. */
export function checkFunction(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'function') {
    return undefined;
  }
  return 'must be a function.';
}

/** A path of this app. */
export function checkPath(value: unknown): string | undefined {
  const fits =
    typeof value === 'string' &&
    /^\/[A-Za-z0-9._~/-]*$/.test(value) &&
    !value.includes('//') &&
    !/\/\.\.?(\/|$)/.test(value);
  if (fits) {
    return undefined;
  }
  return 'must be a path such as /login, of letters, digits and - . _ ~ /.';
}

/** A cookie name as of RFC 6265, without the prefixes, which are added where they apply. */
export function checkCookieName(value: unknown): string | undefined {
  const fits =
    typeof value === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(value) && !/^__/.test(value);
  if (fits) {
    return undefined;
  }
  return 'must be 1 to 40 letters, digits, - or _, and not begin with two underscores.';
}

/** A cookie domain such as `example.com` that covers the site. */
export function checkCookieDomain(value: unknown, site: string): string | undefined {
  if (typeof value !== 'string' || !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value)) {
    return 'must be a domain such as example.com.';
  }
  const { hostname } = new URL(site);
  if (hostname === value || hostname.endsWith(`.${value}`)) {
    return undefined;
  }
  return 'must be the host of `siteUrl` or a parent of it.';
}

/** `[option, what is wrong with it]`, where the second may be nothing. */
export type Checks = readonly (readonly [string, string | undefined])[];

/** `[option, what is wrong]` → sentences, in which each option is named together with its environment variable. */
export function sentences(
  checks: Checks,
  variableOf: (option: string) => string | undefined,
): string[] {
  const named = (text: string) =>
    text.replace(/`([\w.]+)`/g, (option, name: string) => {
      const variable = variableOf(name);
      return variable ? `${option} (${variable})` : option;
    });
  return checks.flatMap(([option, wrong]) => (wrong ? [named(`\`${option}\` ${wrong}`)] : []));
}

/**
 * A sentence for every name that is not an option, with the one that was probably meant or, where it is an option of other
 * libraries, with what decides the matter here.
 */
export function unknown(
  prefix: string,
  given: object,
  { known, decided = {} }: { known: readonly string[]; decided?: Readonly<Record<string, string>> },
): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const guess = nearest(name, known);
      const hint = Object.hasOwn(decided, name) ? `: ${decided[name]}` : undefined;
      return `\`${prefix}${name}\` is not an option${hint ?? (guess ? `; did you mean \`${prefix}${guess}\`?` : '.')}`;
    });
}

/** The nearest of the known words, for "did you mean". */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far);
  return best && best.far <= 3 ? best.name : undefined;
}

/** Levenshtein distance of two short words. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= Math.min(a.length, 40); i++) {
    row = row.reduce<number[]>((next, above, j) => {
      const diagonal = j > 0 ? row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1) : i;
      next.push(j === 0 ? i : Math.min(above + 1, next[j - 1]! + 1, diagonal));
      return next;
    }, []);
  }
  return row.at(-1)!;
}
