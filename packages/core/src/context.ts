import type { Account } from './oauth/account-api.js';
import type { Config } from './options/config.js';
import type { KindeError, KindeErrorCode } from './errors.js';
import type { OAuth, Tokens, Unjudged } from './oauth/client.js';
import type { HttpRequest, Redirect } from './http/http.js';
import type { Notices } from './revocations/revocations.js';
import type { Once } from './cache/single-flight.js';
import type { Budget } from './store/timeout.js';
import type { People } from './caller/identity.js';
import type { Memory, RememberingSeal } from './cache/bounded.js';

/** New tokens, and when they were asked for, in Unix seconds. */
export type Renewed = Tokens & { readonly seenAt: number };

/** An answer that cannot be judged yet, and when it was asked for, in Unix seconds. */
export type Held = Unjudged['unjudged'] & { readonly seenAt: number };

/**
 * How a renewal came out. After `'refused'` there is nothing more to be had; after `'organization_changed'` neither, since
 * what came was for another organization than the session's.
 */
export type Renewal = Renewed | { readonly unjudged: Held } | 'refused' | 'organization_changed';

/** How a callback came out, as plain data that other processes can be told; or only that it did. */
export type Outcome = { readonly redirect: Redirect } | { readonly failure: Failure } | 'done';

/** A `KindeError`, as plain data. */
export type Failure = Pick<KindeError, 'code' | 'message' | 'reason' | 'fix' | 'headers' | 'cause'>;

/** Why a refresh token is let be: it could not be sent, or it may have been spent without an answer. */
export type Pause = 'failed' | 'spent';

/** What every verb works with. Built once per app and frozen; holds no value of any one user, except under that user's own secret. */
export interface Context {
  readonly config: Config;
  readonly oauth: OAuth;
  readonly account: Account;
  readonly seal: RememberingSeal;
  /** What tokens say, read once. */
  readonly people: People;
  /** Refreshes under way or just done, by refresh token: requests that share it share the result. */
  readonly refreshes: Once<Renewal>;
  /** Judgements of answers that could not be judged at first, by the refresh token that was spent for them. */
  readonly judgements: Once<Renewal>;
  /** Sessions that were written just now, by their tokens: whether they still live. */
  readonly saves: Once<boolean>;
  /** Refresh tokens that could not be traded, while their sessions go on with the access tokens they have. */
  readonly pauses: Memory<Pause>;
  /** What was said about many sessions at once. None where processes share no store with groups. */
  readonly notices: Notices | undefined;
  /** How long a request may wait for its store altogether. */
  readonly budgets: (request: HttpRequest) => Budget;
  /** Callbacks under way or done, by state: a double click redeems its code once. */
  readonly callbacks: Once<Outcome>;
  /** Back-channel logout tokens that were obeyed, by `jti`. */
  readonly orders: Once<true>;
  /** Sessions that ended a short while ago, by id: a request that was under way must not bring them back. */
  readonly ended: Once<'over' | 'replaced'>;
  /** Tells the operator about a kind of trouble, once. */
  readonly warn: (code: KindeErrorCode, message: string) => void;
}
