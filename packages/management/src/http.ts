import { KindeApiError, systemCode } from './errors.js';

/** What came back, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; absent where it is something else. */
  readonly json: unknown;
}

/** More than any page of 500 people is long. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Nothing was sent when one of these went wrong. */
const BEFORE_SENDING = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

/**
 * One HTTP exchange. Never follows a redirect, since that would carry the token elsewhere.
 * @throws KindeApiError `network`, `timeout`, `redirect`, `too_large`; or the reason of the caller's signal.
 */
export async function exchange(
  fetch: typeof globalThis.fetch,
  { url, ...init }: RequestInit & { url: string; method: string },
  { signal, seconds, operation }: { signal: AbortSignal | undefined; seconds: number; operation: string },
): Promise<Answer> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const writes = init.method !== 'GET';
  let fail: (reason: unknown) => void = () => {};
  const stopped = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const abort = () => fail(signal!.reason);
  const late = new KindeApiError('timeout', `${operation}: Kinde did not answer within ${seconds} seconds.`, {
    operation,
    mayHaveExecuted: writes,
  });
  const timer = setTimeout(() => fail(late), seconds * 1000);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const answer = read(fetch(url, { ...init, redirect: 'manual', signal: controller.signal }), operation);
    answer.catch(() => {});
    return await Promise.race([answer, stopped]);
  } catch (cause) {
    if (cause instanceof KindeApiError || signal?.aborted) throw cause;
    const code = systemCode(cause) ?? systemCode((cause as Error | undefined)?.cause);
    throw new KindeApiError('network', `${operation}: Kinde could not be reached, or broke off its answer.`, {
      operation,
      mayHaveExecuted: writes && !BEFORE_SENDING.includes(code ?? ''),
      cause,
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    controller.abort();
  }
}

async function read(pending: Promise<Response>, operation: string): Promise<Answer> {
  const response = await pending;
  const { status, headers } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    await response.body?.cancel().catch(() => {});
    throw new KindeApiError('redirect', `${operation}: Kinde answered with a redirect, which is never followed.`, {
      operation,
      httpStatus: status,
    });
  }
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  let size = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) {
      await reader!.cancel().catch(() => {});
      throw new KindeApiError('too_large', `${operation}: Kinde answered with more than ${MOST_BYTES} bytes.`, {
        operation,
        httpStatus: status,
      });
    }
    text += decoder.decode(part.value, { stream: true });
  }
  text += decoder.decode();
  return { status, headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
