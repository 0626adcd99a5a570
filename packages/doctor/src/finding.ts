/** How a check ended; `skipped` is what could not be looked at, and says why. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped';

/** One thing that was looked at. Plain data without a secret in it: names of variables, hosts, lengths. */
export interface Finding {
  /** What was looked at, such as `callback-url`. */
  readonly check: string;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly fix?: string;
}

/** A finding before it is said which check made it. */
export type Statement = Omit<Finding, 'check'>;

/** What a check says, and what it found out for those that depend on it. */
export interface Checked<Found = undefined> {
  readonly statements: readonly Statement[];
  readonly found?: Found | undefined;
}

/** A statement, with a fix where there is one. */
export function say(outcome: Outcome, detail: string, fix?: string): Statement {
  return {
    outcome,
    detail,
    ...(fix && { fix }),
  };
}
