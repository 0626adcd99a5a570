import { retryAfterOf } from '@kindling/internal';
import * as v from 'valibot';
import { KindeApiError, problemsOf, type Problem } from './errors.js';
import type { ManagementEvent } from './events.js';
import type { Answer } from './http.js';
import type { Operation } from './op.js';
import type { Prepared } from './request.js';
import { reply } from './schema.js';

/** Facts about a call that its errors mention. */
export interface Context {
  readonly issuer: string;
  /** The scope that the operation needs; `undefined` where it is not known. */
  readonly scope?: string | null | undefined;
  readonly redact: (text: unknown) => string;
}

/** Statuses of passing failures: of servers and of the proxies in front of them. */
const PASSING = [408, 500, 502, 503, 504];

/** Codes that Kinde sends with 403 for a bad token. */
const TOKEN_CODES = ['TOKEN_INVALID', 'INVALID_AUTHORIZATION_HEADER'];

/**
 * Checks whether Kinde refused the access token. Kinde uses 403 for bad credentials and for missing permissions: only the
 * codes tell which. It also answers 401 about an API key that an operation is given to verify.
 */
export function isTokenRefused({ status, json }: Answer): boolean {
  const codes = problemsOf(json, String).map(({ code }) => code);
  if (status === 401) {
    return !codes.some((code) => code.startsWith('KEY_') || code.endsWith('_KEY'));
  }
  return status === 403 && codes.some((code) => TOKEN_CODES.includes(code));
}

/** Facts about a response that decide what it is. */
interface Reading {
  readonly errors: readonly Problem[];
  readonly isSuccess: boolean;
  /** A firewall in front of Kinde wants a browser to solve a puzzle. */
  readonly isChallenge: boolean;
  /** JSON, or nothing. */
  readonly isReadable: boolean;
  readonly isMarkup: boolean;
}

function readingOf({ status, headers, json, text }: Answer, { redact }: Context): Reading {
  return {
    errors: problemsOf(json, redact),
    isSuccess: status >= 200 && status < 300,
    isChallenge: headers.has('x-amzn-waf-action'),
    isReadable: json !== undefined || text.trim() === '',
    isMarkup: json === undefined && /^\s*</.test(text),
  };
}

/**
 * Lets a successful response through.
 * @throws KindeApiError for all others: also for errors in a response with status 200, and for pages that are not JSON
 */
export function toAnswer(answer: Answer, prepared: Prepared, context: Context): Answer {
  const reading = readingOf(answer, context);
  const { isSuccess, isChallenge, isReadable } = reading;
  if (isSuccess && reading.errors.length === 0 && !isChallenge && isReadable) {
    return answer;
  }
  throw failureOf(answer, reading, { prepared, context });
}

function failureOf(
  answer: Answer,
  reading: Reading,
  { prepared, context }: { prepared: Prepared; context: Context },
): KindeApiError {
  const { status, headers } = answer;
  const { operation, method } = prepared;
  const { errors, isSuccess, isChallenge, isReadable, isMarkup } = reading;
  const isUnsure = (isSuccess && !isReadable) || PASSING.includes(status);
  const details = {
    operation,
    httpStatus: status,
    errors,
    retryAfter: retryAfterOf(headers),
    mayHaveExecuted: method !== 'GET' && isUnsure && !isChallenge,
  };
  if (status === 429) {
    const message = `${operation}: Kinde’s rate limit is reached.`;
    return new KindeApiError('rate_limited', message, details);
  }
  if (isChallenge || (isSuccess && !isReadable) || (isMarkup && status < 500)) {
    const message = `${operation}: the response (${status}) is not JSON. Is ${context.issuer} the domain of your tenant?`;
    return new KindeApiError('not_json', message, details);
  }
  const message = `${operation} answered ${status}: ${reasonOf(answer, reading, context)}`;
  return new KindeApiError('refused', message, details);
}

function reasonOf(
  { status, json, text }: Answer,
  { errors, isMarkup }: Reading,
  { scope, redact }: Context,
): string {
  const reasons = errors.map(({ code, message }) => `${code} (${message})`);
  if (reasons.length === 0 && json === undefined && !isMarkup) {
    reasons.push(redact(text).slice(0, 80));
  }
  const reason = reasons.join(', ') || 'no reason given';
  if (status === 403 && scope) {
    return `${reason}. It needs the scope ${scope}.`;
  }
  return `${reason}.`;
}

