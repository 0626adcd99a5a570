import type { Claims } from '@kindling/claims';
import type { JWTPayload } from 'jose';
import type { Moment } from '../clock.js';
import type { BearerToken } from './access-token.js';
import type { LogoutToken } from './logout-token.js';

/** All requests to Kinde over OAuth. `deadline` is when a caller stops waiting. @default `timeout` seconds from now */
export interface OAuth {
  /** Makes the address that a login sends the browser to. */
  startLogin(
    checks: LoginChecks,
    params: Readonly<Record<string, string>>,
    audience?: string | readonly string[],
  ): Promise<URL>;
  /** Exchanges the callback's code for verified tokens. */
  finishLogin(callback: URLSearchParams, checks: LoginChecks, deadline?: Moment): Promise<Tokens>;
  /**
   * Refreshes tokens: resolves to new ones; to `'refused'` when Kinde no longer accepts the refresh token, or sent forged
   * tokens; or to an answer that cannot be judged now, to be kept and judged again. Signing keys are at hand before anything is
   * sent.
   * @throws KindeError that tells by `isUnspent` whether the refresh token can have been used.
   */
  refresh(tokens: Tokens, deadline?: Moment): Promise<Refreshed>;
  /** Judges an answer that was kept. The tokens are those it continues. @throws KindeError where it cannot even be tried. */
  judge(kept: Unjudged, tokens: Tokens, deadline?: Moment): Promise<Refreshed>;
  /** Says whether a request that failed so did not reach the token endpoint, so that code or refresh token are unspent. */
  isUnspent(error: unknown): boolean;
  /** Revokes a refresh token at Kinde (RFC 7009). */
  revoke(token: string): Promise<void>;
  /** Verifies a bearer token that is meant for this API. @throws KindeError `access_token_invalid` */
  verifyBearer(token: string): Promise<BearerToken>;
  /** The number of the set of keys in use: another set has another; `undefined` while keys have to be fetched. */
  keySetVersion(): number | undefined;
  /** Verifies a back-channel logout token. @throws KindeError `logout_token_invalid` */
  verifyLogoutToken(token: string): Promise<LogoutToken>;
  /** Fetches the user's profile as it is now. @throws KindeError `profile_invalid` */
  profile(accessToken: string, subject: string): Promise<Claims>;
  /**
   * Makes the address at which the local Kinde shows the sign-in with this `state`, without one the newest of this client;
   * `undefined` in production, and where Kinde is not local or its configuration is not in memory.
   */
  inspectionUrl(state: string | undefined): Promise<string | undefined>;
  /** Makes the address at which the browser ends the user's session at Kinde. */
  logoutUrl(redirect: string): Promise<URL>;
}

/** The outcome of a refresh. */
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

/** Tokens that the token endpoint sent and that could not be judged: nobody is signed in by them. Plain JSON, to be kept encrypted. */
export interface Unjudged {
  readonly unjudged: {
    readonly accessToken: string;
    readonly idToken?: string;
    readonly refreshToken?: string;
    /** Seconds that the access token lives, as the answer says. */
    readonly expiresIn?: number;
    /** The reason of the error, such as `key_not_found`, `iat` or `network`. */
    readonly reason: string;
  };
}

/** Secrets of one login, which must match when the browser comes back. Kept encrypted in the meantime. */
export interface LoginChecks {
  /** Comes back with the callback (RFC 6749 10.12). */
  readonly state: string;
  /** Comes back in the ID token (OpenID Connect Core 3.1.2.1). */
  readonly nonce: string;
  /** Proves at the token endpoint who started the login (RFC 7636). */
  readonly codeVerifier: string;
  /** Seconds since the user authenticated, at most. */
  readonly maxAge?: number;
}
