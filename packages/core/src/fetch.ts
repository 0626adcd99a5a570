import type { Config } from './config.js';
import { KindeError } from './errors.js';

/** What a response from Kinde may cost. */
export interface Limits {
  readonly bytes: number;
  /** Seconds for the whole exchange, body included. */
  readonly seconds: number;
}

/**
 * Like `fetch`, but never follows a redirect, gives up after a deadline and reads at most so many bytes.
 * The body is complete when this resolves.
 * @throws KindeError `kinde_unreachable`, `kinde_timeout`, `response_invalid` (`redirect`, `too_large`).
 */
export async function fetchLimited(
  { fetch }: Pick<Config, 'fetch'>,
  url: string,
  init: RequestInit,
  limits: Limits,
): Promise<Response> {
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const timeout = () => new KindeError('kinde_timeout', `Kinde did not answer within ${limits.seconds} seconds.`);
    timer = setTimeout(() => reject(timeout()), limits.seconds * 1000);
  });
  try {
    const exchange = readLimited(fetch(url, { ...init, redirect: 'manual', signal: deadline.signal }), limits.bytes);
    exchange.catch(() => {});
    return await Promise.race([exchange, late]);
  } catch (cause) {
    deadline.abort();
    if (cause instanceof KindeError) throw cause;
    throw new KindeError('kinde_unreachable', 'Kinde could not be reached.', { reason: 'network', cause });
  } finally {
    clearTimeout(timer);
  }
}

async function readLimited(pending: Promise<Response>, bytes: number): Promise<Response> {
  const response = await pending;
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    await response.body?.cancel().catch(() => {});
    throw new KindeError('response_invalid', 'Kinde answered with a redirect, which is never followed.', {
      reason: 'redirect',
    });
  }
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
  const { status, headers } = response;
  return new Response(size > 0 ? joined(parts, size) : null, { status, headers });
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
