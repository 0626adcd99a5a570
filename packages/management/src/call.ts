import { accepted, isTokenRefused, mayRepeat, understood } from './answer.js';
import { KindeApiError, line } from './errors.js';
import { createEvents, type ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Operation } from './op.js';
import {
  own,
  problemsWithNumbers,
  settingsOf,
  type ManagementOptions,
  type Settings,
} from './options.js';
import { prepare, refuse, type Prepared } from './request.js';
import { createTokens, type Tokens } from './token.js';
import { createGate, LONGEST_WAIT, orGiveUp, sleep, waitBefore, type Patience } from './wait.js';

/** What one call may do differently. */
export interface CallOptions extends Partial<
  Pick<ManagementOptions, 'maxAttempts' | 'timeout' | 'deadline'>
> {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with what came around it. */
export interface Reply<Out> {
  readonly data: Out;
  readonly httpStatus: number;
  readonly headers: Headers;
  readonly attempts: number;
}

/** What calls of one client share: where to, as whom, how many at a time. */
export interface Transport {
  readonly settings: Settings;
  readonly tokens: Tokens;
  readonly enter: (patience: Patience) => Promise<() => void>;
  readonly tell: (event: ManagementEvent) => void;
  /** Text from outside, without the secret or this token. */
  readonly hide: (text: unknown, token?: string) => string;
}

/**
 * The smallest client: with `call` and single operations of the contract, a bundler leaves out all others.
 * @throws KindeApiError `config_invalid`
 */
export function createTransport(given: ManagementOptions): Transport {
  const options = own(given);
  const settings = settingsOf(options);
  const { clientSecret, tokenStore } = options;
  const tell = createEvents(options.onEvent);
  const hide = (text: unknown, token = '') =>
    line(text, [token, clientSecret, encodeURIComponent(clientSecret)]);
  const tokens = createTokens({
    settings,
    clientSecret,
    tokenStore,
    tell,
    hide,
  });
  return Object.freeze({
    settings,
    tokens,
    enter: createGate(settings.maxConcurrent),
    tell,
    hide,
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
  const { input, ...options } = own(given);
  const known = operation as Operation;
  const prepared = prepare(transport.settings.issuer, known, input ?? {});
  const reply = await send(transport, prepared, { ...options, scope: operation.scope });
  const { validate } = transport.settings;
  return { ...reply, data: understood(reply, known, { validate, tell: transport.tell }) as Out };
}

/** What one call is made with, over all its attempts. */
interface Errand {
  readonly prepared: Prepared;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
  readonly scope: string | null | undefined;
  /** A refused token is renewed once in a call. */
  renewed: boolean;
}

/** Sends what was prepared, again where that is right, until there is an answer or no hope. */
export async function send(
  transport: Transport,
  prepared: Prepared,
  given: CallOptions & { scope?: string | null },
): Promise<Reply<unknown>> {
  const options = own(given);
  const { settings, tell } = transport;
  const { operation } = prepared;
  const { maxAttempts, timeout, deadline } = limitsOf(settings, operation, options);
  const { signal, scope } = options;
  const errand = {
    prepared,
    headers: headersOf(prepared, options.headers),
    signal,
    scope,
    renewed: false,
  };
  const end = Date.now() + deadline * 1000;
  const leave = await transport.enter({
    signal,
    until: end,
    late: () => tooLate(operation),
  });
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const until = Math.min(Date.now() + timeout * 1000, end);
        const { status, headers, json } = await authorized(transport, errand, { until, attempt });
        return {
          data: json,
          httpStatus: status,
          headers,
          attempts: attempt,
        };
      } catch (error) {
        if (!(error instanceof KindeApiError)) {
          throw error;
        }
        const wait = waitBefore(attempt, error.retryAfter);
        const tooLong = wait > LONGEST_WAIT || Date.now() + wait * 1000 >= end;
        if (attempt >= maxAttempts || tooLong || !mayRepeat(error, prepared)) {
          throw withAttempts(error, attempt);
        }
        tell({
          type: 'retry',
          operation,
          attempt,
          wait,
          ...(error.httpStatus && { httpStatus: error.httpStatus }),
        });
        await sleep(wait, {
          signal,
          until: end,
          late: () => error,
        });
      }
    }
  } finally {
    leave();
  }
}

/** One attempt. Where Kinde does not take the token, one more with a fresh one: it refuses before it does anything. */
async function authorized(
  transport: Transport,
  errand: Errand,
  { until, attempt }: { until: number; attempt: number },
): Promise<Answer> {
  const { prepared, signal, scope } = errand;
  const { operation } = prepared;
  const patience = {
    signal,
    until,
    late: () => tooLate(operation),
  };
  const reading = (token: string) => ({
    issuer: transport.settings.issuer,
    scope,
    hide: (text: unknown) => transport.hide(text, token),
  });
  const first = await orGiveUp(transport.tokens(), patience);
  const answer = await once(transport, errand, {
    token: first,
    until,
    attempt,
  });
  if (errand.renewed || !isTokenRefused(answer)) {
    return accepted(answer, prepared, reading(first));
  }
  errand.renewed = true;
  transport.tell({
    type: 'retry',
    operation,
    attempt,
    httpStatus: answer.status,
    wait: 0,
  });
  const token = await orGiveUp(transport.tokens(first), patience);
  return accepted(
    await once(transport, errand, {
      token,
      until,
      attempt,
    }),
    prepared,
    reading(token),
  );
}

async function once(
  { settings, tell }: Transport,
  { prepared, headers, signal }: Errand,
  {
    token,
    until,
    attempt,
  }: {
    token: string;
    until: number;
    attempt: number;
  },
): Promise<Answer> {
  const { operation, method, url, body } = prepared;
  const complete = new Headers(headers);
  complete.set('authorization', `Bearer ${token}`);
  tell({
    type: 'request',
    operation,
    attempt,
  });
  const started = Date.now();
  const answer = await exchange(
    settings.fetch,
    {
      url,
      method,
      headers: complete,
      ...(body !== undefined && { body }),
    },
    {
      signal,
      until,
      operation,
      writes: method !== 'GET',
    },
  );
  tell({
    type: 'response',
    operation,
    attempt,
    httpStatus: answer.status,
    took: (Date.now() - started) / 1000,
  });
  return answer;
}

/** @throws KindeApiError `input_invalid` for limits that are none. */
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

/** @throws KindeApiError `input_invalid` for what cannot be a header, which is not repeated. */
function headersOf({ operation, body }: Prepared, given: CallOptions['headers']): Headers {
  const wrong = {
    code: 'VALUE_INVALID',
    message: 'headers must be names and values that HTTP can carry.',
    field: 'headers',
  };
  let headers: Headers;
  try {
    headers = new Headers(given);
  } catch {
    throw refuse(operation, [wrong]);
  }
  headers.set('accept', 'application/json');
  if (typeof body === 'string') {
    headers.set('content-type', 'application/json');
  }
  // A form says by itself where its parts begin.
  else {
    headers.delete('content-type');
  }
  return headers;
}

function tooLate(operation: string): KindeApiError {
  return new KindeApiError(
    'timeout',
    `${operation}: the time for this call was over before it was sent.`,
    {
      operation,
    },
  );
}

function withAttempts(error: KindeApiError, attempts: number): KindeApiError {
  return new KindeApiError(error.code, error.message, {
    ...error,
    cause: error.cause,
    attempts,
  });
}
