/** An application as it was when a request named it. */
export interface ApplicationFacts {
  /** Name that pages show. */
  readonly name: string;
  /** Client id. */
  readonly clientId: string;
  /** Kind of application, as in the seed. */
  readonly type: string;
  /** Whether it has no secret. */
  readonly isPublic: boolean;
  /** Registered redirect URIs. */
  readonly redirectUris: readonly string[];
  /** Audiences that it may ask for. */
  readonly audiences: readonly string[];
}

/** What is wrong with a client secret, or that nothing is. */
export type SecretFact =
  | 'right'
  | 'missing'
  | 'not-needed'
  | 'white-space'
  | 'quoted'
  | 'cut'
  | 'client-id'
  | 'of-another'
  | 'wrong';

/** What is wrong with a code verifier, or that nothing is. */
export type VerifierFact =
  | 'right'
  | 'none'
  | 'missing'
  | 'not-asked-for'
  | 'is-challenge'
  | 'of-another'
  | 'malformed'
  | 'wrong';

/** What a bearer token turned out to be. */
export type TokenFact =
  | 'access'
  | 'missing'
  | 'no-bearer'
  | 'id-token'
  | 'refresh-token'
  | 'machine'
  | 'no-token'
  | 'foreign'
  | 'unknown-key'
  | 'expired'
  | 'ended'
  | 'unknown';

/**
 * What else was known when a step happened. All of it is told in the step's findings, so it is taken down while it is true:
 * applications, codes and sessions change later. Ids are those of flows.
 */
export interface Facts {
  /** Application that was named. */
  readonly application?: ApplicationFacts;
  /** Client id that nobody has; an empty string where none was named. */
  readonly unknownClient?: string;
  /** Applications there are, where none was named rightly. */
  readonly known?: readonly { readonly name: string; readonly clientId: string }[];
  /** Whether the client id that came is the secret of an application. */
  readonly secretAsId?: boolean;
  /** Parameters that came more than once. */
  readonly repeated?: readonly string[];
  /** Parameters that Kinde does not know, each with the known one that is most like it. */
  readonly unknown?: readonly { readonly name: string; readonly nearest?: string }[];
  /** Flows that came with the same value before. */
  readonly before?: {
    readonly state?: string;
    readonly nonce?: string;
    readonly challenge?: string;
  };
  /** Organization that was asked for. */
  readonly organization?: 'known' | 'unknown' | 'suspended';
  /** Code of the organization that is most like an unknown one. */
  readonly nearestOrganization?: string;
  /** Flow whose session at Kinde was there already. */
  readonly session?: string;
  /** Whether that session stayed although the app revoked its tokens. */
  readonly signedOutOnly?: boolean;
  /** Whether the invitation code can be used. */
  readonly invitation?: 'open' | 'closed';
  /** How the parameters came. */
  readonly sentAs?: 'form' | 'json' | 'other' | 'nothing';
  /** How the client said who it is. */
  readonly clientAuth?: 'body' | 'basic' | 'both' | 'none';
  /** The secret. */
  readonly secret?: SecretFact;
  /** Name of the application that the secret belongs to, where it is another one. */
  readonly secretOf?: string;
  /** The authorization code. */
  readonly code?: 'known' | 'unknown' | 'missing' | 'of-another-client';
  /** Seconds from when the code was made. */
  readonly codeAge?: number;
  /** Seconds since the code expired; 0 where it had not. */
  readonly codeLate?: number;
  /** The code verifier. */
  readonly verifier?: VerifierFact;
  /** Flow that the code verifier belongs to, where it is another one. */
  readonly verifierOf?: string;
  /** Redirect URI of the authorization request. */
  readonly askedRedirectUri?: string;
  /** Why the user gets no tokens. */
  readonly denied?: string;
  /** The refresh token. */
  readonly refreshToken?: 'known' | 'unknown' | 'missing' | 'of-another-client' | 'access-token';
  /** Seconds since the refresh token was first used; absent where this is the first use. */
  readonly replacedFor?: number;
  /** Seconds in which a replaced refresh token still works. */
  readonly overlap?: number;
  /** Seconds since the refresh token expired; 0 where it has not. */
  readonly refreshLate?: number;
  /** Whether the sign-in had ended before. */
  readonly hadEnded?: boolean;
  /** Seconds that the access token in hand would have lived. */
  readonly tokenLeft?: number;
  /** Audiences that were asked for. */
  readonly audience?: readonly string[];
  /** Scopes that the audience has for this application. */
  readonly granted?: readonly string[];
  /** Audience of the Management API here. */
  readonly managementAudience?: string;
  /** Seconds that the last token of this application with the same audience would live still. */
  readonly machineLeft?: number;
  /** Tokens of this application in the minute before. */
  readonly machineCount?: number;
  /** The token that came. */
  readonly token?: TokenFact;
  /** Issuer that a token names. */
  readonly tokenIssuer?: string;
  /** Issuer of this local Kinde. */
  readonly issuer?: string;
  /** Seconds since a token expired. */
  readonly tokenLate?: number;
  /** Registered redirect URIs after logout. */
  readonly logoutUris?: readonly string[];
  /** Whether the browser came with Kinde's own session. */
  readonly hadSession?: boolean;
  /** Whether credentials came along where none belong. */
  readonly credentials?: boolean;
  /** Scopes that were granted. */
  readonly scope?: readonly string[];
  /** Unix seconds at which the issued access token expires. */
  readonly expiresAt?: number;
  /** Whether a refresh token was issued. */
  readonly offline?: boolean;
  /** Whether an ID token was issued. */
  readonly openid?: boolean;
  /** Whether the access token is the one of before. */
  readonly sameToken?: boolean;
  /** Bytes of the access token. */
  readonly tokenSize?: number;
  /** Name of the fault that hit the request. */
  readonly fault?: string;
}
