import type { Context } from '../context.js';
import { hookFailed } from '../diagnostics/hook.js';
import { KindeError } from '../errors.js';
import { inspectionOf } from './inspection.js';
import { PRIVATE_HEADERS, type HttpRequest, type Reply } from '../http/http.js';
import { headersOf, problemReply } from '../http/problem.js';

/** Where an error that the app threw in place of ours has the cookies of ours. */
const COOKIES = Symbol('kinde cookies');

/**
 * The answer to a request that failed: the app's own, or a page or problem document. The error is logged in either case.
 * `returnTo` is where the user was going.
 * @throws what `onError` throws: the error of the app, for the framework's error handler.
 */
export async function refuse(
  request: HttpRequest,
  context: Pick<Context, 'config' | 'oauth'>,
  error: KindeError,
  returnTo?: string,
): Promise<Reply> {
  const { config } = context;
  const { diagnostics, onError } = config;
  diagnostics.tell(error, request);
  const own = await answerOfApp(request, onError, error);
  if (typeof own === 'object') {
    return own;
  }
  if (own === 'unusable') {
    const cause = new TypeError(
      'It returned something else than a reply such as { status, body }.',
    );
    diagnostics.tell(hookFailed('onError', cause), request);
  }
  const known = { returnTo, inspect: await inspectionOf(request, context, error) };
  try {
    return problemReply(request, config, error, known);
  } catch (thrown) {
    diagnostics.tell(hookFailed('renderProblem', thrown), request);
    return problemReply(request, { ...config, renderProblem: undefined }, error, known);
  }
}

async function answerOfApp(
  request: HttpRequest,
  onError: Context['config']['onError'],
  error: KindeError,
): Promise<Reply | 'unusable' | undefined> {
  const cookies = errorCookies(error);
  try {
    const own = await onError?.(error, request);
    if (own === undefined || own === null) {
      return undefined;
    }
    if (typeof own !== 'object') {
      return 'unusable';
    }
    const { status = error.statusCode, headers, cookies: others = [], body = null } = own;
    return {
      status,
      headers: { ...PRIVATE_HEADERS, ...headersOf(error), ...headers },
      cookies: [...cookies, ...others],
      body,
      code: error.code,
    };
  } catch (thrown) {
    const passed = toError(thrown);
    // An app may throw one error for all: it has the cookies of the last request then.
    Reflect.defineProperty(passed, COOKIES, { value: cookies, configurable: true });
    throw passed;
  }
}

/**
 * What a function of the app threw, as an error. Frameworks take nothing at all for success, and some words, such as `route`,
 * for a way on, so a guard that rejects without a reason would let everybody in.
 */
export function toError(thrown: unknown): object {
  if (typeof thrown === 'object' && thrown !== null) {
    return thrown;
  }
  return new Error('A function of the app threw something that is not an error.', {
    cause: thrown,
  });
}

interface Marked {
  readonly [COOKIES]?: readonly string[];
}

/** The `Set-Cookie` lines that a response has to carry to which an error leads, whoever writes it. */
export function errorCookies(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) {
    return [];
  }
  // Other errors may have the headers of a response that the app got from elsewhere.
  const own = error instanceof KindeError ? error.headers['set-cookie'] : undefined;
  return (error as Marked)[COOKIES] ?? [own ?? []].flat();
}
