// Answers requests as Kinde would, through the faults, and writes down what came and what went.
import { createApp } from './app.js';
import type { AllFaults } from './faults/faults.js';
import type { Observer } from './flows/observe.js';
import { recordRequest } from './journal/record.js';
import { isHeldSecret } from './state/secrets.js';
import type { State } from './state/state.js';

/** A request that was received. */
export interface ReceivedRequest {
  /** Method in capitals. */
  method: string;
  /** Path without the query. */
  path: string;
  /** Query with its `?`, or an empty string. */
  query: string;
}

/** Received requests that are kept: a local Kinde may run for weeks. */
const MOST_REQUESTS = 10_000;

/** What an answer goes through. */
interface Way {
  readonly state: State;
  readonly faults: AllFaults;
  readonly observer: Observer;
  /** Gets every request, without its body. */
  readonly requests: ReceivedRequest[];
}

/** The function that answers as Kinde would. It rejects where a fault lets no answer through. */
export function createAnswer({
  state,
  faults,
  observer,
  requests,
}: Way): (request: Request) => Promise<Response> {
  const app = createApp(state);
  return async (request) => {
    remember(request, requests);
    const sent = await observer.before(request);
    const start = performance.now();
    let response: Response | undefined;
    try {
      response = await faults.around(request, async () => app.fetch(request));
      return response;
    } finally {
      const ms = Math.round(performance.now() - start);
      const fault = faults.hitBy(request);
      const { tell, ...about } = await observer.observe(request, sent, { response, fault });
      const status = response?.status ?? 0;
      recordRequest(state.journal, request, {
        status,
        ms,
        about: { ...about, fault },
        isSecret: (value) => isHeldSecret(state, value),
      });
      tell(state.journal.last);
    }
  };
}

function remember(request: Request, requests: ReceivedRequest[]): void {
  const { pathname, search } = new URL(request.url);
  requests.push({
    method: request.method,
    path: pathname,
    query: search,
  });
  if (requests.length > MOST_REQUESTS) {
    requests.shift();
  }
}
