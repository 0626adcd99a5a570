import { digest } from '../state/ids.js';
import type { TenantEvent, Webhook } from '../state/resources.js';
import type { State } from '../state/state.js';
import { isLoopback } from './loopback.js';
import { send, type AttemptStatus } from './send.js';

/** One attempt to deliver an event to a webhook. */
export interface Delivery {
  /** Value of the header `webhook-id`: the same in every attempt. */
  readonly id: string;
  /** Type of the event, such as `user.created`. */
  readonly type: string;
  /** URL that it was sent to. */
  readonly endpoint: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Status of the response; only 200 is success. `refused`: the endpoint is not on this machine, so nothing was sent. */
  readonly status: AttemptStatus | 'refused';
}

/** Deliveries to webhooks, for tests. */
export interface Deliveries {
  /** Attempts, oldest first. The oldest of more than a thousand are dropped. */
  readonly deliveries: readonly Delivery[];
  /** Resolves once everything that is due by the emulator's clock was sent and answered. */
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
const RETRY_DELAYS = [5, 30, 120, 600, 3_600, 14_400];
const LAST_RETRY_DELAY = 12 * 3_600;

/** Seconds after an event in which it is tried, and for which a webhook may fail before it is disabled. */
const LONGEST_RETRY = 36 * 3_600;
const LONGEST_FAILURE = 72 * 3_600;

/** Attempts that are kept, and events that wait for a webhook. */
const MOST_DELIVERIES = 1_000;

/** How often real time looks for what is due. */
const POLL_MS = 1_000;

/** Deliveries under way, with what they need. */
interface Work {
  readonly state: State;
  readonly deliver: typeof globalThis.fetch | undefined;
  readonly deliveries: Delivery[];
  readonly queued: Set<QueuedDelivery>;
  /** Webhooks that are being delivered to: one event after the other each, and none waits for another webhook. */
  readonly queues: Map<Webhook, Promise<void>>;
  readonly running: Set<AbortController>;
}

/**
 * Creates the delivery of events to webhooks. Without a function to `deliver` with, only endpoints on this machine are sent
 * to. `start` lets real time drive retries, and keeps no process alive; `stop` ends that and aborts what is under way.
 */
export function createDelivery(
  state: State,
  deliver?: typeof globalThis.fetch,
): Deliveries & { start(): void; stop(): void } {
  const work: Work = {
    state,
    deliver,
    deliveries: [],
    queued: new Set(),
    queues: new Map(),
    running: new Set(),
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  state.listeners.add((event) => enqueue(event, work));
  return {
    deliveries: work.deliveries,
    async settled() {
      deliverDue(work);
      while (work.queues.size > 0) {
        await Promise.all(work.queues.values());
      }
    },
    start() {
      timer ??= setInterval(() => deliverDue(work), POLL_MS).unref();
    },
    stop() {
      clearInterval(timer);
      timer = undefined;
      for (const controller of work.running) {
        controller.abort();
      }
    },
  };
}

/** Queues an event for every webhook that wants it. */
function enqueue(event: TenantEvent, work: Work): void {
  const { state, queued } = work;
  for (const webhook of state.webhooks) {
    if (webhook.disabledAt !== undefined || !webhook.eventTypes.includes(event.type)) {
      continue;
    }
    dropOldest(queued);
    const id = `webhook_${digest(`${webhook.id} ${event.id}`, 32)}`;
    queued.add({
      id,
      webhook,
      event,
      attempt: 0,
      due: event.at,
    });
  }
  deliverDue(work);
}

function dropOldest(queued: Set<QueuedDelivery>): void {
  for (const oldest of queued) {
    if (queued.size >= MOST_DELIVERIES) {
      queued.delete(oldest);
    }
  }
}

function deliverDue(work: Work): void {
  for (const { webhook } of work.queued) {
    if (!work.queues.has(webhook)) {
      const queue = Promise.resolve().then(() => deliverTo(webhook, work));
      work.queues.set(webhook, queue);
    }
  }
}

async function deliverTo(webhook: Webhook, work: Work): Promise<void> {
  let delivery = nextFor(webhook, work);
  while (delivery) {
    await attempt(delivery, work);
    delivery = nextFor(webhook, work);
  }
  work.queues.delete(webhook);
}

async function attempt(delivery: QueuedDelivery, work: Work): Promise<void> {
  const { state, deliveries, queued } = work;
  const { id, webhook, event } = delivery;
  delivery.attempt += 1;
  const status = await sendAllowed(delivery, work);
  const { type } = event;
  deliveries.push({
    id,
    type,
    endpoint: webhook.endpoint,
    attempt: delivery.attempt,
    status,
  });
  if (deliveries.length > MOST_DELIVERIES) {
    deliveries.shift();
  }
  if (status === 'refused' || isDone(delivery, status, state.clock.now())) {
    queued.delete(delivery);
  }
}

async function sendAllowed(delivery: QueuedDelivery, work: Work): Promise<Delivery['status']> {
  const { deliver, state, running } = work;
  if (deliver === undefined && !isLoopback(delivery.webhook.endpoint)) {
    return 'refused';
  }
  return send(delivery, {
    state,
    deliver: deliver ?? fetch,
    running,
  });
}

/** The next delivery that is due for this webhook. A deleted or disabled webhook gets none, and its queue is cleared. */
function nextFor(webhook: Webhook, { queued, state }: Work): QueuedDelivery | undefined {
  const own = [...queued].filter((delivery) => delivery.webhook === webhook);
  if (state.webhooks.includes(webhook) && webhook.disabledAt === undefined) {
    return own.find(({ due }) => due <= state.clock.now());
  }
  for (const delivery of own) {
    queued.delete(delivery);
  }
  return undefined;
}

/** Whether this was the last attempt; schedules the next one where it was not. Days of failure disable the webhook. */
function isDone(delivery: QueuedDelivery, status: AttemptStatus, now: number): boolean {
  const { webhook, event } = delivery;
  if (status === 200) {
    delete webhook.failingSince;
    return true;
  }
  webhook.failingSince ??= now;
  if (now - webhook.failingSince >= LONGEST_FAILURE) {
    webhook.disabledAt = now;
  }
  delivery.due = now + (RETRY_DELAYS[delivery.attempt - 1] ?? LAST_RETRY_DELAY);
  return delivery.due - event.at > LONGEST_RETRY;
}
