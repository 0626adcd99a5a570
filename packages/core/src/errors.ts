// The one error class, and every code that an error can have.
import { bare } from '@kindling/internal';

/** Every error code, and the HTTP status of an error with that code that nothing handles. */
const STATUS = {
  /** Options or environment are unusable; `problems` lists all of them. */
  config_invalid: 500,
  /** A request carried a parameter twice, or one that is not allowed to be that long or of that form. */
  param_duplicate: 400,
  param_too_large: 400,
  param_invalid: 400,
  /** An auth route was called with a method it does not have. */
  method_not_allowed: 405,
  /** A state-changing request was made by a page of another site. */
  cross_site: 403,
  /** A script, an image or a frame called an auth route that only a navigation of the browser window can complete. */
  navigation_required: 400,
  /** `refresh()` was called where no cookie can be sent any more; no token was used. */
  cannot_set_cookies: 500,
  /** The callback came without `state`, with another state, or without a `code`. */
  state_missing: 400,
  state_mismatch: 400,
  code_missing: 400,
  /** The login that this callback belongs to is not known to this browser, expired, or was completed before. */
  transaction_missing: 400,
  transaction_expired: 400,
  transaction_consumed: 400,
  /** RFC 9207: the callback names another issuer, or none where one is promised. */
  iss_mismatch: 400,
  iss_missing: 400,
  /** The callback carries tokens or a signed response, which the code flow never does. */
  response_unexpected: 400,
  /** Kinde ended the login with an error; `reason` is its OAuth error code. */
  login_refused: 400,
  /** Kinde did not accept the code or refresh token; `reason` is its OAuth error code. */
  grant_refused: 400,
  /** Kinde does not know this client id and secret. */
  client_rejected: 502,
  /** Kinde could not be reached (`network`), or its answer broke off (`answer_cut`); or it did not finish that in time. */
  kinde_unreachable: 502,
  kinde_timeout: 504,
  /** Nothing was sent: Kinde does not answer for the moment (`circuit_open`), or there was no time left (`not_sent`). */
  kinde_unavailable: 503,
  /** Kinde limits the rate of requests (429). */
  kinde_busy: 503,
  /** Kinde's response does not follow the protocol; `reason` tells in one word. */
  response_invalid: 502,
  /** Kinde's OpenID configuration cannot be used; `reason` tells in one word. */
  discovery_invalid: 502,
  /** The signing keys cannot be fetched or used. */
  keys_unavailable: 502,
  /** A token failed verification; `reason` names the check. */
  id_token_invalid: 502,
  access_token_invalid: 502,
  /** A back-channel logout request was refused; nobody was signed out by it. */
  logout_token_invalid: 400,
  body_too_large: 413,
  /** The profile endpoint answered for another user, or not at all. */
  profile_invalid: 502,
  /** The Account API did not answer a live check, which therefore grants nothing. */
  account_unavailable: 503,
  /** The session does not fit into cookies. */
  session_too_large: 500,
  /** The session store failed or did not answer in time. */
  store_unavailable: 503,
  /** A session belongs to a process with another secret or version; only ever a warning. */
  session_foreign: 503,
  /** A function of the app threw; `reason` is its name. */
  hook_failed: 500,
  /** The request needs a signed-in user; or the user may not do this. */
  signed_out: 401,
  forbidden: 403,
  /** The issuer of a local Kinde was configured for production; as a warning, one of its keys was published or it was asked for. */
  emulator_in_production: 500,
} as const;

/** The codes of `KindeError`, to switch on. Codes are stable; messages may change in any release. */
export type KindeErrorCode = keyof typeof STATUS;

/** Details of an error besides code and message. Never a token, a secret or a response body. */
export interface KindeErrorDetails {
  /** One word that says more than the code: a failed check, an OAuth error code, a system error code. */
  readonly reason?: string | undefined;
  /** Everything that is wrong with the options, one sentence each. @default [] */
  readonly problems?: readonly string[] | undefined;
  /** Tells the developer what to do. */
  readonly fix?: string | undefined;
  /** Headers for the response to the request that failed, by lower-case name. @default {} */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** The error that caused this one. Its name, message (200 characters), stack (10 frames) and system code are kept. */
  readonly cause?: unknown;
}

