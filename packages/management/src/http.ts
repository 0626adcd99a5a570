import { KindeApiError, systemCode } from './errors.js';
import { orGiveUp, type Patience } from './wait.js';

/** What came back, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; absent where it is something else. */
  readonly json: unknown;
}

/** What is sent. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string | FormData;
}

/** More than any page of 500 people is long. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Nothing was sent when one of these went wrong. */
const BEFORE_SENDING = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'];

/** What is known about an exchange, for its errors. */
interface About extends Omit<Patience, 'late'> {
  readonly operation: string;
  /** Whether it may have been carried out although no answer came. */
  readonly writes: boolean;
}

/**
 * One HTTP exchange. Never follows a redirect, since that would carry the token elsewhere.
 * @throws KindeApiError `network`, `timeout`, `redirect`, `too_large`; or the reason of the caller's signal.
 */
export async function exchange(
  fetch: typeof globalThis.fetch,
  { url, ...init }: Outgoing,
  { signal, until, operation, writes }: About,
): Promise<Answer> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const fail = (code: 'timeout' | 'redirect' | 'too_large', message: string, httpStatus?: number) =>
    new KindeApiError(code, `${operation}: ${message}`, {
      operation,
      mayHaveExecuted: writes,
      httpStatus,
    });
  const late = () => fail('timeout', 'Kinde did not answer in time.');
  try {
    const response = fetch(url, {
      ...init,
      redirect: 'manual',
      signal: controller.signal,
    });
    return await orGiveUp(read(response, fail), {
      signal,
      until,
      late,
    });
  } catch (cause) {
    if (signal?.aborted) {
      throw signal.reason;
    }
    if (cause instanceof KindeApiError) {
      throw cause;
    }
    throw new KindeApiError(
      'network',
      `${operation}: Kinde could not be reached, or broke off its answer.`,
      {
        operation,
        mayHaveExecuted: writes && !BEFORE_SENDING.includes(systemCode(cause) ?? ''),
        cause,
      },
    );
  } finally {
    controller.abort();
  }
}

async function read(
  pending: Promise<Response>,
  fail: (code: 'redirect' | 'too_large', message: string, httpStatus: number) => KindeApiError,
): Promise<Answer> {
  const response = await pending;
  const { status, headers } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    response.body?.cancel().catch(() => {});
    throw fail('redirect', 'Kinde answered with a redirect, which is never followed.', status);
  }
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  let size = 0;
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    size += part.value.byteLength;
    if (size > MOST_BYTES) {
      reader!.cancel().catch(() => {});
      throw fail('too_large', `Kinde answered with more than ${MOST_BYTES} bytes.`, status);
    }
    text += decoder.decode(part.value, { stream: true });
  }
  text += decoder.decode();
  return {
    status,
    headers,
    text,
    json: parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
