// The parts of a local Kinde put together: state, clock, faults, webhooks, and the function that answers requests.
import { createApp } from './app.js';
import { createClock } from './clock.js';
import { createFaults, type Faults } from './faults.js';
import { createJudge } from './findings/findings.js';
import type { Flows } from './flows/flow.js';
import { observeFlows } from './flows/observe.js';
import { recordRequest } from './journal/record.js';
import type { EmulatorOptions } from './options.js';
import { capture, replaceData, restore, type Snapshot } from './state/capture.js';
import { createState, type State } from './state/state.js';
import { tenantOf } from './state/tenant.js';
import { createDelivery, type Deliveries } from './webhooks/delivery.js';

/** A request that was received. */
export interface ReceivedRequest {
  /** Method in capitals. */
  method: string;
  /** Path without the query. */
  path: string;
  /** Query with its `?`, or an empty string. */
  query: string;
}

/** The parts of a local Kinde. */
export interface LocalKinde {
  readonly state: State;
  readonly faults: Faults;
  readonly webhooks: Deliveries;
  /** Lets real time drive deliveries, or no longer. */
  readonly delivering: { start(): void; stop(): void };
  readonly requests: ReceivedRequest[];
  /** Sign-ins, step by step. */
  readonly flows: Flows;
  /** Answers a request to the issuer. */
  answer(request: Request): Promise<Response>;
  capture(): Snapshot;
  restore(snapshot: Snapshot): void;
  reset(): void;
}

/** Received requests that are kept: a local Kinde may run for weeks. */
const MOST_REQUESTS = 10_000;

/**
 * Puts the parts together.
 * @throws Error for an invalid seed, issuer or site URL
 */
export function createLocalKinde(options: EmulatorOptions): LocalKinde {
  const state = createState(options, createClock(options.clock));
  const { start, stop, ...webhooks } = createDelivery(state, options.deliver);
  const faults = createFaults();
  const app = createApp(state);
  const requests: ReceivedRequest[] = [];
  const observer = observeFlows(state, createJudge(state));
  return {
    state,
    faults,
    webhooks,
    delivering: { start, stop },
    requests,
    flows: observer.flows,
    async answer(request) {
      remember(request, requests);
      const sent = await observer.before(request);
      const start = performance.now();
      let response: Response | undefined;
      try {
        response = await faults.around(request, async () => app.fetch(request));
        return response;
      } finally {
        const ms = Math.round(performance.now() - start);
        const { tell, ...about } = await observer.observe(request, sent, { response });
        recordRequest(state.journal, request, { status: response?.status ?? 0, ms, about });
        tell(state.journal.last);
      }
    },
    capture: () => capture(state),
    restore(snapshot) {
      restore(state, snapshot, freshData(state));
      state.journal.append({ kind: 'state', what: 'restored', name: snapshot.takenAt });
    },
    reset() {
      state.clock.reset();
      faults.clear();
      observer.flows.clear();
      replaceData(state, freshData(state));
      state.journal.append({ kind: 'state', what: 'reset', name: 'seed' });
    },
  };
}

/** The data of a tenant as its seed has it. */
function freshData({ clock, identity, seed, siteUrl }: State) {
  return tenantOf(seed, { identity, siteUrl, now: clock.now() });
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
