// Sign-ins and what was handed out for them, as plain data. Times are Unix seconds.

/** One sign-in, from which tokens are made. Refresh tokens that replace each other share it. */
export interface Grant {
  /** Id, a UUID. */
  readonly id: string;
  /** Id of the user. */
  readonly personId: string;
  /** Client id of the application. */
  readonly clientId: string;
  /** Granted scopes. */
  readonly scope: readonly string[];
  /** Audiences of its access tokens. */
  readonly audience: readonly string[];
  /** Code of the organization, if any. */
  readonly orgCode: string | undefined;
  /** `nonce` of the authorization request, for the first ID token. */
  readonly nonce: string | undefined;
  /** Unix seconds of the sign-in at Kinde, which may be long before this request. */
  readonly authTime: number;
  /** Unix seconds of the authorization request. */
  readonly requestedAt: number;
  /** Whether it was revoked: neither its refresh tokens nor its access tokens work any more. */
  ended: boolean;
  /** `User-Agent` of the browser. */
  readonly userAgent: string;
  /** Unix seconds of the last token. */
  usedAt?: number;
  /** Unix seconds at which its last token expires. */
  expiresAt?: number;
  /** Access token that a refresh returns again. */
  accessToken?: IssuedAccessToken;
}

/** An access token as it was issued. */
export interface IssuedAccessToken {
  /** The token, a JWT. */
  token: string;
  /** Id of the key that signed it. */
  kid: string;
  /** Issuer at that time. */
  issuer: string;
  /** Unix seconds. */
  expiresAt: number;
  /** Its claims as JSON, apart from `iat`, `exp` and `jti`: a refresh compares them with what is true now. */
  says: string;
}

/** A user who signed in at Kinde, and when. */
export interface SignedIn {
  /** Id of the user. */
  readonly personId: string;
  /** Unix seconds. */
  readonly authTime: number;
}

/** An authorization code. */
export interface Code {
  /** Id of the sign-in that it stands for. */
  readonly grantId: string;
  /** Redirect URI that the token request has to repeat. */
  readonly redirectUri: string;
  /** PKCE challenge, if any. */
  readonly challenge: string | undefined;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Whether it was redeemed: a second use ends the grant. */
  used: boolean;
}

/** A refresh token, usable until it is replaced and for the overlap after that. */
export interface RefreshToken {
  /** Id of the sign-in that it continues. */
  readonly grantId: string;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Unix seconds of its first use. */
  replacedAt?: number;
}

/** An authorization request that waits for a form. */
export interface Pending {
  /** Parameters of the authorization request, as in a query. */
  readonly search: string;
  /** Unix seconds. */
  readonly requestedAt: number;
  /** `User-Agent` of the browser. */
  readonly userAgent: string;
  /** User who signed in, and when, once that is known. */
  signedIn?: SignedIn;
}

/** A rate limit of the Management API, and what it counted. */
export interface ManagementLimit {
  /** Requests allowed in the period. */
  requests: number;
  /** Length of the period in seconds. */
  seconds: number;
  /** Unix seconds at which the current period began. */
  since: number;
  /** Requests counted in the current period. */
  taken: number;
}
