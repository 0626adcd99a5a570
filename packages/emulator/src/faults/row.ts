import type { State } from '../state/state.js';
import type { FaultKind, FaultParameter, FaultValue } from './fault.js';

/** What a fault may look at and do when a request runs into it. */
export interface Hit<Names extends string = string> {
  /** The request. */
  readonly request: Request;
  /** What would be answered without the fault. */
  readonly next: () => Promise<Response>;
  /** State of the tenant. */
  readonly state: State;
  /** Values of its parameters. */
  readonly with: Readonly<Record<Names, FaultValue>>;
}

/** A fault by name: what users read of it, where it makes sense, and what it does. */
export interface FaultRow extends FaultKind {
  /** Paths that it hits, unless a match names another one; with `*` at the end, the beginning of one. */
  readonly paths: readonly string[];
  /** Throws a RangeError for values of parameters that make no sense. */
  readonly check?: ((values: Readonly<Record<string, FaultValue>>) => void) | undefined;
  /** Answers a request that ran into it. */
  readonly apply: (hit: Hit) => Promise<Response>;
}

/** A check that a parameter is a number in a range. */
export function within(
  name: string,
  least: number,
  most: number,
): (values: Readonly<Record<string, FaultValue>>) => void {
  return ({ [name]: value }) => {
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw new RangeError(`${name} is a number from ${least} to ${most}, not ${String(value)}.`);
    }
  };
}

/** A row whose parameters the compiler knows. */
export function row<const Names extends string = never>(
  given: Omit<FaultRow, 'parameters' | 'apply'> & {
    readonly parameters?: Readonly<Record<Names, FaultParameter>>;
    readonly apply: (hit: Hit<Names>) => Promise<Response>;
  },
): FaultRow {
  return {
    ...given,
    parameters: given.parameters ?? {},
  };
}

/** Whether a path is one of these; with `*` at the end, the beginning of one counts. */
export function isAmong(path: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern,
  );
}
