import * as v from 'valibot';
import { KindeApiError, line, problemsOf, type Problem } from './errors.js';
import { createEvents, type ManagementEvent } from './events.js';
import { exchange, type Answer } from './http.js';
import type { Operation } from './op.js';
import { settingsOf, type ManagementOptions, type Settings } from './options.js';
import { prepare, type Prepared } from './request.js';
import { createTokens, type Tokens } from './token.js';
import { createGate, retryAfterOf, sleep, waitBefore } from './wait.js';

/** What one call may do differently. */
export interface CallOptions extends Partial<Pick<ManagementOptions, 'maxAttempts' | 'timeout' | 'deadline'>> {
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
  readonly enter: (signal: AbortSignal | undefined) => Promise<() => void>;
  readonly tell: (event: ManagementEvent) => void;
}

/**
 * The smallest client: with `call` and single operations of the contract, a bundler leaves out all others.
 * @throws KindeApiError `config_invalid`
 */
export function createTransport(options: ManagementOptions): Transport {
  const settings = settingsOf(options);
  const tell = createEvents(settings.onEvent);
  const shared = { tell, tokens: createTokens(settings, tell), enter: createGate(settings.maxConcurrent) };
  // Not enumerable: whoever prints a transport must not print the secret.
  return Object.freeze(Object.defineProperty(shared, 'settings', { value: settings }) as Transport);
}

/**
 * Calls one operation.
 * @throws KindeApiError; or the reason of the signal.
 * @example const { data } = await call(transport, roles.list, { page_size: 50 });
 */
export async function call<In, Out>(
  transport: Transport,
  operation: Operation<In, Out>,
  input: In,
  options: CallOptions = {},
): Promise<Reply<Out>> {
  const known = operation as Operation;
  const prepared = prepare(transport.settings.issuer, known, input ?? {});
  const reply = await send(transport, prepared, { ...options, scope: operation.scope });
  return { ...reply, data: understood(transport, known, reply) as Out };
}

/** Sends what was prepared, again where that is right, until there is an answer or no hope. */
export async function send(
  transport: Transport,
  prepared: Prepared,
  options: CallOptions & { scope?: string | null },
): Promise<Reply<unknown>> {
  const { settings, tell } = transport;
  const { maxAttempts = settings.maxAttempts, deadline = settings.deadline, signal } = options;
  const { operation } = prepared;
  const end = Date.now() + deadline * 1000;
  const leave = await transport.enter(signal);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const seconds = Math.min(options.timeout ?? settings.timeout, Math.max(0.001, (end - Date.now()) / 1000));
      try {
        const { status, headers, json } = await authorized(transport, prepared, { ...options, seconds, attempt });
        return { data: json, httpStatus: status, headers, attempts: attempt };
      } catch (error) {
        if (!(error instanceof KindeApiError)) throw error;
        const wait = waitBefore(attempt, error.retryAfter);
        const late = Date.now() + wait * 1000 > end;
        if (attempt >= maxAttempts || late || !mayRepeat(error, prepared)) throw withAttempts(error, attempt);
        tell({ type: 'retry', operation, attempt, wait, ...(error.httpStatus && { httpStatus: error.httpStatus }) });
        await sleep(wait, signal);
      }
    }
  } finally {
    leave();
  }
}

/** One attempt. Where Kinde does not take the token, one more with a fresh one: it refuses before it does anything. */
async function authorized(
  transport: Transport,
  prepared: Prepared,
  options: CallOptions & { scope?: string | null; seconds: number; attempt: number },
): Promise<Answer> {
  const { seconds, signal, attempt } = options;
  const first = await whileWanted(transport.tokens({ seconds }), signal);
  const answer = await once(transport, prepared, { ...options, token: first });
  const problems = problemsOf(answer.json);
  if (!isTokenRefused(answer, problems)) return accepted(answer, prepared, { ...options, token: first, transport });
  transport.tell({ type: 'retry', operation: prepared.operation, attempt, httpStatus: answer.status, wait: 0 });
  const token = await whileWanted(transport.tokens({ seconds, refused: first }), signal);
  return accepted(await once(transport, prepared, { ...options, token }), prepared, { ...options, token, transport });
}

async function once(
  { settings, tell }: Transport,
  { operation, method, url, body }: Prepared,
  options: CallOptions & { token: string; seconds: number; attempt: number },
): Promise<Answer> {
  const { token, seconds, signal, attempt } = options;
  const headers = {
    ...options.headers,
    accept: 'application/json',
    authorization: `Bearer ${token}`,
    ...(typeof body === 'string' && { 'content-type': 'application/json' }),
  };
  tell({ type: 'request', operation, attempt });
  const started = Date.now();
  const init = { url, method, headers, ...(body !== undefined && { body }) };
  const answer = await exchange(settings.fetch, init, { signal, seconds, operation });
  const took = (Date.now() - started) / 1000;
  tell({ type: 'response', operation, attempt, httpStatus: answer.status, took });
  return answer;
}

