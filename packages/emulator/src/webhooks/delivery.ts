// Events on their way to webhooks: queues, attempts and retries.
import { digest } from '../state/ids.js';
import type { QueuedDelivery, TenantEvent, Webhook } from '../state/resources.js';
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

/** Seconds from one attempt to the next; after these, twelve hours each time. */
const RETRY_DELAYS = [5, 30, 120, 600, 3_600, 14_400];
const LAST_RETRY_DELAY = 12 * 3_600;

/** Seconds after an event in which it is tried, and for which a webhook may fail before it is disabled. */
const LONGEST_RETRY = 36 * 3_600;
const LONGEST_FAILURE = 72 * 3_600;

/** Attempts that are kept, and events that wait for a webhook. */
const MOST_DELIVERIES = 1_000;

/** Milliseconds between looks for deliveries that are due. */
const POLL_MS = 1_000;

/** Deliveries under way, with what they need. */
interface Work {
  readonly state: State;
  readonly deliver: typeof globalThis.fetch | undefined;
  readonly deliveries: Delivery[];
  /** Ids of webhooks that are being delivered to: one event after the other each, and none waits for another webhook. */
  readonly queues: Map<string, Promise<void>>;
  readonly running: Set<AbortController>;
  /** Number of times that everything was forgotten: what began before is not recorded any more. */
  cleared: number;
}

/**
 * Creates the delivery of events to webhooks. Without a function to `deliver` with, only endpoints on this machine are sent
 * to. `start` lets real time drive retries, and keeps no process alive; `stop` ends that and aborts what is under way; `clear`
 * forgets all attempts.
 */
export function createDelivery(
  state: State,
  deliver?: typeof globalThis.fetch,
): Deliveries & { start(): void; stop(): void; clear(): void } {
  const work: Work = {
    state,
    deliver,
    deliveries: [],
    queues: new Map(),
    running: new Set(),
    cleared: 0,
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  state.listeners.add((event) => enqueue(event, work));
  // What became due by a move is sent at once, in the order of time.
  state.clock.listen(() => deliverDue(work));
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
      abortRunning(work);
    },
    clear() {
      work.cleared += 1;
      work.deliveries.length = 0;
      abortRunning(work);
    },
  };
}

function abortRunning({ running }: Work): void {
  for (const controller of running) {
    controller.abort();
  }
}

/** Queues an event for every webhook that wants it. */
function enqueue(event: TenantEvent, work: Work): void {
  const { state } = work;
  for (const webhook of state.webhooks) {
    if (webhook.disabledAt !== undefined || !webhook.eventTypes.includes(event.type)) {
      continue;
    }
    const id = `webhook_${digest(`${webhook.id} ${event.id}`, 32)}`;
    state.queued.push({
      id,
      webhookId: webhook.id,
      event,
      attempt: 0,
      due: event.at,
    });
  }
  state.queued.splice(0, state.queued.length - MOST_DELIVERIES);
  deliverDue(work);
}

function deliverDue(work: Work): void {
  for (const { webhookId } of work.state.queued) {
    if (!work.queues.has(webhookId)) {
      const queue = Promise.resolve().then(() => deliverTo(webhookId, work));
      work.queues.set(webhookId, queue);
    }
  }
}

async function deliverTo(webhookId: string, work: Work): Promise<void> {
  let next = nextFor(webhookId, work);
  while (next) {
    await attempt(next, work);
    next = nextFor(webhookId, work);
  }
  work.queues.delete(webhookId);
}

async function attempt({ delivery, webhook }: Next, work: Work): Promise<void> {
  const { state, deliveries } = work;
  const { id, event } = delivery;
  const { cleared } = work;
  delivery.attempt += 1;
  const status = await sendAllowed({ delivery, webhook }, work);
  if (work.cleared !== cleared) {
    return;
  }
  const made: Delivery = {
    id,
    type: event.type,
    endpoint: webhook.endpoint,
    attempt: delivery.attempt,
    status,
  };
  deliveries.push(made);
  if (deliveries.length > MOST_DELIVERIES) {
    deliveries.shift();
  }
  const isOver = status === 'refused' || isDone({ delivery, webhook }, status);
  if (isOver) {
    state.queued = state.queued.filter((one) => one !== delivery);
  }
  state.journal.append({ kind: 'delivery', ...made, ...(!isOver && { next: delivery.due }) });
}

async function sendAllowed(next: Next, work: Work): Promise<Delivery['status']> {
  const { deliver, state, running } = work;
  if (deliver === undefined && !isLoopback(next.webhook.endpoint)) {
    return 'refused';
  }
  const { id, event } = next.delivery;
  const message = { id, webhook: next.webhook, event };
  return send(message, {
    state,
    deliver: deliver ?? fetch,
    running,
  });
}

/** A delivery and the webhook that it goes to. */
interface Next {
  readonly delivery: QueuedDelivery;
  readonly webhook: Webhook;
}

/** The next delivery that is due for this webhook. A deleted or disabled webhook gets none, and its queue is cleared. */
function nextFor(webhookId: string, { state }: Work): Next | undefined {
  const webhook = state.webhooks.find(({ id }) => id === webhookId);
  if (webhook && webhook.disabledAt === undefined) {
    const now = state.clock.now();
    const own = state.queued.filter((one) => one.webhookId === webhookId && one.due <= now);
    // In the order of time, also where the clock was moved over several attempts.
    const [delivery] = own.sort((one, other) => one.due - other.due);
    return delivery && { delivery, webhook };
  }
  state.queued = state.queued.filter((one) => one.webhookId !== webhookId);
  return undefined;
}

/**
 * Whether this was the last attempt; schedules the next one where it was not. Days of failure disable the webhook. Attempts
 * count from when they were due, so that a clock that jumps sees the same attempts as one that runs.
 */
function isDone({ delivery, webhook }: Next, status: AttemptStatus): boolean {
  const { due, event } = delivery;
  if (status === 200) {
    delete webhook.failingSince;
    return true;
  }
  webhook.failingSince ??= due;
  if (due - webhook.failingSince >= LONGEST_FAILURE) {
    webhook.disabledAt = due;
  }
  delivery.due = due + (RETRY_DELAYS[delivery.attempt - 1] ?? LAST_RETRY_DELAY);
  return delivery.due - event.at > LONGEST_RETRY;
}
