import type { State } from '../state/state.js';
import { refused } from './envelope.js';

/** What Kinde says to more requests than it takes; nothing to those that it takes. */
export function checkRateLimit({ managementLimit: limit, clock }: State): Response | undefined {
  if (!limit) {
    return undefined;
  }
  const now = clock.now();
  if (now >= limit.since + limit.seconds) {
    Object.assign(limit, { since: now, taken: 0 });
  }
  limit.taken += 1;
  if (limit.taken <= limit.requests) {
    return undefined;
  }
  const response = refused(429, 'TOO_MANY_REQUESTS', 'Too many requests were made.');
  response.headers.set('ratelimit-reset', String(limit.since + limit.seconds - now));
  return response;
}
