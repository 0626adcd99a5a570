import { within, type Moment } from '../clock.js';
import type { Config } from '../options/config.js';
import { KindeError } from '../errors.js';

/** What a response from Kinde may cost. */
export interface Limits {
  readonly bytes: number;
  /** When the whole exchange must be over, body included. */
  readonly deadline: Moment;
}

/**
 * Like `fetch`, but never follows a redirect, gives up after a deadline and reads at most so many bytes.
 * The body is complete when this resolves.
 * @throws KindeError `kinde_unreachable` (`network`, `answer_cut`), `kinde_timeout`, `response_invalid` (`redirect`, `too_large`).
 */
export async function fetchLimited(
  { fetch }: Pick<Config, 'fetch'>,
  url: string,
  init: RequestInit,
  limits: Limits,
): Promise<Response> {
  const stop = new AbortController();
  try {
    const exchange = readLimited(
      fetch(url, {
        ...init,
        redirect: 'manual',
        signal: stop.signal,
      }),
      limits.bytes,
    );
    return await within(limits.deadline, exchange, timedOut);
  } catch (cause) {
    stop.abort();
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw new KindeError('kinde_unreachable', 'Kinde could not be reached.', {
      reason: 'network',
      cause,
    });
  }
}

/** Kinde took longer than there was time. */
export function timedOut(): KindeError {
  return new KindeError('kinde_timeout', 'Kinde did not answer in time.', { reason: 'deadline' });
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

async function readBody(
  response: Response,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader!.read()) {
    size += part.value.byteLength;
    if (size > bytes) {
      await reader!.cancel().catch(() => {});
      throw new KindeError('response_invalid', `Kinde answered with more than ${bytes} bytes.`, {
        reason: 'too_large',
      });
    }
    parts.push(part.value);
  }
  return size > 0 ? joined(parts, size) : null;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