/** Kinde says 403 for bad credentials and for what they may not do: only the codes tell which. */
function isTokenRefused({ status }: Answer, problems: readonly Problem[]): boolean {
  const codes = ['TOKEN_INVALID', 'INVALID_AUTHORIZATION_HEADER'];
  return status === 401 || (status === 403 && problems.some(({ code }) => codes.includes(code)));
}

/** @throws KindeApiError for anything but success: also for errors inside a 200, and for pages that are not JSON. */
function accepted(
  answer: Answer,
  { operation }: Prepared,
  { token, transport, scope }: { token: string; transport: Transport; scope?: string | null },
): Answer {
  const { status, headers, json, text } = answer;
  const secrets = [token, transport.settings.clientSecret];
  const errors = problemsOf(json).map((one) => ({ ...one, message: line(one.message, secrets) }));
  const success = status >= 200 && status < 300;
  const challenged = headers.has('x-amzn-waf-action');
  if (success && errors.length === 0 && !challenged && (json !== undefined || text.trim() === '')) return answer;
  const details = { operation, httpStatus: status, errors, retryAfter: retryAfterOf(headers) };
  if (status === 429)
    throw new KindeApiError('rate_limited', `${operation}: Kinde asks to be left alone for a while.`, details);
  const markup = json === undefined && /^\s*</.test(text);
  if (challenged || (success && json === undefined) || (markup && status < 500))
    throw new KindeApiError(
      'not_json',
      `${operation} answered ${status} with something that is not JSON. Is ${transport.settings.issuer} the domain of your tenant?`,
      details,
    );
  const said = errors.map(({ code, message }) => `${code} (${message})`).join(', ') || 'no reason given';
  const hint = status === 403 && scope ? ` It needs the scope ${scope}.` : '';
  throw new KindeApiError('refused', `${operation} answered ${status}: ${said}.${hint}`, details);
}

/** After 429 nothing was done, so everything may be repeated; else only what does no harm twice. */
function mayRepeat({ code, httpStatus = 0, operation }: KindeApiError, prepared: Prepared): boolean {
  if (code === 'rate_limited') return true;
  const harmless = prepared.repeatable || operation !== prepared.operation;
  const passing = code === 'network' || code === 'timeout' || [408, 500, 502, 503, 504].includes(httpStatus);
  return harmless && passing;
}

function withAttempts(error: KindeApiError, attempts: number): KindeApiError {
  return new KindeApiError(error.code, error.message, { ...error, cause: error.cause, attempts });
}

/** Others may be waiting for the same token, so giving up here must not stop it. */
function whileWanted<Value>(pending: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return pending;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** The answer as the contract has it: unwrapped, null lists empty, checked where that is wanted. */
function understood({ settings, tell }: Transport, operation: Operation, { data, attempts }: Reply<unknown>): unknown {
  const { route, returns, tidy, paging } = operation;
  const about = { operation: route, attempt: attempts };
  if (returns.type === 'optional') return undefined;
  const body = filled(tidy && data ? tidy(data) : data, returns);
  const { has_more: more, next_token: next } = (body ?? {}) as Record<string, unknown>;
  if (!paging && (more === true || (typeof next === 'string' && next !== '')))
    tell({ type: 'partial', ...about, detail: 'There is more, which cannot be asked for.' });
  if (settings.validate === 'off') return body;
  const { issues } = v.safeParse(returns, body);
  if (!issues) return body;
  const detail = issues.map((issue) => `${v.getDotPath(issue) ?? 'the answer'} is not ${issue.expected}`).join('; ');
  if (settings.validate === 'throw')
    throw new KindeApiError('answer_unexpected', `${route}: ${detail}.`, { operation: route, attempts });
  tell({ type: 'unexpected', ...about, detail });
  return body;
}

/** Kinde sends null for some empty lists. */
function filled(body: unknown, returns: Operation['returns']): unknown {
  const { entries = {} } = returns as { entries?: Record<string, { type?: string }> };
  const empty = Object.entries(entries).filter(
    ([name, { type }]) => type === 'array' && (body as Record<string, unknown> | null)?.[name] === null,
  );
  return empty.length > 0 ? { ...(body as object), ...Object.fromEntries(empty.map(([name]) => [name, []])) } : body;
}
