import type { Account } from './account.js';
import type { Config } from './config.js';
import type { KindeErrorCode } from './errors.js';
import type { OAuth, Tokens } from './oauth.js';
import type { HttpRequest, Redirect } from './http.js';
import type { Notices } from './notices.js';
import type { Once } from './once.js';
import type { Budget } from './patience.js';
import type { People } from './person.js';
import type { RememberingSeal } from './remember.js';

/** New tokens, and when they were asked for, in Unix seconds. */
export type Renewed = Tokens & { readonly seenAt: number };

/** What every verb works with. Built once per app and frozen; holds no value of any one user, except under that user's own secret. */
export interface Context {
  readonly config: Config;
  readonly oauth: OAuth;
  readonly account: Account;
  readonly seal: RememberingSeal;
  /** What tokens say, read once. */
  readonly people: People;
  /** Refreshes under way or just done, by refresh token: requests that share it share the result. */
  readonly refreshes: Once<Renewed | 'refused'>;
  /** Sessions that were written just now, by their tokens: whether they still live. */
  readonly saves: Once<boolean>;
  /** Refresh tokens that could not be traded a short while ago, though their sessions go on. */
  readonly failures: Once<true>;
  /** What was said about many sessions at once. None where processes share no store with groups. */
  readonly notices: Notices | undefined;
  /** How long a request may wait for its store altogether. */
  readonly budgets: (request: HttpRequest) => Budget;
  /** Callbacks under way or done, by state: a double click redeems its code once. */
  readonly callbacks: Once<Redirect | Error>;
  /** Back-channel logout tokens that were obeyed, by `jti`. */
  readonly orders: Once<true>;
  /** Sessions that ended a short while ago, by id: a request that was under way must not bring them back. */
  readonly ended: Once<'over' | 'replaced'>;
  /** Tells the operator about a kind of trouble, once. */
  readonly warn: (code: KindeErrorCode, message: string) => void;
}
