import type { DeliveryEntry } from '../journal/entries.js';
import { DOCS } from './row.js';

/** Something about a call of a webhook that is wrong, or worth knowing. */
export interface DeliveryFinding {
  /** Id, such as `webhook.not-200`. */
  readonly id: string;
  /** `wrong` explains why it counts as not delivered. */
  readonly level: 'wrong' | 'remark';
  /** What is so, in a sentence, with the values. */
  readonly says: string;
  /** What to do. */
  readonly fix: string;
  /** Page about it. */
  readonly docs: string;
}

/** A call as the checks see it. */
interface Call extends Pick<DeliveryEntry, 'endpoint' | 'status' | 'type'> {
  /** Milliseconds until the answer. @default not known */
  readonly ms?: number | undefined;
}

interface Row {
  readonly id: string;
  readonly level: 'wrong' | 'remark';
  readonly test: (call: Call) => boolean;
  readonly says: (call: Call) => string;
  readonly fix: string;
}

/** Milliseconds after which an answer is slow. */
const SLOW = 5_000;

const ROWS: readonly Row[] = [
  {
    id: 'webhook.redirect',
    level: 'wrong',
    test: ({ status }) => typeof status === 'number' && status >= 300 && status < 400,
    says: ({ endpoint, status }) =>
      `${endpoint} answered with the redirect ${status}, which Kinde does not follow.`,
    fix: 'Register the address that it leads to: often the same with https or with a slash at the end, or a sign-in page that guards it.',
  },
  {
    id: 'webhook.not-200',
    level: 'wrong',
    test: ({ status }) => typeof status === 'number' && status > 200 && status < 300,
    says: ({ endpoint, status }) =>
      `${endpoint} answered with ${status}; only 200 counts as delivered, so it is sent again.`,
    fix: 'Answer with 200.',
  },
  {
    id: 'webhook.refused',
    level: 'wrong',
    test: ({ status }) => typeof status === 'number' && status >= 400,
    says: ({ endpoint, status }) => `${endpoint} refused the event with ${status}.`,
    fix: 'Look at the log of the app: 400 is often a body that was parsed before its signature was checked, 404 another path, 403 a guard.',
  },
  {
    id: 'webhook.plain-port',
    level: 'wrong',
    test: ({ status, endpoint }) =>
      endpoint.startsWith('https:') &&
      typeof status === 'string' &&
      /SSL|EPROTO|wrong version/i.test(status),
    says: ({ endpoint }) => `${endpoint} is https, and what answers there speaks http.`,
    fix: 'Register the address with http:, or serve https there.',
  },
  {
    id: 'webhook.unreachable',
    level: 'wrong',
    test: ({ status }) => typeof status === 'string' && !/SSL|EPROTO|wrong version/i.test(status),
    says: ({ endpoint, status }) => `${endpoint} cannot be reached: ${status}`,
    fix: 'Start the app, and compare host and port.',
  },
  {
    id: 'webhook.slow',
    level: 'remark',
    test: ({ ms = 0 }) => ms > SLOW,
    says: ({ endpoint, ms = 0 }) =>
      `${endpoint} took ${(ms / 1_000).toFixed(1)} seconds to answer: a webhook should be done in ${SLOW / 1_000}.`,
    fix: 'Answer first, and work on the event afterwards.',
  },
];

/** What is wrong with a call of a webhook, or worth knowing. */
export function findingsOfDelivery(call: Call): DeliveryFinding[] {
  return ROWS.filter(({ test }) => test(call)).map(({ id, level, says, fix }) => ({
    id,
    level,
    says: says(call),
    fix,
    docs: DOCS.webhooks,
  }));
}

/** A remark where something happened that no webhook asked for, while there are webhooks. */
export function unheard(
  type: string,
  subscribed: readonly (readonly string[])[],
): DeliveryFinding | undefined {
  if (subscribed.length === 0 || subscribed.some((types) => types.includes(type))) {
    return undefined;
  }
  return {
    id: 'webhook.not-subscribed',
    level: 'remark',
    says: `${type} happened, and no webhook has subscribed to it.`,
    fix: 'Add the type to a webhook if the app has to know.',
    docs: DOCS.webhooks,
  };
}
