import type { ReadonlySeed } from '../seed/seed.js';
import type { TokenKind } from './answers.js';

/** How long to wait for what, where a call can wait. */
export interface Waiting {
  /** Number of a journal entry: only later ones count. @default 0 */
  readonly after?: number | undefined;
  /** Seconds to wait, at most 60. @default 0; 10 for `until` */
  readonly wait?: number | undefined;
}

/** Which environment variables. */
export interface EnvChoice {
  /** Name of the SDK, such as `next`. @default 'kindling' */
  readonly sdk?: string | undefined;
  /** Format of the text. @default 'dotenv' */
  readonly format?: 'dotenv' | 'json' | 'shell' | undefined;
}

/** What is wrong with a token, on purpose. */
export type TokenDefect =
  | 'expired'
  | 'wrong_key'
  | 'unsigned'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'future'
  | 'revoked'
  | 'id_token';

/** A token to make: for a user or for a machine. */
export interface NewToken {
  /** User, by key, id or address. */
  readonly person?: string | undefined;
  /** Application that gets a token of its own (client credentials), by name or client id. */
  readonly machine?: string | undefined;
  /** Code of the organization. @default the user's first one */
  readonly organization?: string | undefined;
  /** Application, by name or client id. @default the first back-end application */
  readonly application?: string | undefined;
  /** Scopes, with spaces between. @default 'openid profile email offline', for machines all that are granted */
  readonly scope?: string | undefined;
  /** Audience, or several. @default those of the application */
  readonly audience?: string | readonly string[] | undefined;
  /** Claims that are added or replaced; not for `set`, whose tokens are made anew by refreshes. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds until it expires, or text such as `5m`. @default that of the application */
  readonly expiresIn?: number | string | undefined;
  /** Kind of token. @default 'access' */
  readonly kind?: TokenKind | undefined;
  /** What is wrong with it. @default nothing */
  readonly defect?: TokenDefect | undefined;
}

/** How the next authorization requests are answered. */
export interface NextSignIn {
  /** User, by key, id or address; needed unless `deny`. */
  readonly person?: string | undefined;
  /** Code of the organization. @default what the request asks for, or else the user's first one */
  readonly organization?: string | undefined;
  /** Only requests of this application, by name or client id. @default every application */
  readonly application?: string | undefined;
  /** Number of requests, at most 1,000. @default 1 */
  readonly times?: number | undefined;
  /** Answers with the error `access_denied`. @default false */
  readonly deny?: boolean | undefined;
}

/** A sign-in without a browser. */
export interface SignInRequest {
  /** Authorization URL, as the app redirects to it. */
  readonly url: string;
  /** User, by key, id or address. */
  readonly person: string;
  /** Code of the organization to choose, if there are several. @default the first one */
  readonly organization?: string | undefined;
}

/** Which sessions. */
export interface SessionFilter {
  /** Id of one. */
  readonly id?: string | undefined;
  /** User, by key, id or address. */
  readonly person?: string | undefined;
  /** Application, by name or client id. */
  readonly application?: string | undefined;
}

/** Which requests. */
export interface RequestFilter {
  /** Method. */
  readonly method?: string | undefined;
  /** Path without the query; with `*` at the end, the beginning of one. */
  readonly path?: string | undefined;
  /** Client id or name of the application. */
  readonly client?: string | undefined;
  /** Status of the response. */
  readonly status?: number | undefined;
}

/** Which calls of webhooks. */
export interface DeliveryFilter {
  /** Type of the event, such as `user.created`. */
  readonly type?: string | undefined;
  /** URL of the webhook. */
  readonly endpoint?: string | undefined;
  /** Status of the response, or why there is none, such as `timeout`. */
  readonly status?: number | string | undefined;
}

/** Which entries of the journal. */
export interface JournalFilter {
  /** Kind of entries. @default all */
  readonly kind?: string | undefined;
}

/** A local Kinde to start. */
export interface NewEnvironment {
  /** Name: letters, digits, dots, hyphens and underscores in lower case. */
  readonly name: string;
  /** Seed. @default the one that is loaded here */
  readonly seed?: ReadonlySeed | undefined;
}