/** Decides whether a failed call may be repeated: always after 429, when nothing was done, else only without side effects. */
export function mayRepeat(
  { code, httpStatus = 0, operation }: KindeApiError,
  prepared: Prepared,
): boolean {
  if (code === 'rate_limited') {
    return true;
  }
  // A failed token request did nothing, whatever the operation is.
  const isHarmless = prepared.repeatable || operation !== prepared.operation;
  return isHarmless && (code === 'network' || code === 'timeout' || PASSING.includes(httpStatus));
}

/** Mismatches that a message lists. */
const MOST_ISSUES = 5;

/** The strictness of checks, and the listener for mismatches. */
interface Validation {
  readonly validate: 'off' | 'warn' | 'throw';
  readonly emit: (event: ManagementEvent) => void;
}

/**
 * Brings the data of an answer into the form of the contract: unwrapped, with empty lists instead of null, and checked as
 * the option `validate` says.
 * @throws KindeApiError `answer_unexpected`
 */
export function parseData(
  { data, attempts }: { data: unknown; attempts: number },
  operation: Operation,
  validation: Validation,
): unknown {
  const { route, returns, normalize } = operation;
  if (returns.type === 'optional') {
    return undefined;
  }
  // Kinde may answer 204 where the contract promises an envelope.
  if (data === undefined && returns === (reply as Operation['returns'])) {
    return { code: 'OK', message: '' };
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw unexpected(route, attempts, 'the answer is not an object');
  }
  const normal = normalize ? normalize(data) : data;
  const body = filled(normal, returns) as Record<string, unknown>;
  reportPartial(body, operation, { attempts, validation });
  validate(body, operation, { attempts, validation });
  return body;
}

function unexpected(route: string, attempts: number, detail: string): KindeApiError {
  return new KindeApiError('answer_unexpected', `${route}: ${detail}.`, {
    operation: route,
    attempts,
    errors: [],
  });
}

/** Reports an answer with further pages that the operation cannot request. */
function reportPartial(
  { has_more: more, next_token: next }: Record<string, unknown>,
  { route, paging }: Operation,
  { attempts, validation }: { attempts: number; validation: Validation },
): void {
  const hasMore = more === true || (typeof next === 'string' && next !== '');
  if (!paging && hasMore) {
    validation.emit({
      type: 'partial',
      operation: route,
      attempt: attempts,
      detail: 'There are more entries, but this operation takes no page.',
    });
  }
}

function validate(
  body: unknown,
  { route, returns }: Operation,
  { attempts, validation }: { attempts: number; validation: Validation },
): void {
  if (validation.validate === 'off') {
    return;
  }
  const { issues } = v.safeParse(returns, body);
  if (!issues) {
    return;
  }
  const detail = issues
    .slice(0, MOST_ISSUES)
    .map((issue) => `${v.getDotPath(issue) ?? 'the answer'} is not ${issue.expected}`)
    .join('; ');
  if (validation.validate === 'throw') {
    throw unexpected(route, attempts, detail);
  }
  validation.emit({
    type: 'unexpected',
    operation: route,
    attempt: attempts,
    detail,
  });
}

interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly wrapped?: Shape;
  readonly item?: Shape;
}

/** Replaces null, which Kinde sends for some empty lists, by a list. Lists that may be null stay as they are. */
function filled(value: unknown, schema: object): unknown {
  const { type, entries, item, wrapped } = schema as Shape;
  if (value === null && type === 'array') {
    return [];
  }
  if (wrapped) {
    if (type === 'nullable' && value === null) {
      return value;
    }
    return filled(value, wrapped);
  }
  if (Array.isArray(value)) {
    if (!item?.entries) {
      return value;
    }
    return value.map((one) => filled(one, item));
  }
  if (!entries || typeof value !== 'object' || value === null) {
    return value;
  }
  const members = value as Record<string, unknown>;
  const known = Object.entries(entries).filter(([name]) => Object.hasOwn(value, name));
  const pairs = known.map(([name, inner]) => [name, filled(members[name], inner)] as const);
  return { ...value, ...Object.fromEntries(pairs) };
}
