/** What the dashboard asks of the control API: a part of `Control`. */
export interface DashboardControl {
  /** Environment, clock and armed faults. */
  status(): Promise<{
    readonly environment: string;
    readonly version: string;
    readonly ahead: number;
    readonly frozen: boolean;
    readonly speed: number;
    readonly faults: readonly string[];
  }>;
  /** Environment variables of an app, as an SDK reads them. */
  env(choice: { readonly sdk: string }): Promise<{
    readonly values: Readonly<Record<string, string>>;
    readonly text: string;
  }>;
  /** The time here, and what ends when. */
  clock(): Promise<ClockInfo>;
  /** Moves, stops or speeds up the time. */
  setClock(change: {
    readonly now?: number;
    readonly advance?: string;
    readonly frozen?: boolean;
    readonly speed?: number;
  }): Promise<unknown>;
  /** Goes back to real time. */
  resetClock(): Promise<unknown>;
  /** Faults by name, and those that are armed. */
  faults(): Promise<FaultsInfo>;
  /** Arms a fault. */
  armFault(fault: {
    readonly name: string;
    readonly times: number | 'always';
    readonly match: { readonly path?: string };
    readonly with: Readonly<Record<string, FaultValue>>;
  }): Promise<unknown>;
  /** Removes one armed fault, or all. */
  clearFaults(id?: string): Promise<unknown>;
  /** Makes a token. */
  createToken(token: {
    readonly person: string;
    readonly organization?: string;
  }): Promise<{ readonly token: string; readonly claims: Readonly<Record<string, unknown>> }>;
  /** Answers the next authorization request without a page. */
  nextSignIn(choice: { readonly person: string; readonly organization?: string }): Promise<unknown>;
}

/** The clock. Times are Unix seconds. */
export interface ClockInfo {
  /** The time here. */
  readonly now: number;
  /** Real time. */
  readonly real: number;
  /** Seconds from real time to the time here. */
  readonly ahead: number;
  /** Whether the time stands still. */
  readonly frozen: boolean;
  /** How many times as fast it runs. */
  readonly speed: number;
  /** What ends next, soonest first. */
  readonly ends: readonly { readonly at: number; readonly what: string; readonly whose: string }[];
}

/** Value of a parameter of a fault. */
export type FaultValue = string | number | boolean;

/** Faults that can be armed, and those that are. */
export interface FaultsInfo {
  /** Every fault that can be armed. */
  readonly catalogue: readonly FaultKind[];
  /** Those that are armed. */
  readonly armed: readonly ArmedFault[];
}

/** A fault that can be armed. */
export interface FaultKind {
  /** Name. */
  readonly name: string;
  /** Where it happens. */
  readonly place: string;
  /** What it imitates. */
  readonly imitates: string;
  /** What a good client does. */
  readonly goodClient: string;
  /** Its parameters. */
  readonly parameters: Readonly<
    Record<string, { readonly default: FaultValue; readonly meaning: string }>
  >;
}

/** A fault that is armed. */
export interface ArmedFault {
  /** Id. */
  readonly id: string;
  /** Name in the catalogue. */
  readonly name: string;
  /** How many more requests it hits. */
  readonly left: number | 'always';
  /** How many it has hit. */
  readonly hits: number;
  /** Which requests. */
  readonly match: { readonly path?: string | undefined };
}
