import { readText } from '@kindling/internal';
import { KindeApiError, systemCode } from './errors.js';
import { withDeadline, type Deadline } from './wait.js';

/** A complete HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON; `undefined` for a text that is not JSON. */
  readonly json: unknown;
}

/** An HTTP request. */
export interface Outgoing {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body?: string | FormData;
}

/** Bytes of a response. A page of 500 users takes less. */
const MOST_BYTES = 16 * 1024 * 1024;

/** System codes of failures that come before anything is sent. */
const BEFORE_SENDING = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT'];

/** Facts about an exchange, for its errors. */
interface About extends Omit<Deadline, 'onTimeout'> {
  readonly operation: string;
  /** Whether Kinde may have carried it out although no response came. */
  readonly writes: boolean;
}

type Fail = (
  code: 'timeout' | 'redirect' | 'too_large',
  message: string,
  httpStatus?: number,
) => KindeApiError;

/**
 * Sends one request and reads its response. Never follows a redirect, since that would carry the token elsewhere.
 * @throws KindeApiError `network`, `timeout`, `redirect`, `too_large`; or the reason of the caller's signal.
 */
export async function exchange(
  fetch: typeof globalThis.fetch,
  { url, ...init }: Outgoing,
  { signal, until, operation, writes }: About,
): Promise<Answer> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const fail: Fail = (code, message, httpStatus) =>
    new KindeApiError(code, `${operation}: ${message}`, {
      operation,
      mayHaveExecuted: writes,
      httpStatus,
    });
  try {
    const response = fetch(url, {
      ...init,
      redirect: 'manual',
      signal: controller.signal,
    });
    return await withDeadline(read(response, fail), {
      signal,
      until,
      onTimeout: () => fail('timeout', 'Kinde did not respond in time.'),
    });
  } catch (cause) {
    if (signal?.aborted) {
      throw signal.reason;
    }
    if (cause instanceof KindeApiError) {
      throw cause;
    }
    const message =
      'Kinde could not be reached, or the connection broke before the response ended.';
    throw new KindeApiError('network', `${operation}: ${message}`, {
      operation,
      mayHaveExecuted: writes && !BEFORE_SENDING.includes(systemCode(cause) ?? ''),
      cause,
    });
  } finally {
    controller.abort();
  }
}

async function read(pending: Promise<Response>, fail: Fail): Promise<Answer> {
  const response = await pending;
  const { status, headers, body } = response;
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    body?.cancel().catch(() => {});
    throw fail('redirect', 'Kinde responded with a redirect, which is never followed.', status);
  }
  const text = await readText(body, MOST_BYTES);
  if (text === undefined) {
    throw fail('too_large', `Kinde’s response has more than ${MOST_BYTES} bytes.`, status);
  }
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
