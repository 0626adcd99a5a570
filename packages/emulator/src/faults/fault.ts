/** A fault to arm. */
export interface FaultRequest {
  /** Name, such as `slow`: see the catalogue. */
  readonly name: string;
  /** How many requests it hits, at most 1,000,000, or `always`. @default 1 */
  readonly times?: number | 'always' | undefined;
  /** Which requests. @default every request where the fault makes sense */
  readonly match?: FaultMatch | undefined;
  /** Values of its parameters. @default those of the catalogue */
  readonly with?: Readonly<Record<string, FaultValue>> | undefined;
  /** Part of the matching requests that it hits, from 0 to 1. @default 1 */
  readonly chance?: number | undefined;
  /** Seed of the chance: the same one hits the same requests. @default 1 */
  readonly random?: number | undefined;
}

/** Value of a parameter of a fault. */
export type FaultValue = string | number | boolean;

/** Requests that a fault hits: those that have all of these. */
export interface FaultMatch {
  /** Application, by name or client id. */
  readonly client?: string | undefined;
  /** User that the request is about, by key, id or address, as far as its tokens and codes tell. */
  readonly person?: string | undefined;
  /** Path; with `*` at the end, the beginning of one. */
  readonly path?: string | undefined;
}

/** `faults`. */
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
  /** Where it happens, such as `anywhere` or `token`. */
  readonly place: string;
  /** What it imitates. */
  readonly imitates: string;
  /** What a good client does. */
  readonly goodClient: string;
  /** Its parameters. */
  readonly parameters: Readonly<Record<string, FaultParameter>>;
}

/** A parameter of a fault. */
export interface FaultParameter {
  /** Value without one of your own; of the same type as yours must be. */
  readonly default: FaultValue;
  /** What it means. */
  readonly meaning: string;
}

/** A fault that is armed. */
export interface ArmedFault {
  /** Id, for `clearFaults`. */
  readonly id: string;
  /** Name in the catalogue. */
  readonly name: string;
  /** How many more requests it hits. */
  readonly left: number | 'always';
  /** How many it has hit. */
  readonly hits: number;
  /** Which requests. */
  readonly match: FaultMatch;
  /** Values of its parameters. */
  readonly with: Readonly<Record<string, FaultValue>>;
  /** Part of the matching requests that it hits. */
  readonly chance: number;
}
