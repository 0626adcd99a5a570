import { readBytes } from '@kindling/internal';
import { within, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { unreachable } from './unreachable.js';

/** Limits of one exchange with Kinde. */
export interface Limits {
  /** Bytes of the body, at most. */
  readonly bytes: number;
  /** When the whole exchange must be finished, body included. */
  readonly deadline: Moment;
}

/**
 * Like `fetch`, but never follows a redirect, gives up after a deadline and reads at most so many bytes.
 * The body is complete when this resolves.
 * @throws KindeError `kinde_unreachable` (`network`, `answer_cut`), `kinde_timeout`, `response_invalid` (`redirect`, `too_large`).
 */
export async function fetchLimited(
  config: Pick<OAuthConfig, 'fetch' | 'nameOf' | 'backchannelUrl'>,
  url: string,
  init: RequestInit,
  limits: Limits,
): Promise<Response> {
  const stop = new AbortController();
  // Not as a method: some runtimes refuse to be called on another object.
  const { fetch } = config;
  try {
    const response = fetch(url, {
      ...init,
      redirect: 'manual',
      signal: stop.signal,
    });
    const exchange = readLimited(response, limits.bytes);
    return await within(limits.deadline, exchange, () => timedOut(url));
  } catch (cause) {
    stop.abort();
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw unreachable(url, cause, config);
  }
}

/** The error of a request that took longer than its deadline. */
export function timedOut(url: string): KindeError {
  const message = `Kinde did not answer in time at ${new URL(url).host}.`;
  return new KindeError('kinde_timeout', message, { reason: 'deadline' });
}

async function readLimited(pending: Promise<Response>, bytes: number): Promise<Response> {
  const response = await pending;
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    await response.body?.cancel().catch(() => {});
    throw new KindeError(
      'response_invalid',
      'Kinde answered with a redirect, which is never followed.',
      {
        reason: 'redirect',
      },
    );
  }
  const body = await readBody(response, bytes).catch((cause: unknown) => {
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw new KindeError('kinde_unreachable', 'Kinde’s answer broke off.', {
      reason: 'answer_cut',
      cause,
    });
  });
  const { status, headers } = response;
  return new Response(body, { status, headers });
}

async function readBody(response: Response, most: number): Promise<Uint8Array<ArrayBuffer> | null> {
  const bytes = await readBytes(response.body, most);
  if (bytes === undefined) {
    throw new KindeError('response_invalid', `Kinde answered with more than ${most} bytes.`, {
      reason: 'too_large',
    });
  }
  return bytes.length > 0 ? bytes : null;
}
