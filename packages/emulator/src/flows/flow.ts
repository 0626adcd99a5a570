// Sign-ins as they went, step by step, seen from outside the handlers.
import type { ExplainedClaim } from '../oauth/explain.js';
import type { Facts } from './facts.js';

/** What happened in a step. */
export type StepKind =
  /** The app asked to sign somebody in: `/oauth2/auth`. */
  | 'authorize'
  /** A page asked something, or said why it does not go on. */
  | 'page'
  /** A user was chosen on a page, or registered. */
  | 'person'
  /** An organization was chosen, or followed from the user. */
  | 'organization'
  /** The browser was sent back to the app, with a code or an error. */
  | 'callback'
  /** A code was exchanged for tokens. */
  | 'exchange'
  /** A refresh token was exchanged for tokens. */
  | 'refresh'
  /** An application asked for a token of its own (client credentials). */
  | 'machine'
  /** The token endpoint was asked for something else. */
  | 'token'
  /** The profile of a user was asked for. */
  | 'profile'
  /** The Account API was asked. */
  | 'account'
  /** The self-serve portal was opened. */
  | 'portal'
  /** A token was revoked (RFC 7009). */
  | 'revoke'
  /** A token was introspected (RFC 7662). */
  | 'introspect'
  /** Kinde's own session was ended: `/logout`. */
  | 'logout'
  /** The signing keys were fetched. */
  | 'keys'
  /** The discovery document was fetched. */
  | 'discovery';

/** How a flow stands. */
export type FlowOutcome =
  /** Pages are shown; nobody went back to the app yet. */
  | 'waiting'
  /** The browser went back with a code, which was not exchanged yet. */
  | 'returned'
  /** Tokens were handed out, or what was asked for was answered. */
  | 'succeeded'
  /** Something was refused. */
  | 'failed'
  /** It was signed out or revoked. */
  | 'ended';

/** What came in a request, parameter by parameter. */
export interface Parameter {
  /** Name, at most 100 characters. */
  readonly name: string;
  /** Value, at most 300 characters. Of a secret its first four characters and `…`; of a password nothing. */
  readonly value: string;
  /** Number of characters that came. */
  readonly length: number;
  /** Whether it is a secret, of which the value is not kept. */
  readonly secret: boolean;
  /** Hash of a secret by a key of this process, to compare it with others; absent for everything else. */
  readonly hash?: string;
}

/** What the local Kinde answered. */
export interface Answered {
  /** Status of the response; 0 where a fault let no response through. */
  readonly status: number;
  /** Error code of OAuth or of the page, if any, such as `invalid_grant`. */
  readonly error?: string;
  /** What the response says about the error. */
  readonly description?: string;
  /** Address that the browser was sent to, without what is secret in it. */
  readonly location?: string;
  /** Claims of the access token, after tokens were issued. Never the token itself. */
  readonly accessClaims?: readonly ExplainedClaim[];
  /** Claims of the ID token, after tokens were issued. */
  readonly idClaims?: readonly ExplainedClaim[];
}

/** One step of a flow. */
export interface FlowStep {
  /** Number in its flow, from 1. */
  readonly number: number;
  /** What happened. */
  readonly kind: StepKind;
  /** What happened, in a few words, such as `Chose Grace Hopper`. */
  readonly title: string;
  /** Method and path of the request, such as `POST /oauth2/token`. */
  readonly address: string;
  /** What came. */
  readonly parameters: readonly Parameter[];
  /** What was answered. */
  readonly answered: Answered;
  /** The emulator's time, in Unix seconds. */
  readonly at: number;
  /** Real time, in milliseconds. */
  readonly time: number;
  /** Real milliseconds since the flow began. */
  readonly since: number;
  /** `User-Agent` of the request, at most 300 characters; empty without one. */
  readonly userAgent: string;
  /** Number of the request's entry in the journal; 0 until it is there. */
  entry: number;
  /** What else was known at that moment: the findings read it. */
  readonly facts: Facts;
}

/** What kind of flow it is. */
export type FlowKind =
  /** A user signs in. */
  | 'sign-in'
  /** Tokens of a sign-in that began before this process did, or before it was forgotten. */
  | 'continued'
  /** An application asks for a token of its own. */
  | 'machine'
  /** Keys and discovery, fetched by one client. Left out of lists unless asked for, or failed. */
  | 'keys'
  /** A request with a token, or a logout, that belongs to no known sign-in. */
  | 'other';

/** A sign-in, or what else an app does with this local Kinde, from its first request. */
export interface Flow {
  /** Id, such as `flow_7q2m4k1x`. */
  readonly id: string;
  /** What kind of flow it is. */
  readonly kind: FlowKind;
  /** The emulator's time at which it began, in Unix seconds. */
  readonly at: number;
  /** Real time at which it began, in milliseconds. */
  readonly time: number;
  /** `User-Agent` of the first request, at most 300 characters; empty without one. */
  readonly userAgent: string;
  /** First 16 hex digits of SHA-256 of `state`; absent without a `state`. */
  readonly stateHash?: string;
  /** Client id that it named, at most 100 characters. */
  clientId?: string;
  /** Name of the application, where one has this client id. */
  application?: string;
  /** Id of the user, once known. */
  personId?: string;
  /** Name of the user, once known. */
  person?: string;
  /** Code of the organization, once known. */
  orgCode?: string;
  /** Name of the organization, once known. */
  organization?: string;
  /** Id of the grant in the state, once there is one. */
  grantId?: string;
  /** How it stands. */
  outcome: FlowOutcome;
  /** Steps, oldest first. Of more than 200, the first 20 and the newest are kept. */
  readonly steps: FlowStep[];
}

/** Which flows to list. Everything given must fit. */
export interface FlowFilter {
  /** Only those with this `state`, by its hash as in `Flow.stateHash`. */
  readonly state?: string | undefined;
  /** Only those of this user: an id, or a part of the name, whatever its case. */
  readonly person?: string | undefined;
  /** Only those of this application, by client id. */
  readonly client?: string | undefined;
  /** Only those that stand so. */
  readonly outcome?: FlowOutcome | undefined;
  /** Only those of this kind. @default all but `keys` that did not fail */
  readonly kind?: FlowKind | undefined;
}

/** The flows that are kept: the last 500. */
export interface Flows {
  /** Flows that fit, newest first. */
  list(filter?: FlowFilter): readonly Flow[];
  /** A flow by its id. */
  get(id: string): Flow | undefined;
  /** The newest flow whose `state` has this hash: first 16 hex digits of SHA-256. */
  ofState(hash: string): Flow | undefined;
  /** The newest sign-in of an application. */
  latestOf(clientId: string): Flow | undefined;
  /** Forgets all flows. */
  clear(): void;
}
