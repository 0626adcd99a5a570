// The control API: what tests and tools may ask a local Kinde for that Kinde has no API for.
import type { EntryKinds, JournalEntry } from '../journal/entries.js';
import type { ReadonlySeed, Seed } from '../seed/seed.js';
import type { Snapshot } from '../state/capture.js';
import type {
  Changed,
  CreatedEnvironment,
  CreatedToken,
  EnvironmentInfo,
  EnvValues,
  JournalPage,
  SessionInfo,
  SnapshotInfo,
  Status,
} from './answers.js';
import type { ClockChange, ClockInfo } from './clock-info.js';
import type {
  DeliveryFilter,
  EnvChoice,
  JournalFilter,
  NewEnvironment,
  NewToken,
  NextSignIn,
  RequestFilter,
  SessionFilter,
  SignInRequest,
  Waiting,
} from './inputs.js';
import type { FaultRequest, FaultsInfo } from '../faults/fault.js';
import type { FlowFilter, FlowInfo } from './flow-info.js';

export type * from './answers.js';
export type * from './clock-info.js';
export type * from '../faults/fault.js';
export type * from './flow-info.js';
export type * from './inputs.js';

/**
 * Controls a local Kinde: the same methods in process (`emulator.control`) and over HTTP (`connect` of
 * `@kindling/emulator/client`). People, organizations, roles and flags are changed through the Management API.
 * Users are named by key, id or address; applications by name or client id. All methods reject with a `ControlError`.
 */
export interface Control {
  /** Version, issuer, clock, armed faults and how many of what there are. */
  status(): Promise<Status>;
  /** Environment variables of an app that signs in here, as an SDK reads them. Contains secrets. */
  env(choice?: EnvChoice): Promise<EnvValues>;
  /** Goes back to the seed, to nothing, or to a snapshot by name: state, clock, faults, journal. @default 'seed' */
  reset(to?: string): Promise<Changed>;
  /** The seed that is loaded. */
  seed(): Promise<Seed>;
  /** The current state as a seed. */
  exportSeed(): Promise<Seed>;
  /** Loads another seed and goes back to it. `invalid_seed` says what does not fit together; then nothing changes. */
  setSeed(seed: ReadonlySeed): Promise<Changed>;
  /** Snapshots that are kept, by name. */
  snapshots(): Promise<readonly SnapshotInfo[]>;
  /** Keeps the current state under a name. */
  saveSnapshot(name: string): Promise<Changed>;
  /** A snapshot that is kept. */
  snapshot(name: string): Promise<Snapshot>;
  /** Keeps a snapshot that was taken elsewhere under a name. `invalid_snapshot` where it cannot be restored. */
  putSnapshot(name: string, snapshot: Snapshot): Promise<Changed>;
  /** Forgets a snapshot. */
  removeSnapshot(name: string): Promise<Changed>;
  /** Goes back to a snapshot: state and clock. */
  restoreSnapshot(name: string): Promise<Changed>;
  /** The time here, how it differs from real time, and what ends when. */
  clock(): Promise<ClockInfo>;
  /** Moves, stops or speeds up the time; in this order: `speed`, `frozen`, `now`, `advance`. */
  setClock(change: ClockChange): Promise<ClockInfo & Changed>;
  /** Goes back to real time. */
  resetClock(): Promise<ClockInfo & Changed>;
  /** Faults by name, and those that are armed. */
  faults(): Promise<FaultsInfo>;
  /** Arms a fault: the next request that it matches runs into it. */
  armFault(fault: FaultRequest): Promise<
    {
      /** Id, to clear it by. */
      readonly id: string;
    } & Changed
  >;
  /** Removes one armed fault, or all. */
  clearFaults(id?: string): Promise<Changed>;
  /** Makes a token, or a whole sign-in, without a browser. */
  createToken(token: NewToken): Promise<CreatedToken>;
  /** Answers the next authorization requests without a page: as this user, or with a refusal. */
  nextSignIn(choice: NextSignIn): Promise<Changed>;
  /** Signs a user in at an authorization URL, form by form. Answers the callback URL. */
  signIn(request: SignInRequest): Promise<
    {
      /** Callback URL. */
      readonly location: string;
    } & Changed
  >;
  /** Who is signed in: at Kinde itself, and at applications. */
  sessions(filter?: SessionFilter): Promise<readonly SessionInfo[]>;
  /** Ends sessions: one by id, those of a user or an application, or all. */
  endSessions(filter?: SessionFilter): Promise<
    {
      /** Number of sessions that were ended. */
      readonly ended: number;
    } & Changed
  >;
  /** Sign-ins as the inspector sees them, newest first. */
  flows(filter?: FlowFilter): Promise<readonly FlowInfo[]>;
  /** One sign-in. */
  flow(id: string): Promise<FlowInfo>;
  /** Requests that were received, oldest first. With `wait`, waits until there is one. */
  requests(filter?: RequestFilter & Waiting): Promise<readonly JournalEntry<'request'>[]>;
  /** Number of such requests. */
  countRequests(filter?: RequestFilter): Promise<{
    /** Number of requests. */
    readonly count: number;
  }>;
  /** Calls of webhooks, oldest first. With `wait`, waits until there is one. */
  deliveries(filter?: DeliveryFilter & Waiting): Promise<readonly JournalEntry<'delivery'>[]>;
  /** A link that opens the dashboard in a browser, once, within 10 minutes. */
  dashboardLink(): Promise<{
    /** The link. */
    readonly url: string;
  }>;
  /** Replaces the signing key. The old one stays published for `keepOld` seconds. @default 0 */
  rotateKeys(options?: { readonly keepOld?: number }): Promise<
    {
      /** Id of the new key. */
      readonly kid: string;
    } & Changed
  >;
  /** What happened, oldest first: at most 1,000 entries. With `wait`, waits until there is one. */
  journal(filter?: JournalFilter & Waiting): Promise<JournalPage>;
  /**
   * The first entry of this kind that has these values, or passes this test; waits for it, by default 10 seconds. Looks at
   * what happened before, too: give `after` a number that a changing call answered to see only what came later.
   * `timed_out` where none came.
   */
  until<Kind extends keyof EntryKinds>(
    kind: Kind,
    match?: Partial<EntryKinds[Kind]> | ((entry: JournalEntry<Kind>) => boolean),
    waiting?: Waiting,
  ): Promise<JournalEntry<Kind>>;
  /** The local Kindes of this process: each has its own state, issuer and port. */
  environments(): Promise<readonly EnvironmentInfo[]>;
  /** Starts another one on a free port, such as for a test worker. */
  createEnvironment(environment: NewEnvironment): Promise<CreatedEnvironment>;
  /** Stops and forgets one. */
  removeEnvironment(name: string): Promise<Changed>;
}
