/** Every way in which a call can fail, and the HTTP status for an error that a handler does not catch. */
const STATUS = {
  /** Options or environment are unusable; `errors` lists everything. */
  config_invalid: 500,
  /** The input does not match the operation; nothing was sent. */
  input_invalid: 500,
  /** Kinde answered with an error; `httpStatus` and `errors` say which. */
  refused: 502,
  /** The rate limit is reached; `retryAfter` says for how many seconds (429). */
  rate_limited: 503,
  /** Kinde issued no access token to this application. */
  token_refused: 502,
  /** No complete response arrived. */
  network: 502,
  /** The response did not arrive before the timeout or the deadline. */
  timeout: 504,
  /** Kinde responded with a redirect, which is never followed. */
  redirect: 502,
  /** The response is not JSON: mostly the domain is not that of a Kinde tenant. */
  not_json: 502,
  /** The response is larger than 16 MB. */
  too_large: 502,
  /** The response is JSON, but does not match the contract of the operation. */
  answer_unexpected: 502,
} as const;

/** The codes of `KindeApiError`. They are stable; messages may change in any release. */
export type KindeApiErrorCode = keyof typeof STATUS;

/** One reason for an error: Kinde's own where Kinde found it. */
export interface Problem {
  /** Machine-readable name, such as `USER_NOT_FOUND`. */
  readonly code: string;
  /** Description for developers. Do not show it to users. */
  readonly message: string;
  /** The member of the input or the option that it is about. */
  readonly field?: string;
}

/** Facts about a failed call. Never a token or a secret. */
export interface KindeApiErrorDetails {
  /** Method and path, such as `PATCH /api/v1/roles/{role_id}`. */
  readonly operation?: string | undefined;
  /** Status of Kinde's response. */
  readonly httpStatus?: number | undefined;
  /** Reasons of the failure. @default none */
  readonly errors?: readonly Problem[] | undefined;
  /** Seconds for which Kinde wants no further request. */
  readonly retryAfter?: number | undefined;
  /** Number of attempts. @default 0 */
  readonly attempts?: number | undefined;
  /** Whether a request that changes something was sent, and nothing tells whether it was carried out. @default false */
  readonly mayHaveExecuted?: boolean | undefined;
  /** The error that caused this one. Only its name and system code are kept. */
  readonly cause?: unknown;
}

/** The only error that the Management API client throws, besides the reason of an abort. Switch on `code`. */
export class KindeApiError extends Error {
  /** Always `KindeApiError`. */
  override readonly name = 'KindeApiError';
  /** The kind of failure. */
  readonly code: KindeApiErrorCode;
  /** Method and path of the operation, such as `PATCH /api/v1/roles/{role_id}`; `undefined` for mistakes in options. */
  readonly operation: string | undefined;
  /** Status of Kinde's response, where there was one. Not called `status`, which Express would pass on to the visitor. */
  readonly httpStatus: number | undefined;
  /** Reasons of the failure: Kinde's own, or everything that is wrong with options or input. */
  readonly errors: readonly Problem[];
  /** Seconds for which Kinde wants no further request, where it says so. */
  readonly retryAfter: number | undefined;
  /** Number of attempts; 0 where nothing was sent. */
  readonly attempts: number;
  /** Whether a request that changes something was sent, and nothing tells whether it was carried out. */
  readonly mayHaveExecuted: boolean;
  /** HTTP status that an unhandled error becomes: Express and Fastify read this property. */
  readonly statusCode: number;

  constructor(code: KindeApiErrorCode, message: string, details: KindeApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: harmless(details.cause) });
    this.code = code;
    this.operation = details.operation;
    this.httpStatus = details.httpStatus;
    this.errors = details.errors ?? [];
    this.retryAfter = details.retryAfter;
    this.attempts = details.attempts ?? 0;
    this.mayHaveExecuted = details.mayHaveExecuted ?? false;
    this.statusCode = STATUS[code];
  }

  /** Checks for a code among `errors`, such as `USER_NOT_IN_ORGANIZATION`. */
  has(code: string): boolean {
    return this.errors.some((problem) => problem.code === code);
  }

  /** Whether the resource does not exist: Kinde answers 404 for some resources and 400 with a code for others. */
  get isNotFound(): boolean {
    return this.httpStatus === 404 || this.errors.some(({ code }) => code.endsWith('_NOT_FOUND'));
  }
}

/** Errors of one body that are read. */
const MOST_PROBLEMS = 20;

/** An error as Kinde may send it. */
type Entry = Readonly<Record<'code' | 'message' | 'field', unknown>> | null;

/**
 * Reads the errors of a body, in any of the shapes that Kinde has for them; none for a body that reports none.
 * `redact` makes text from outside fit for messages.
 */
export function problemsOf(body: unknown, redact: (text: unknown) => string): Problem[] {
  return entriesOf(body)
    .slice(0, MOST_PROBLEMS)
    .map((entry) => ({
      code: redact(entry?.code) || 'UNKNOWN',
      message: redact(entry?.message),
      ...(typeof entry?.field === 'string' && { field: redact(entry.field) }),
    }));
}

function entriesOf(body: unknown): Entry[] {
  const { errors, error, error_description: description } = (body ?? {}) as Record<string, unknown>;
  if (Array.isArray(errors)) {
    return errors as Entry[];
  }
  if (errors) {
    return [errors as Entry];
  }
  if (error) {
    return [{ code: error, message: description, field: undefined }];
  }
  return [];
}

/** Cuts text from outside to one short line, without anything that could be a credential. */
export function line(value: unknown, secrets: readonly string[]): string {
  if (typeof value !== 'string') {
    return '';
  }
  const hidden = secrets
    .filter(Boolean)
    .reduce((text, secret) => text.replaceAll(secret, '[redacted]'), value);
  return hidden
    .replace(/\beyJ[\w-]*(\.[\w-]*)*|\b(Bearer|Basic)\s+\S+|\bk_live_\w+/g, '[redacted]')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .slice(0, 300);
}

/** Copies name and system code of a cause. Its message and other members may hold requests or tokens. */
function harmless(cause: unknown): Error {
  const code = systemCode(cause);
  const { name } = (cause ?? {}) as { name?: unknown };
  const copy = new Error(code ?? 'no details');
  copy.name = 'Error';
  if (typeof name === 'string' && /^\w{1,40}$/.test(name)) {
    copy.name = name;
  }
  copy.stack = `${copy.name}: ${copy.message}`;
  if (code === undefined) {
    return copy;
  }
  return Object.assign(copy, { code });
}

/** Finds the system code of an error or its cause, such as `ECONNREFUSED`. */
export function systemCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null };
  return [code, cause?.code].find(isSystemCode);
}

function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code);
}
