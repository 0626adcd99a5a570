import { signJwt } from '../identity/signing-key.js';
import type { TenantEvent, Webhook } from '../state/resources.js';
import type { State } from '../state/state.js';

/** Milliseconds after which a response is not waited for any longer. */
const TIMEOUT_MS = 15_000;

/** Outcome of an attempt: the status of the response, or the reason why there is none. */
export type AttemptStatus = number | 'timeout' | 'unreachable';

/** An event for one webhook. */
interface Message {
  /** The header `webhook-id`. */
  readonly id: string;
  readonly webhook: Webhook;
  readonly event: TenantEvent;
}

/** Dependencies of `send`. */
interface Sender {
  readonly state: State;
  readonly deliver: typeof globalThis.fetch;
  /** Controllers of requests that are under way, for those who want to abort them. */
  readonly running: Set<AbortController>;
}

/** Sends one request. Of the response only the status is read, and no redirect is followed. */
export async function send(
  message: Message,
  { state, deliver, running }: Sender,
): Promise<AttemptStatus> {
  const controller = new AbortController();
  running.add(controller);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, TIMEOUT_MS).unref();
  try {
    const answer = deliver(message.webhook.endpoint, {
      ...(await requestOf(message, state)),
      signal: controller.signal,
    });
    const response = await Promise.race([answer, aborted(controller.signal)]);
    response.body?.cancel().catch(() => {});
    return response.status;
  } catch {
    return isLate ? 'timeout' : 'unreachable';
  } finally {
    clearTimeout(timer);
    running.delete(controller);
  }
}

/** Rejects when the signal aborts, also where `deliver` does not listen to it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) {
      abort();
    }
    signal.addEventListener('abort', abort, { once: true });
  });
}

async function requestOf({ id, event }: Message, { key }: State): Promise<RequestInit> {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/jwt', 'webhook-id': id },
    body: await signJwt(key, payloadOf(event)),
    redirect: 'manual',
  };
}

/** An event as webhooks receive it: without issuer, audience and expiry. Everything here comes from this machine. */
function payloadOf({ id, type, source, at, data }: TenantEvent): Record<string, unknown> {
  const timestamp = new Date(at * 1_000).toISOString();
  const address = type.startsWith('user.authenticat') && { ip_address: '127.0.0.1' };
  return {
    type,
    event_id: id,
    source,
    timestamp,
    event_timestamp: timestamp,
    ...address,
    data,
  };
}