/** The only error class that Kindling throws. Switch on `code`. */
export class KindeError extends Error {
  /** Always `KindeError`. */
  override readonly name = 'KindeError';
  /** Says what failed. Stable, unlike the message; its page is `docs/errors/<code>.md`. */
  readonly code: KindeErrorCode;
  /** The HTTP status of the response to the request that failed. Express and Fastify read this property. */
  readonly statusCode: number;
  /** One word that says more than the code: a failed check, an OAuth error code, a system error code. */
  declare readonly reason: string | undefined;
  /** Everything that is wrong with the options, one sentence each; empty for other errors. They are in the message, too. */
  declare readonly problems: readonly string[];
  /** Tells the developer what to do. */
  declare readonly fix: string | undefined;
  /** Headers for the response to the request that failed, such as `retry-after`, by lower-case name. Not enumerable. */
  declare readonly headers: Readonly<Record<string, string | readonly string[]>>;

  constructor(code: KindeErrorCode, message: string, details: KindeErrorDetails = {}) {
    const { reason, problems = [], fix, headers = {}, cause } = bare(details);
    super(message, cause === undefined ? undefined : { cause: harmless(cause) });
    this.code = code;
    this.statusCode = STATUS[code];
    // What is empty is not printed with the error.
    hide(this, 'headers', headers);
    hide(this, 'problems', problems);
    set(this, 'reason', reason);
    set(this, 'fix', fix);
  }

  /** The page about errors with this code: their causes, and what to do. */
  get docs(): string {
    return `${PAGES}${this.code}.md`;
  }
}

/** Where the pages about errors are: they are published with this package. */
const PAGES = 'https://unpkg.com/@kindling/core/errors/';

function hide<Name extends 'headers' | 'problems'>(
  error: KindeError,
  name: Name,
  value: KindeError[Name],
): void {
  Object.defineProperty(error, name, { value, enumerable: false });
}

function set(error: KindeError, name: 'reason' | 'fix', value: string | undefined): void {
  Object.defineProperty(error, name, { value, enumerable: value !== undefined });
}

/** Copies an error with more response headers. */
export function withHeaders(error: KindeError, headers: KindeError['headers']): KindeError {
  const { code, message, reason, problems, fix, cause } = error;
  const all = { ...error.headers, ...headers };
  return new KindeError(code, message, { reason, problems, fix, cause, headers: all });
}

/** Copies name, message, stack and system code of a cause. Its other members may hold requests, bodies or tokens. */
function harmless(cause: unknown): Error {
  if (cause instanceof KindeError) {
    return cause;
  }
  try {
    return copyOf((cause ?? {}) as Error);
  } catch {
    // Members of what an app throws may throw, too.
    return new Error('unknown');
  }
}

function copyOf(cause: Error): Error {
  const { name, message, stack } = cause;
  const copy = new Error(typeof message === 'string' ? plain(message) : 'unknown');
  copy.name = typeof name === 'string' ? plain(name) : 'Error';
  // A message may have lines that look like frames.
  const lines = typeof stack === 'string' ? stack.replace(message, '').split('\n') : [];
  const frames = lines.filter((line) => FRAME.test(line)).slice(0, FRAMES);
  copy.stack = [`${copy.name}: ${copy.message}`, ...frames.map(plain)].join('\n');
  const system = systemCodeOf(cause);
  return system === undefined ? copy : Object.assign(copy, { code: system });
}

/** An error and what caused it, outermost first. */
export function withCauses(error: Error): readonly Error[] {
  const all = [error];
  let { cause } = error;
  while (cause instanceof Error && all.length < MOST_CAUSES) {
    all.push(cause);
    ({ cause } = cause);
  }
  return all;
}

/** Causes of one error that are looked at: an app may have made it its own cause. */
const MOST_CAUSES = 6;

/** The code of a system error such as `ECONNREFUSED`, or of the error that caused it. */
export function systemCodeOf(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  const found = [code, cause?.code].find((one) => typeof one === 'string' && SYSTEM_CODE.test(one));
  return found as string | undefined;
}

/** Codes of Node, TLS, Redis and Postgres. */
const SYSTEM_CODE = /^\w{1,64}$/;

/** The beginning of a text, on one line: line breaks and escapes in it could forge lines of a log. */
function plain(text: string): string {
  return text.slice(0, LONGEST).replace(/\p{Cc}+/gu, ' ');
}

/** Characters of a line that are kept. */
const LONGEST = 200;
/** A line of a stack, and how many of them are kept. */
const FRAME = /^ {4}at /;
const FRAMES = 10;
