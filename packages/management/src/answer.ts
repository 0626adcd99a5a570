import * as v from 'valibot';
import { KindeApiError, problemsOf, type Problem } from './errors.js';
import type { ManagementEvent } from './events.js';
import type { Answer } from './http.js';
import type { Operation } from './op.js';
import type { Prepared } from './request.js';
import { reply } from './schema.js';
import { retryAfterOf } from './wait.js';

/** What reading an answer takes besides the answer. */
export interface Reading {
  readonly issuer: string;
  /** The operation's; undefined where it is not known. */
  readonly scope?: string | null | undefined;
  readonly hide: (text: unknown) => string;
}

/** Passing troubles of servers and what stands before them. */
const PASSING = [408, 500, 502, 503, 504];

/**
 * Kinde says 403 for bad credentials and for what they may not do: only the codes tell which. 401 is its answer about an
 * API key that somebody presented, too.
 */
export function isTokenRefused({ status, json }: Answer): boolean {
  const codes = problemsOf(json, String).map(({ code }) => code);
  if (status === 401) {
    return !codes.some((code) => code.startsWith('KEY_') || code.endsWith('_KEY'));
  }
  return (
    status === 403 &&
    codes.some((code) => ['TOKEN_INVALID', 'INVALID_AUTHORIZATION_HEADER'].includes(code))
  );
}

/** @throws KindeApiError for anything but success: also for errors inside a 200, and for pages that are not JSON. */
export function accepted(
  answer: Answer,
  { operation, method }: Prepared,
  reading: Reading,
): Answer {
  const { status, headers, json, text } = answer;
  const { issuer, scope, hide } = reading;
  const errors = problemsOf(json, hide);
  const success = status >= 200 && status < 300;
  const challenged = headers.has('x-amzn-waf-action');
  const readable = json !== undefined || text.trim() === '';
  if (success && errors.length === 0 && !challenged && readable) {
    return answer;
  }
  const unsure = (success && !readable) || PASSING.includes(status);
  const details = {
    operation,
    httpStatus: status,
    errors,
    retryAfter: retryAfterOf(headers),
    mayHaveExecuted: method !== 'GET' && unsure && !challenged,
  };
  if (status === 429) {
    throw new KindeApiError(
      'rate_limited',
      `${operation}: Kinde asks to be left alone for a while.`,
      details,
    );
  }
  const markup = json === undefined && /^\s*</.test(text);
  if (challenged || (success && !readable) || (markup && status < 500)) {
    throw new KindeApiError(
      'not_json',
      `${operation} answered ${status} with something that is not JSON. Is ${issuer} the domain of your tenant?`,
      details,
    );
  }
  const words = json === undefined && !markup ? hide(text).slice(0, 80) : '';
  const said =
    errors.map(({ code, message }) => `${code} (${message})`).join(', ') ||
    words ||
    'no reason given';
  const hint = status === 403 && scope ? ` It needs the scope ${scope}.` : '';
  throw new KindeApiError('refused', `${operation} answered ${status}: ${said}.${hint}`, details);
}

/** After 429 nothing was done, so everything may be repeated; else only what does no harm twice. */
export function mayRepeat(
  { code, httpStatus = 0, operation }: KindeApiError,
  prepared: Prepared,
): boolean {
  if (code === 'rate_limited') {
    return true;
  }
  // A token can be asked for as often as one likes.
  const harmless = prepared.repeatable || operation !== prepared.operation;
  return harmless && (code === 'network' || code === 'timeout' || PASSING.includes(httpStatus));
}

/** How much is told of what is wrong with an answer. */
const MOST_ISSUES = 5;

/**
 * The answer as the contract has it: unwrapped, null lists empty, checked where that is wanted.
 * @throws KindeApiError `answer_unexpected`
 */
export function understood(
  { data, attempts }: { data: unknown; attempts: number },
  operation: Operation,
  {
    validate,
    tell,
  }: { validate: 'off' | 'warn' | 'throw'; tell: (event: ManagementEvent) => void },
): unknown {
  const { route, returns, tidy, paging } = operation;
  const about = { operation: route, attempt: attempts };
  const unexpected = (detail: string, errors: readonly Problem[] = []) =>
    new KindeApiError('answer_unexpected', `${route}: ${detail}.`, {
      operation: route,
      attempts,
      errors,
    });
  if (returns.type === 'optional') {
    return undefined;
  }
  // Success without a word, such as 204.
  if (data === undefined && returns === (reply as Operation['returns'])) {
    return { code: 'OK', message: '' };
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw unexpected('the answer is not an object');
  }
  const body = filled(tidy ? tidy(data) : data, returns) as Record<string, unknown>;
  const { has_more: more, next_token: next } = body;
  if (!paging && (more === true || (typeof next === 'string' && next !== ''))) {
    tell({
      type: 'partial',
      ...about,
      detail: 'There is more, which cannot be asked for.',
    });
  }
  if (validate === 'off') {
    return body;
  }
  const { issues } = v.safeParse(returns, body);
  if (!issues) {
    return body;
  }
  const detail = issues
    .slice(0, MOST_ISSUES)
    .map((issue) => `${v.getDotPath(issue) ?? 'the answer'} is not ${issue.expected}`)
    .join('; ');
  if (validate === 'throw') {
    throw unexpected(detail);
  }
  tell({
    type: 'unexpected',
    ...about,
    detail,
  });
  return body;
}

interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly wrapped?: Shape;
  readonly item?: Shape;
}

/** Kinde sends null for some empty lists. Lists that may be null stay that. */
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
    return item?.entries ? value.map((one) => filled(one, item)) : value;
  }
  if (!entries || typeof value !== 'object' || value === null) {
    return value;
  }
  const known = Object.entries(entries).filter(([name]) => Object.hasOwn(value, name));
  const pairs = known.map(
    ([name, inner]) => [name, filled((value as Record<string, unknown>)[name], inner)] as const,
  );
  return { ...value, ...Object.fromEntries(pairs) };
}
