import type { Context } from '../context.js';
import { hookFailed } from '../diagnostics/diagnostics.js';
import type { KindeError } from '../errors.js';
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
  { config }: Pick<Context, 'config'>,
  error: KindeError,
  returnTo?: string,
): Promise<Reply> {
  const { diagnostics, onError } = config;
  diagnostics.tell(error, request);
  const own = await answerOfApp(request, onError, error);
  if (own) {
    return own;
  }
  try {
    return problemReply(request, config, error, returnTo);
  } catch (thrown) {
    diagnostics.tell(hookFailed('renderProblem', thrown), request);
    return problemReply(request, { ...config, renderProblem: undefined }, error, returnTo);
  }
}

async function answerOfApp(
  request: HttpRequest,
  onError: Context['config']['onError'],
  error: KindeError,
): Promise<Reply | undefined> {
  const cookies = errorCookies(error);
  try {
    const own = await onError?.(error, request);
    if (!own) {
      return undefined;
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
    if (typeof thrown === 'object' && thrown !== null && thrown !== error) {
      // Apps may throw one error for many requests.
      Reflect.defineProperty(thrown, COOKIES, { value: cookies, configurable: true });
    }
    throw thrown;
  }
}

interface Marked extends Partial<KindeError> {
  readonly [COOKIES]?: readonly string[];
}

/** The `Set-Cookie` lines that a response has to carry to which an error leads, whoever writes it. */
export function errorCookies(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) {
    return [];
  }
  const { [COOKIES]: known, headers } = error as Marked;
  return known ?? [headers?.['set-cookie'] ?? []].flat();
}
