import type { AllFaults } from '../faults/faults.js';
import type { Finding } from '../findings/findings.js';
import type { Flow, Flows } from '../flows/flow.js';
import type { Seed } from '../seed/seed.js';
import type { Snapshot } from '../state/capture.js';
import type { State, TenantData } from '../state/state.js';
import type { EnvironmentInfo } from './answers.js';
import type { NextSignIns } from './next-sign-in.js';
import type { SnapshotStore } from './snapshots.js';

/** What the control API works on. */
export interface ControlParts {
  /** State of the tenant. */
  readonly state: State;
  /** Faults. */
  readonly faults: AllFaults;
  /** Deliveries to webhooks, which a reset forgets. */
  readonly webhooks: { clear(): void };
  /** Authorization requests that are answered without a page. */
  readonly nextSignIns: NextSignIns;
  /** Snapshots by name. */
  readonly snapshots: SnapshotStore;
  /** Answers a request as a browser or an app sends it. */
  readonly answer: (request: Request) => Promise<Response>;
  /** Goes back to a snapshot. Throws for what cannot be restored. */
  readonly restore: (snapshot: Snapshot) => void;
  /** The data of a tenant as a seed has it. */
  readonly fresh: (seed: Seed) => TenantData;
  /** A link that opens the dashboard, once. */
  readonly dashboardLink: () => string;
  /** Name of the environment. @default 'default' */
  readonly environment?: string | undefined;
  /** Sign-ins as the inspector sees them. */
  readonly flows: Flows;
  /** What is wrong with a sign-in. */
  readonly findings: (flow: Flow) => readonly Finding[];
  /** The local Kindes of this process. */
  readonly environments?: Environments | undefined;
}

/** The local Kindes of this process. */
export interface Environments {
  /** Those that run, by name. */
  list(): readonly EnvironmentInfo[];
  /** Starts one on a free port, with a seed that was checked. */
  create(name: string, seed?: Seed): Promise<StartedEnvironment>;
  /** Stops and forgets one; false where there is none. */
  remove(name: string): Promise<boolean>;
}

/** A local Kinde that was started. */
export interface StartedEnvironment extends EnvironmentInfo {
  /** Environment variables of an app that signs in there. */
  readonly env: Readonly<Record<string, string>>;
  /** Token of its control API. */
  readonly token: string;
}
