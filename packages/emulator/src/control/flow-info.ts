import type { Finding } from '../findings/findings.js';
import type { Flow, FlowKind, FlowOutcome } from '../flows/flow.js';

/** A sign-in as the inspector sees it, and what is wrong with it. */
export interface FlowInfo extends Flow {
  /** What is wrong or worth knowing, in the order of the steps. */
  readonly findings: readonly Finding[];
}

/** Which sign-ins. */
export interface FlowFilter {
  /** Value of `state` of the authorization request. */
  readonly state?: string | undefined;
  /** User, by key, id or address. */
  readonly person?: string | undefined;
  /** Application, by name or client id. */
  readonly application?: string | undefined;
  /** How it stands. */
  readonly outcome?: FlowOutcome | undefined;
  /** Kind. @default all but fetches of keys and discovery that did not fail */
  readonly kind?: FlowKind | undefined;
}
