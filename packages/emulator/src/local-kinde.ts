// The parts of a local Kinde put together: state, clock, faults, webhooks, and the function that answers requests.
import { createApp } from './app.js';
import { createClock } from './clock.js';
import { createFaults, type Faults } from './faults.js';
import type { Identity } from './identity/identity.js';
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
export function createLocalKinde(options: EmulatorOptions, identity?: Identity): LocalKinde {
  const state = createState(options, createClock(options.clock), identity);
  const { start, stop, ...webhooks } = createDelivery(state, options.deliver);
  const faults = createFaults();
  const app = createApp(state);
  const requests: ReceivedRequest[] = [];
  return {
    state,
    faults,
    webhooks,
    delivering: { start, stop },
    requests,
    async answer(request) {
      remember(request, requests);
      const start = performance.now();
      let status = 0;
      try {
        const response = await faults.around(request, async () => app.fetch(request));
        status = response.status;
        return response;
      } finally {
        const ms = Math.round(performance.now() - start);
        recordRequest(state.journal, request, { status, ms });
      }
    },
    capture: () => capture(state),
    restore(snapshot) {
      restore(state, snapshot, () => freshData(state));
      state.journal.append({ kind: 'state', what: 'restored', name: snapshot.takenAt });
    },
    reset() {
      state.clock.reset();
      faults.clear();
      replaceData(state, freshData(state));
      state.journal.append({ kind: 'state', what: 'reset', name: 'seed' });
    },
  };
}

/** The data of a tenant as its seed has it. */
function freshData({ clock, identity, seed, siteUrl, callbacks }: State) {
  return tenantOf(seed, { identity, siteUrl, callbacks, now: clock.now() });
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
