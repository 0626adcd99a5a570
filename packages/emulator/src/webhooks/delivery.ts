import { signJwt } from '../signing-key.js';
import { digest } from '../state/ids.js';
import type { TenantEvent, Webhook } from '../state/resources.js';
import type { State } from '../state/state.js';
import { isLoopback } from './loopback.js';

/** One attempt to tell a webhook of an event. */
export interface Delivery {
  /** The header `webhook-id`: the same in every attempt. */
  readonly id: string;
  readonly type: string;
  readonly endpoint: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** What was answered: only 200 is success. `refused`: not on this machine, so nothing was sent. */
  readonly status: number | 'timeout' | 'unreachable' | 'refused';
}

/** What webhooks are told, and how that went. */
export interface Deliveries {
  /** Attempts, oldest first. The oldest of more than a thousand go. */
  readonly deliveries: readonly Delivery[];
  /** Resolves when everything that is due by the emulator's clock was sent and answered. */
  settled(): Promise<void>;
}

/** An event on its way to one webhook. */
interface QueuedDelivery {
  readonly id: string;
  readonly webhook: Webhook;
  readonly event: TenantEvent;
  attempt: number;
  /** Unix seconds. */
  due: number;
}

/** Seconds from one attempt to the next; after these, twelve hours each time. */
const WAITS = [5, 30, 120, 600, 3_600, 14_400];
const LAST_WAIT = 12 * 3_600;
const LONGEST_TRY = 36 * 3_600;
const LONGEST_FAILURE = 72 * 3_600;

/** How many attempts are remembered, and how many events wait for a webhook. */
const MOST = 1_000;
const TIMEOUT_MS = 15_000;

/**
 * Sends what happens in the tenant to its webhooks. Without a function to `deliver` with, only to this machine.
 * `start` lets real time drive what has to be tried again, and keeps no process alive; `stop` ends that.
 */
export function createDelivery(
  state: State,
  deliver?: typeof globalThis.fetch,
): Deliveries & { start(): void; stop(): void } {
  const deliveries: Delivery[] = [];
  const queued = new Set<QueuedDelivery>();
  /** Webhooks at work: each is told one thing after the other, and none waits for another. */
  const queues = new Map<Webhook, Promise<void>>();
  const running = new Set<AbortController>();
  let timer: ReturnType<typeof setInterval> | undefined;

  const attempt = async (delivery: QueuedDelivery): Promise<void> => {
    const { id, webhook, event } = delivery;
    delivery.attempt += 1;
    const isRefused = deliver === undefined && !isLoopback(webhook.endpoint);
    const status = isRefused
      ? 'refused'
      : await send(delivery, {
          state,
          deliver: deliver ?? fetch,
          running,
        });
    const { type } = event;
    if (
      deliveries.push({
        id,
        type,
        endpoint: webhook.endpoint,
        attempt: delivery.attempt,
        status,
      }) > MOST
    ) {
      deliveries.shift();
    }
    if (isRefused || isOver(delivery, { status, now: state.clock.now() })) {
      queued.delete(delivery);
    }
  };
  const work = async (webhook: Webhook): Promise<void> => {
    const next = () => nextOf(webhook, queued, state);
    for (let delivery = next(); delivery; delivery = next()) {
      await attempt(delivery);
    }
    queues.delete(webhook);
  };
  const deliverDue = (): void => {
    for (const webhook of new Set([...queued].map((delivery) => delivery.webhook))) {
      if (!queues.has(webhook)) {
        queues.set(
          webhook,
          Promise.resolve().then(() => work(webhook)),
        );
      }
    }
  };
  state.listeners.add((event) => {
    for (const webhook of state.webhooks) {
      if (webhook.disabledAt !== undefined || !webhook.eventTypes.includes(event.type)) {
        continue;
      }
      const id = `webhook_${digest(`${webhook.id} ${event.id}`, 32)}`;
      for (const oldest of queued) {
        if (queued.size >= MOST) {
          queued.delete(oldest);
        }
      }
      queued.add({
        id,
        webhook,
        event,
        attempt: 0,
        due: event.at,
      });
    }
    deliverDue();
  });
  return {
    deliveries,
    async settled() {
      for (deliverDue(); queues.size > 0;) {
        await Promise.all(queues.values());
      }
    },
    start() {
      timer ??= setInterval(deliverDue, 1_000).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      for (const controller of running) {
        controller.abort();
      }
    },
  };
}

/** What is due for this webhook. Nothing is told to one that is gone, or given up on. */
function nextOf(
  webhook: Webhook,
  queued: Set<QueuedDelivery>,
  { webhooks, clock }: State,
): QueuedDelivery | undefined {
  const own = [...queued].filter((delivery) => delivery.webhook === webhook);
  if (webhooks.includes(webhook) && webhook.disabledAt === undefined) {
    return own.find(({ due }) => due <= clock.now());
  }
  for (const delivery of own) {
    queued.delete(delivery);
  }
  return undefined;
}

/** Whether this was the last attempt; when the next one is, where not. After days of failure the webhook is given up. */
function isOver(
  delivery: QueuedDelivery,
  { status, now }: { status: Delivery['status']; now: number },
): boolean {
  const { webhook, event, attempt } = delivery;
  if (status === 200) {
    delete webhook.failingSince;
    return true;
  }
  webhook.failingSince ??= now;
  if (now - webhook.failingSince >= LONGEST_FAILURE) {
    webhook.disabledAt = now;
  }
  delivery.due = now + (WAITS[attempt - 1] ?? LAST_WAIT);
  return delivery.due - event.at > LONGEST_TRY;
}

/** One request. Its answer is a status: nothing else of it is read, and no redirect is followed. */
async function send(
  { id, webhook, event }: QueuedDelivery,
  {
    state,
    deliver,
    running,
  }: {
    state: State;
    deliver: typeof fetch;
    running: Set<AbortController>;
  },
): Promise<Delivery['status']> {
  const controller = new AbortController();
  running.add(controller);
  const { signal } = controller;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, TIMEOUT_MS).unref();
  // Also where `deliver` does not listen to the signal.
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  try {
    const answer = deliver(webhook.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/jwt', 'webhook-id': id },
      body: await signJwt(state.key, payloadOf(event)),
      redirect: 'manual',
      signal,
    });
    const response = await Promise.race([answer, stopped]);
    response.body?.cancel().catch(() => {});
    return response.status;
  } catch {
    return isLate ? 'timeout' : 'unreachable';
  } finally {
    clearTimeout(timer);
    running.delete(controller);
  }
}

/** An event as webhooks get it: without issuer, audience and expiry. Everything here comes from this machine. */
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
