// The parts of a local Kinde put together: state, clock, faults, webhooks, sign-ins, control API.
import { createAnswer, type ReceivedRequest } from './answer.js';
import { createClock } from './clock.js';
import type { Control } from './control/control.js';
import { createControl } from './control/create.js';
import type { ControlAccess } from './control/guard.js';
import { startOver } from './control/keeping.js';
import { createNextSignIns } from './control/next-sign-in.js';
import type { ControlParts } from './control/parts.js';
import { CONTROL_PATH, createControlRoutes } from './control/routes.js';
import { createMemorySnapshots, type SnapshotStore } from './control/snapshots.js';
import { createAccess } from './dashboard/access.js';
import { createDashboard } from './dashboard/dashboard.js';
import { isOwnPath } from './dashboard/parts.js';
import { SDKS } from './env/sdks.js';
import { createFaults, type AllFaults } from './faults/faults.js';
import { createJudge, findingsOf } from './findings/findings.js';
import type { Flows } from './flows/flow.js';
import { observeFlows } from './flows/observe.js';
import { createRandom, type Identity } from './identity/identity.js';
import { recordMoves } from './journal/record-moves.js';
import type { EmulatorOptions } from './options.js';
import { capture, restore } from './state/capture.js';
import type { Snapshot } from './state/check-snapshot.js';
import { createState, type State } from './state/state.js';
import { tenantOf } from './state/tenant.js';
import { createDelivery, type Deliveries } from './webhooks/delivery.js';

/** The parts of a local Kinde. */
export interface LocalKinde {
  readonly state: State;
  readonly faults: AllFaults;
  readonly webhooks: Deliveries;
  /** The control API. */
  readonly control: Control;
  /** Token of the control API over HTTP. */
  readonly access: ControlAccess;
  /** Lets real time drive deliveries, or no longer. */
  readonly delivering: { start(): void; stop(): void };
  readonly requests: ReceivedRequest[];
  /** What apps did, sign-in by sign-in. */
  readonly flows: Flows;
  /** A link that opens the dashboard, once; `origin` is where the browser reaches it, by default the issuer. */
  dashboardLink(origin?: string): string;
  /** Answers a request to the issuer. */
  answer(request: Request): Promise<Response>;
  capture(): Snapshot;
  restore(snapshot: Snapshot): void;
  reset(): void;
}

/** What a local Kinde may have beside its options. */
export interface Extras extends Pick<ControlParts, 'environment' | 'environments'> {
  /** What ids, secrets and keys come from. @default the published one */
  readonly identity?: Identity;
  /** Listens before its own key is made. Requests wait for the key; what signs in this process has to. @default false */
  readonly listensAtOnce?: boolean;
  /** Keeps snapshots. @default in memory */
  readonly snapshots?: SnapshotStore;
  /** Token of the control API. @default a random one */
  readonly access?: ControlAccess;
}

/**
 * Puts the parts together.
 * @throws Error for an invalid seed, issuer or site URL
 */
export function createLocalKinde(options: EmulatorOptions, extras: Extras = {}): LocalKinde {
  const state = createState(options, createClock(options.clock), extras.identity);
  recordMoves(state.journal, state.clock);
  const { start, stop, ...webhooks } = createDelivery(state, options.deliver);
  const faults = createFaults(state);
  const requests: ReceivedRequest[] = [];
  const observer = observeFlows(state, createJudge(state));
  const { flows } = observer;
  const { access = { token: createRandom().secret(32) } } = extras;
  const putBack = (snapshot: Snapshot) => {
    restore(state, snapshot, () => freshData(state));
    state.journal.append({ kind: 'state', what: 'restored', name: snapshot.takenAt });
  };
  const answer = createAnswer({ state, faults, observer, requests });
  const visitors = createAccess(state);
  const parts: ControlParts = {
    snapshots: createMemorySnapshots(),
    ...extras,
    state,
    faults,
    webhooks,
    flows,
    findings: (flow) => findingsOf(flow, state),
    nextSignIns: createNextSignIns(state),
    answer,
    dashboardLink: () => visitors.link(),
    restore: putBack,
    fresh: (seed) => freshData({ ...state, seed }),
  };
  const control = createControl(parts);
  return {
    state,
    faults,
    webhooks,
    control,
    access,
    delivering: { start, stop },
    requests,
    flows,
    dashboardLink: visitors.link,
    answer: route({
      control: createControlRoutes(control, { access, journal: state.journal }).fetch,
      dashboard: createDashboard({
        state,
        access: visitors,
        control,
        flows,
        sdks: SDKS,
      }),
      kinde: answer,
    }),
    capture: () => capture(state),
    restore: putBack,
    reset: () => startOver(parts, state.seed, 'seed'),
  };
}

type Answer = (request: Request) => Response | Promise<Response>;

/** What is not Kinde's comes first: faults do not hit it, and it is no request of an app. */
function route({
  control,
  dashboard,
  kinde,
}: Record<'control' | 'dashboard' | 'kinde', Answer>): LocalKinde['answer'] {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(`${CONTROL_PATH}/`)) {
      return control(request);
    }
    if (pathname === '/') {
      return new Response(null, { status: 302, headers: { location: '/emulator' } });
    }
    return isOwnPath(pathname) ? dashboard(request) : kinde(request);
  };
}

/** The data of a tenant as its seed has it. */
function freshData({ clock, identity, seed, siteUrl, callbacks }: State) {
  return tenantOf(seed, { identity, siteUrl, callbacks, now: clock.now() });
}
