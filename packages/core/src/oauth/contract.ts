import type { Claims } from '@kindling/claims';
import type { JWTPayload } from 'jose';
import type { Moment } from '../clock.js';
import type { LogoutToken, VerifiedClaims } from './tokens.js';

/** Everything that is said to Kinde over OAuth. Whoever waits passes the moment at which waiting ends. */
export interface OAuth {
  /** Where to send the browser. */
  startLogin(
    checks: LoginChecks,
    params: Readonly<Record<string, string>>,
    audience?: string | readonly string[],
  ): Promise<URL>;
  /** Trades the callback's code for verified tokens. */
  finishLogin(callback: URLSearchParams, checks: LoginChecks, deadline?: Moment): Promise<Tokens>;
  /**
   * New tokens; `'refused'` when Kinde says that this refresh token is finished, or sent what is forged; or an answer that
   * cannot be judged now, to be kept and judged again. Signing keys are at hand before anything is sent.
   * @throws KindeError that tells by `isUnspent` whether the refresh token can have been used.
   */
  refresh(tokens: Tokens, deadline?: Moment): Promise<Refreshed>;
  /** Judges an answer that was kept. The tokens are those it continues. @throws KindeError where it cannot even be tried. */
  checkProtocol(kept: Unjudged, tokens: Tokens, deadline?: Moment): Promise<Refreshed>;
  /** Did the request that failed so certainly not reach the token endpoint, so that code or refresh token are as good as new? */
  isUnspent(error: unknown): boolean;
  /** Ends a refresh token at Kinde (RFC 7009). */
  revoke(token: string): Promise<void>;
  /** Claims of a bearer token that is meant for this API. */
  verifyBearer(token: string): Promise<{ claims: VerifiedClaims; isMachine: boolean }>;
  /** Which of Kinde's sets of keys decides about tokens now; `undefined` while that has to be asked. */
  keySetVersion(): number | undefined;
  /** Whose sessions a back-channel logout token ends. */
  verifyLogoutToken(token: string): Promise<LogoutToken>;
  /** The person's profile as Kinde knows it now. */
  profile(accessToken: string, subject: string): Promise<Claims>;
  /** Where the browser ends the person's session at Kinde. */
  logoutUrl(redirect: string): Promise<URL>;
}

/** How a refresh came out. */
export type Refreshed = Tokens | 'refused' | Unjudged;

/** A signed-in user's tokens as they are kept, all of them verified when they arrived. */
export interface TokenSet {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string | undefined;
  /** When the access token expires, in Unix seconds. */
  readonly expiresAt: number;
}

/** Claims of a user's two tokens. An access token that is no JWT has none. */
export interface TokenClaims {
  readonly id: JWTPayload;
  readonly access: JWTPayload;
}

/** A signed-in user's tokens together with their claims, which stay in memory: only the tokens are kept. */
export interface Tokens extends TokenSet {
  readonly claims: TokenClaims;
}

/** Tokens that the token endpoint sent and that could not be judged: nobody is anybody by them. Plain JSON, to be kept encrypted. */
export interface Unjudged {
  readonly unjudged: {
    readonly accessToken: string;
    readonly idToken?: string;
    readonly refreshToken?: string;
    /** Seconds that the access token lives, as the answer says. */
    readonly expiresIn?: number;
    /** Why there is no verdict: the reason of the error, such as `key_not_found`, `iat` or `network`. */
    readonly reason: string;
  };
}

/** What must match when the browser comes back. Kept encrypted, sent and checked here. */
export interface LoginChecks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** Seconds since the person proved who they are, at most. */
  readonly maxAge?: number;
}
