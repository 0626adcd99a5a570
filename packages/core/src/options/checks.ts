import { isLoopback } from '@kindling/internal';
import { checkClient } from './database-client.js';

/** Finds what is wrong with a value, as the end of a sentence that repeats no value. */
export type Check = (value: unknown) => string | undefined | readonly (string | undefined)[];

/** `[option, what is wrong with it]`, where the second may be nothing. */
export type Problems = readonly (readonly [string, string | undefined])[];

/** Longest URL among the options, in characters: each has to fit into a cookie or a query beside others. */
const LONGEST_URL = 1024;
/** The answer to plain http anywhere but on this machine. */
export const HTTP = 'must use https; http is for localhost only.';

/** Accepts every value, where only its truth counts or its members are checked one by one. */
export const anything: Check = () => undefined;

/** An absolute web URL without credentials: https, or http on the hosts that may do without, by default this machine. */
export function checkUrl(
  value: unknown,
  example: string,
  mayUseHttp: (hostname: string) => boolean = isThisMachine,
): string | undefined {
  if (value === undefined || value === '') {
    return 'is missing.';
  }
  if (!isAbsolute(value)) {
    return `must be an absolute URL such as ${example}.${schemeFor(value)}`;
  }
  if (value.length > LONGEST_URL) {
    return `must not be longer than ${LONGEST_URL} characters.`;
  }
  const { protocol, username, password, hostname } = new URL(value);
  if (!/^https?:$/.test(protocol)) {
    return `must begin with https:// or, on localhost, http://.${schemeFor(value)}`;
  }
  if (username || password) {
    return 'must not contain a user name or password.';
  }
  if (protocol === 'http:' && !mayUseHttp(hostname)) {
    return HTTP;
  }
  return undefined;
}

function isAbsolute(value: unknown): value is string {
  return typeof value === 'string' && value === value.trim() && URL.canParse(value);
}

/** The cure for an address of this machine without scheme, where `URL` may take `localhost:` for one. */
function schemeFor(value: unknown): string {
  const [address] = /^(localhost|127\.0\.0\.1)(:\d{1,5})?(?=\/|$)/.exec(String(value)) ?? [];
  return address ? ` Write the scheme: http://${address}` : '';
}

/** Plain http is accepted on this machine only, whatever name or address browsers have for it. */
export function isThisMachine(hostname: string): boolean {
  return isLoopback(hostname, { network: true, subdomains: true });
}

/** A URL, with an example for the message. */
export function url(example: string): Check {
  return (value) => checkUrl(value, example);
}

