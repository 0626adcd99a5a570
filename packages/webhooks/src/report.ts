import { createTracing, stopwatch } from '@kindling/internal';
import { EVENT_TYPES, type WebhookEventType } from './events.js';
import type { WebhookProblem } from './options.js';

/** What became of a webhook. No member holds its data, its body or an id. */
export interface WebhookReport {
  /** HTTP status of the answer. */
  readonly status: number;
  /** `done`: 200. `refused`: 4xx, by what the sender did. `failed`: 5xx, so that Kinde sends it again. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** The check or step that decided, such as `signature`, `duplicate` or `handler`. */
  readonly reason?: string;
  /** The event type, of those in `EVENT_TYPES`, once the signature is verified. */
  readonly type?: WebhookEventType;
  /** What your handler, the store or the request for the signing keys threw. */
  readonly error?: unknown;
}

/** Called with what became of a webhook. */
export type Reporter = (report: WebhookReport) => void;

/** Reports an answer. Types that this version does not know are left out: they are text of the sender. */
export function reportOf({
  status,
  reason,
  type,
  error,
}: Partial<WebhookProblem> & Pick<WebhookProblem, 'status'>): WebhookReport {
  const known = EVENT_TYPES.find((one) => one === type);
  return {
    status,
    outcome: outcomeOf(status),
    ...(reason !== undefined && { reason }),
    ...(known !== undefined && { type: known }),
    ...(error !== undefined && { error }),
  };
}

function outcomeOf(status: number): WebhookReport['outcome'] {
  if (status < 400) {
    return 'done';
  }
  return status < 500 ? 'refused' : 'failed';
}

/**
 * Publishes the event of a webhook on the channels of `kinde:webhook`, where no host does: `name`, `at` in Unix seconds, `took`
 * in seconds, and the report without its error.
 */
export function createPublisher(): <Result>(
  work: (report: Reporter) => Promise<Result>,
) => Promise<Result> {
  const tracing = createTracing('kinde:webhook');
  return async (work) => {
    if (!tracing?.isOn) {
      return work(() => {});
    }
    const age = stopwatch();
    const event: Record<string, unknown> = { name: 'webhook', at: Date.now() / 1000 };
    const note: Reporter = (report) => {
      const { error: _, ...facts } = report;
      Object.assign(event, facts);
    };
    try {
      return await tracing.start(event, () => work(note));
    } finally {
      event['took'] = age();
      tracing.end(event, event['outcome'] === 'failed');
    }
  };
}
