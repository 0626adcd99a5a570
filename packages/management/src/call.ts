import { bare } from '@kindling/internal';
import { isTokenRefused, mayRepeat, parseData, toAnswer, type Context } from './answer.js';
import { KindeApiError, line } from './errors.js';
import { createEvents, type ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Operation } from './op.js';
import {
  problemsWithNumbers,
  settingsOf,
  type ManagementOptions,
  type Settings,
} from './options.js';
import { headersOf, prepare, refuse, type Prepared } from './request.js';
import { createSemaphore, type Acquire } from './semaphore.js';
import { createTokens, type Tokens } from './token.js';
import { LONGEST_WAIT, sleep, waitBefore, withDeadline } from './wait.js';

/** Options of a single call. They override those of the client. */
export interface CallOptions extends Partial<
  Pick<ManagementOptions, 'maxAttempts' | 'timeout' | 'deadline'>
> {
  /** Aborts the call, which then throws the reason of the signal. */
  readonly signal?: AbortSignal;
  /** Further request headers. `authorization`, `accept` and `content-type` are set by the client. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer together with its HTTP response. */
export interface Reply<Out> {
  /** The data of the answer, as the contract describes it. */
  readonly data: Out;
  /** Status of the HTTP response. */
  readonly httpStatus: number;
  /** Headers of the HTTP response. */
  readonly headers: Headers;
  /** Number of attempts, the successful one included. */
  readonly attempts: number;
}

/** Holds what the calls of one client share. Pass it to `call` and `paged`; its members are for them. */
export interface Transport {
  /** Options with their defaults, without secrets. */
  readonly settings: Settings;
  /** The access token of the application, cached until shortly before it expires. */
  readonly tokens: Tokens;
  /** Waits until fewer than `maxConcurrent` calls are running; resolves with the function that ends this one. */
  readonly acquire: Acquire;
  /** Reports an event to `onEvent` and the diagnostics channel. */
  readonly emit: (event: ManagementEvent) => void;
  /** Makes text from outside fit for messages: one line, without the client secret or the given token. */
  readonly redact: (text: unknown, token?: string) => string;
}

/**
 * Creates the smallest client: with `call` and single operations of the contract, a bundler leaves out all others.
 * @throws KindeApiError `config_invalid`
 */
export function createTransport(given: ManagementOptions): Transport {
  const options = bare(given);
  const settings = settingsOf(options);
  const { clientSecret, tokenStore } = options;
  const emit = createEvents(options.onEvent);
  const redact = (text: unknown, token = '') =>
    line(text, [token, clientSecret, encodeURIComponent(clientSecret)]);
  const tokens = createTokens({
    settings,
    clientSecret,
    tokenStore,
    emit,
    redact,
  });
  return Object.freeze({
    settings,
    tokens,
    acquire: createSemaphore(settings.maxConcurrent),
    emit,
    redact,
  });
}

/**
 * Calls one operation.
 * @throws KindeApiError; or the reason of the signal.
 * @example const { data } = await call(transport, roles.get, { input: { role_id }, timeout: 5 });
 */
export async function call<In, Out>(
  transport: Transport,
  operation: Operation<In, Out>,
  given: CallOptions & { input?: In | undefined } = {},
): Promise<Reply<Out>> {
  const { input, ...options } = bare(given);
  const known = operation as Operation;
  const prepared = prepare(transport.settings.issuer, known, input ?? {});
  const reply = await send(transport, prepared, { ...options, scope: operation.scope });
  const { validate } = transport.settings;
  const data = parseData(reply, known, { validate, emit: transport.emit });
  return { ...reply, data: data as Out };
}

/** The current attempt of a call. Its last members change from one attempt to the next. */
interface Attempt {
  readonly prepared: Prepared;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  readonly scope: string | null | undefined;
  /** From 1. */
  number: number;
  /** Unix milliseconds when this attempt ends. */
  until: number;
  /** A refused token is replaced once in a call. */
  hasNewToken: boolean;
}

/** Sends a prepared request, again where that is safe, until there is an answer or no attempt left. */
export async function send(
  transport: Transport,
  prepared: Prepared,
  given: CallOptions & { scope?: string | null },
): Promise<Reply<unknown>> {
  const options = bare(given);
  const { operation } = prepared;
  const { maxAttempts, timeout, deadline } = limitsOf(transport.settings, operation, options);
  const { signal, scope } = options;
  const attempt: Attempt = {
    prepared,
    headers: headersOf(prepared, options.headers),
    signal,
    scope,
    number: 1,
    until: 0,
    hasNewToken: false,
  };
  const end = Date.now() + deadline * 1000;
  const release = await transport.acquire({
    signal,
    until: end,
    onTimeout: () => tooLate(operation),
  });
  try {
    for (;;) {
      attempt.until = Math.min(Date.now() + timeout * 1000, end);
      try {
        const { status, headers, json } = await authorized(transport, attempt);
        return {
          data: json,
          httpStatus: status,
          headers,
          attempts: attempt.number,
        };
      } catch (error) {
        await waitForNext(transport, attempt, { error, maxAttempts, end });
      }
      attempt.number += 1;
    }
  } finally {
    release();
  }
}

/** Waits before the next attempt. @throws the error of this one, where it must not be repeated or time would run out */
async function waitForNext(
  { emit }: Transport,
  { prepared, signal, number }: Attempt,
  { error, maxAttempts, end }: { error: unknown; maxAttempts: number; end: number },
): Promise<void> {
  if (!(error instanceof KindeApiError)) {
    throw error;
  }
  const wait = waitBefore(number, error.retryAfter);
  const isTooLong = wait > LONGEST_WAIT || Date.now() + wait * 1000 >= end;
  if (number >= maxAttempts || isTooLong || !mayRepeat(error, prepared)) {
    throw withAttempts(error, number);
  }
  emit({
    type: 'retry',
    operation: prepared.operation,
    attempt: number,
    wait,
    ...(error.httpStatus && { httpStatus: error.httpStatus }),
  });
  await sleep(wait, {
    signal,
    until: end,
    onTimeout: () => error,
  });
}

/** Sends one attempt. If Kinde refuses the token, sends it again with a new one: Kinde refuses before it does anything. */
async function authorized(transport: Transport, attempt: Attempt): Promise<Answer> {
  const { prepared, signal, scope, until } = attempt;
  const { operation } = prepared;
  const deadline = {
    signal,
    until,
    onTimeout: () => tooLate(operation),
  };
  const contextOf = (token: string): Context => ({
    issuer: transport.settings.issuer,
    scope,
    redact: (text) => transport.redact(text, token),
  });
  const first = await withDeadline(transport.tokens(), deadline);
  const answer = await sendOnce(transport, attempt, first);
  if (attempt.hasNewToken || !isTokenRefused(answer)) {
    return toAnswer(answer, prepared, contextOf(first));
  }
  attempt.hasNewToken = true;
  transport.emit({
    type: 'retry',
    operation,
    attempt: attempt.number,
    httpStatus: answer.status,
    wait: 0,
  });
  const second = await withDeadline(transport.tokens(first), deadline);
  const repeated = await sendOnce(transport, attempt, second);
  return toAnswer(repeated, prepared, contextOf(second));
}

async function sendOnce(
  { settings, emit }: Transport,
  { prepared, headers, signal, number, until }: Attempt,
  token: string,
): Promise<Answer> {
  const { operation, method, url, body } = prepared;
  const complete = new Headers(headers);
  complete.set('authorization', `Bearer ${token}`);
  emit({
    type: 'request',
    operation,
    attempt: number,
  });
  const started = Date.now();
  const outgoing = {
    url,
    method,
    headers: complete,
    ...(body !== undefined && { body }),
  };
  const answer = await exchange(settings.fetch, outgoing, {
    signal,
    until,
    operation,
    writes: method !== 'GET',
  });
  emit({
    type: 'response',
    operation,
    attempt: number,
    httpStatus: answer.status,
    took: (Date.now() - started) / 1000,
  });
  return answer;
}

/** @throws KindeApiError `input_invalid` for numbers that are out of range */
function limitsOf(settings: Settings, operation: string, options: CallOptions): Settings {
  const { maxAttempts, timeout, deadline } = options;
  const given = Object.entries({
    maxAttempts,
    timeout,
    deadline,
  }).filter(([, value]) => value !== undefined);
  const limits = Object.fromEntries(given);
  const problems = problemsWithNumbers(limits);
  if (problems.length > 0) {
    throw refuse(operation, problems);
  }
  return { ...settings, ...limits };
}

function tooLate(operation: string): KindeApiError {
  const message = `${operation}: the deadline of this call passed before the request was sent.`;
  return new KindeApiError('timeout', message, { operation });
}

function withAttempts(error: KindeApiError, attempts: number): KindeApiError {
  return new KindeApiError(error.code, error.message, {
    ...error,
    cause: error.cause,
    attempts,
  });
}
