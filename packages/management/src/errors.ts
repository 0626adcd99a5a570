/** Every way in which a call can fail, and the HTTP status that becomes of it when a handler lets it through. */
const STATUS = {
  /** Options or environment are unusable; `errors` lists everything. */
  config_invalid: 500,
  /** The input is not what the operation takes; nothing was sent. */
  input_invalid: 500,
  /** Kinde answered with an error; `httpStatus` and `errors` say which. */
  refused: 502,
  /** Kinde asks to be left alone for `retryAfter` seconds (429). */
  rate_limited: 503,
  /** Kinde gave no token to this application. */
  token_refused: 502,
  /** No complete answer arrived. */
  network: 502,
  timeout: 504,
  /** Kinde answered with a redirect, which is never followed. */
  redirect: 502,
  /** The answer is not JSON: mostly the domain is not that of a Kinde tenant. */
  not_json: 502,
  too_large: 502,
  /** The answer is JSON, but not what the operation answers. */
  answer_unexpected: 502,
} as const;

/** The contract: messages may be reworded at any time, codes may not. */
export type KindeApiErrorCode = keyof typeof STATUS;

/** One thing that is wrong, in Kinde's words where Kinde found it. */
export interface Problem {
  /** Such as `USER_NOT_FOUND`. */
  readonly code: string;
  readonly message: string;
  /** The member of the input that it is about. */
  readonly field?: string;
}

/** What is known about a failed call. Never a token or a secret. */
export interface KindeApiErrorDetails {
  /** Such as `PATCH /api/v1/roles/{role_id}`. */
  readonly operation?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly errors?: readonly Problem[] | undefined;
  /** Seconds after which Kinde wants to hear from us again. */
  readonly retryAfter?: number | undefined;
  readonly attempts?: number | undefined;
  /** A request that changes something was sent, and nothing tells whether it was carried out. */
  readonly mayHaveExecuted?: boolean | undefined;
  readonly cause?: unknown;
}

/** The only error that the Management API client throws, besides the reason of an abort. Switch on `code`. */
export class KindeApiError extends Error {
  override readonly name = 'KindeApiError';
  readonly code: KindeApiErrorCode;
  readonly operation: string | undefined;
  /** What Kinde answered with. Not called `status`, which Express would pass on to the visitor. */
  readonly httpStatus: number | undefined;
  readonly errors: readonly Problem[];
  readonly retryAfter: number | undefined;
  readonly attempts: number;
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

  /** Whether Kinde gave this code, such as `USER_NOT_IN_ORGANIZATION`. */
  has(code: string): boolean {
    return this.errors.some((problem) => problem.code === code);
  }

  /** Kinde says 404 for some resources and 400 with a code for others. */
  get isNotFound(): boolean {
    return this.httpStatus === 404 || this.errors.some(({ code }) => code.endsWith('_NOT_FOUND'));
  }
}

/**
 * The errors of a body, in any of the shapes that Kinde has for them; none for a body that reports none.
 * `hide` makes text from outside fit to be shown.
 */
export function problemsOf(body: unknown, hide: (text: unknown) => string): Problem[] {
  const { errors, error, error_description: description } = (body ?? {}) as Record<string, unknown>;
  const list = Array.isArray(errors)
    ? errors
    : errors
      ? [errors]
      : error
        ? [{ code: error, message: description }]
        : [];
  return list.slice(0, MOST_PROBLEMS).map(
    (
      entry: {
        code?: unknown;
        message?: unknown;
        field?: unknown;
      } | null,
    ) => ({
      code: hide(entry?.code) || 'UNKNOWN',
      message: hide(entry?.message),
      ...(typeof entry?.field === 'string' && { field: hide(entry.field) }),
    }),
  );
}

const MOST_PROBLEMS = 20;

/** Text from outside in one short line, without anything that could be a credential. */
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

/** Name and system code of a cause. Its message and other members may hold requests or tokens, so they stay behind. */
function harmless(cause: unknown): Error {
  const code = systemCode(cause);
  const { name } = (cause ?? {}) as { name?: unknown };
  const copy = new Error(code ?? 'no details');
  copy.name = typeof name === 'string' && /^\w{1,40}$/.test(name) ? name : 'Error';
  copy.stack = `${copy.name}: ${copy.message}`;
  return code === undefined ? copy : Object.assign(copy, { code });
}

/** Such as `ECONNREFUSED`: of the error, or of what caused it. */
export function systemCode(error: unknown): string | undefined {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } | null };
  return [code, cause?.code].find(
    (one): one is string => typeof one === 'string' && /^[A-Z0-9_]{1,60}$/.test(one),
  );
}