/** An origin: no path, query, fragment or credentials; http as `checkUrl` has it. */
export function checkOrigin(
  value: unknown,
  example = 'https://app.example',
  mayUseHttp?: (hostname: string) => boolean,
): string | undefined {
  const wrong = checkUrl(value, example, mayUseHttp);
  if (wrong) {
    return wrong;
  }
  const isOrigin = new URL(String(value)).pathname === '/' && !/[?#*]|\/\./.test(String(value));
  if (isOrigin) {
    return undefined;
  }
  return `must be an origin only, such as ${example}, without path, query, fragment or wildcard.`;
}

/** Origins such as `https://spa.example`, one by one. */
export const checkOrigins: Check = (value) => {
  if (Array.isArray(value)) {
    return value.map((origin) => checkOrigin(origin));
  }
  return 'must be a list of origins.';
};

/** Origins as URLs have them, such as without a slash at the end. */
export function originsOf(list: unknown): readonly string[] {
  if (!Array.isArray(list)) {
    return Object.freeze([]);
  }
  const origins = list.filter((origin) => checkOrigin(origin) === undefined);
  return Object.freeze(origins.map((origin: string) => new URL(origin).origin));
}

/** The public URL of the app: an origin, or an origin and a path of plain segments. */
export function checkSite(value: unknown): string | undefined {
  const wrong = checkUrl(value, 'https://app.example');
  if (wrong === HTTP) {
    return `${HTTP} To open the app from other devices, use a certificate, or a tunnel with https.`;
  }
  if (wrong) {
    return wrong;
  }
  const isPlain = /^https?:\/\/[^/?#\\]+(\/(?!\.)[\w.~-]+)*\/?$/i.test(String(value));
  if (isPlain) {
    return undefined;
  }
  return 'must be an origin, or an origin and a path such as /app, without query or fragment.';
}

/** One secret, or a list of secrets for rotation. */
export const checkSecrets: Check = (value) => {
  const secrets = [value].flat();
  if (secrets.length === 0) {
    return checkSecret(undefined);
  }
  return secrets.map(checkSecret);
};

/** At least 32 characters with some variety: a passphrase or a repeated letter can be guessed. */
function checkSecret(value: unknown): string | undefined {
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
export function whole(least: number, most: number, unit = 'seconds'): Check {
  return (value) => {
    const fits =
      typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
    if (fits) {
      return undefined;
    }
    return `must be a whole number of ${unit} from ${least} to ${most}.`;
  };
}

/** Accepts `null` as well, which stands for the default. */
export function orNull(check: Check): Check {
  return (value) => {
    if (value === null) {
      return undefined;
    }
    return check(value);
  };
}

/** One of a few words. */
export function oneOf(...words: readonly string[]): Check {
  return (value) => {
    if (typeof value === 'string' && words.includes(value)) {
      return undefined;
    }
    return `must be ${words.join(' or ')}.`;
  };
}

/** Text, even an empty one. */
export const checkString: Check = (value) => {
  if (typeof value === 'string') {
    return undefined;
  }
  return 'must be text.';
};

/** Some text. */
export const checkText: Check = (value) => {
  if (typeof value === 'string' && value !== '') {
    return undefined;
  }
  return 'must be text.';
};

/** Some text that an app cannot do without. */
export const checkPresent: Check = (value) => {
  if (typeof value === 'string' && value !== '') {
    return undefined;
  }
  return 'is missing.';
};

/** One API identifier, or several. */
export const checkIdentifiers: Check = (value) => {
  const areTexts = [value].flat().every((item) => typeof item === 'string' && item !== '');
  if (areTexts) {
    return undefined;
  }
  return 'must be one or more API identifiers.';
};

/** A function. */
export const checkFunction: Check = (value) => {
  if (typeof value === 'function') {
    return undefined;
  }
  return 'must be a function.';
};

/** A session store that has all of these functions. A database client in its place is told how to become one. */
export function functions(...names: readonly string[]): Check {
  const list = `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  return (value) => {
    if (hasFunctions(value, names)) {
      return undefined;
    }
    return checkClient(value) ?? `must have the functions ${list}.`;
  };
}

/** Whether a value is an object with all of these functions. */
export function hasFunctions(value: unknown, names: readonly string[]): boolean {
  const members = (value ?? {}) as Readonly<Record<string, unknown>>;
  return names.every((name) => typeof members[name] === 'function');
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

/** A receiver of webhooks, whoever made it. */
export const checkWebhooks: Check = (value) => {
  const { path } = (value ?? {}) as { path?: unknown };
  if (hasFunctions(value, ['handle']) && !checkPath(path)) {
    return undefined;
  }
  return 'must be the result of `createWebhooks` of @kindling/webhooks: a path and a function `handle`.';
};

/** A cookie name as of RFC 6265, without the prefixes, which are added where they apply. */
export const checkCookieName: Check = (value) => {
  const fits =
    typeof value === 'string' && /^[A-Za-z0-9_-]{1,40}$/.test(value) && !/^__/.test(value);
  if (fits) {
    return undefined;
  }
  return 'must be 1 to 40 letters, digits, - or _, and not begin with two underscores.';
};

/** A domain for cookies such as `example.com`. */
export const checkDomain: Check = (value) => {
  if (typeof value === 'string' && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value)) {
    return undefined;
  }
  return 'must be a domain such as example.com.';
};
