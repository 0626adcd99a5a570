/** The result of a check; `skipped` for one that could not be made. */
export type Outcome = 'ok' | 'warning' | 'failed' | 'skipped';

/** The result of one check. Plain data without secrets: names of variables, hosts, lengths. */
export interface Finding {
  /** Name of the check, such as `callback-url`. */
  readonly check: string;
  /** Result of the check. */
  readonly outcome: Outcome;
  /** Description in one sentence. */
  readonly detail: string;
  /** Advice, where there is something to do. */
  readonly fix?: string;
}

/** A finding without the name of its check. */
export type Statement = Omit<Finding, 'check'>;

/** The statements of a check, and the facts that it found for checks that depend on it. */
export interface Checked<Found = undefined> {
  readonly statements: readonly Statement[];
  readonly found?: Found | undefined;
}

/** Makes a statement, with a fix where there is one. */
export function say(outcome: Outcome, detail: string, fix?: string): Statement {
  return {
    outcome,
    detail,
    ...(fix && { fix }),
  };
}

/** Concludes a check with statements and no facts. */
export function concluded(...statements: Statement[]): Checked<never> {
  return { statements };
}
