import { createNoAccess, type Access, type Claims, type User } from '@kindling/claims';
import type { Live } from '../oauth/account-api.js';
import type { CallerContext } from './context.js';
import { KindeError } from '../errors.js';
import type { SomeTokens } from '../session/data.js';
import type { Identity } from './identity.js';
import type { NoSession } from '../session/session.js';

/** A caller who is signed in, by session or by bearer token. */
export interface SignedIn extends Access {
  /** Tells a signed-in caller from `SignedOut`. */
  readonly isAuthenticated: true;
  /** The user. A machine has none: reading this then throws KindeError `forbidden`. */
  readonly user: User;
  /** Access token, for calling APIs on the caller's behalf. Not enumerable, so that it is not logged or sent by accident. */
  readonly accessToken: string;
  /** The ID token as Kinde issued it; absent for bearer tokens. Not enumerable. */
  readonly idToken: string | undefined;
  /** How the caller was authenticated: by the session cookie, or by a token in `Authorization`. */
  readonly via: 'session' | 'bearer';
  /** True for a bearer token from the client credentials grant: the caller is an application, not a user. */
  readonly isMachine: boolean;
  /**
   * Permissions, roles, flags and entitlements as Kinde has them now, instead of as in the token. Fetched once per request.
   * @throws KindeError `account_unavailable` where Kinde does not respond, `forbidden` for a machine.
   */
  live(): Promise<Live>;
  /**
   * The user's profile as Kinde has it now, as claims with OpenID Connect names. Fetched at each call.
   * @throws KindeError `profile_invalid`, `kinde_unreachable`, `kinde_timeout`; `forbidden` for a machine.
   */
  profile(): Promise<Claims>;
}

/**
 * Why nobody is signed in. `no_session`: the browser sent no session cookie. `expired`: the session expired or was revoked.
 * `unreadable`: its cookie cannot be decrypted. `replaced`: this browser has a newer session. `refresh_refused`: Kinde does not
 * accept the refresh token any more. `refresh_required`: the tokens are refreshed at the next response that can carry cookies.
 * `session_too_large`: the refreshed session did not fit into its cookie. `organization_changed`: Kinde refreshed the tokens for
 * another organization. `bearer_invalid`: the bearer token is not valid here. `unavailable`: the store or Kinde does not answer,
 * so it is not known whether somebody is signed in.
 */
export type SignedOutReason =
  | NoSession
  | 'refresh_refused'
  | 'refresh_required'
  | 'session_too_large'
  | 'organization_changed'
  | 'bearer_invalid'
  | 'unavailable';

/** A caller who is not signed in. All permission, role and flag checks are negative. */
export interface SignedOut extends Access {
  /** Tells a signed-out caller from `SignedIn`. */
  readonly isAuthenticated: false;
  /** Why nobody is signed in. */
  readonly reason: SignedOutReason;
  /** The error of Kinde or the store, where `reason` is `unavailable`. Not enumerable. */
  readonly error?: KindeError | undefined;
}

/** The caller of a request. Never `null`: `isAuthenticated` tells the two apart. */
export type Auth = SignedIn | SignedOut;

/**
 * Narrows the type of a caller to `SignedIn`, for handlers behind `protect()`.
 * @throws KindeError `signed_out` where nobody is signed in, so that a forgotten guard answers 401; TypeError where there is
 * no caller at all, since Kinde was not mounted before the route.
 * @example assertSignedIn(req.kinde); req.kinde.user.id
 */
export function assertSignedIn(auth: Auth): asserts auth is SignedIn {
  if ((auth as Auth | undefined) === undefined) {
    throw new TypeError(
      'There is no Kinde on this request: put app.use(kinde()) or await app.register(kinde) before your routes.',
    );
  }
  if (!auth.isAuthenticated) {
    throw new KindeError('signed_out', 'Please sign in.', { reason: auth.reason });
  }
}

/** The caller of one request, whose tokens can be refreshed: adapters have the response that carries the new cookies. */
export type RequestAuth = Auth & {
  /**
   * Refreshes the tokens now, so that changes at Kinde show. Resolves with the new caller, which `req.kinde` is then, too.
   * @throws KindeError `cannot_set_cookies` where the response cannot carry cookies any more.
   */
  refresh(): Promise<RequestAuth>;
};

/** The same caller, who can be refreshed. */
export function withRefresh(auth: Auth, refresh: RequestAuth['refresh']): RequestAuth {
  if (auth instanceof Caller) {
    return Caller.refreshable(auth, refresh) as RequestAuth;
  }
  const { error } = auth as SignedOut;
  return Object.freeze(withError({ ...auth, refresh }, error)) as RequestAuth;
}

/** The user whose tokens these are. */
export function toAuth(tokens: SomeTokens, context: Asked): SignedIn {
  return callerOf(context.identities.ofSession(tokens), context) as SignedIn;
}

/** A user, or the machine behind a bearer token, as the caller of one request. */
export function callerOf(
  identity: Identity,
  context: Asked,
  refresh?: RequestAuth['refresh'],
): RequestAuth {
  return new Caller(identity, questions(identity, context), refresh) as RequestAuth;
}

/** Whom a caller can ask about themselves, and what is known of them. */
type Asked = Pick<CallerContext, 'accountApi' | 'oauth' | 'identities'>;

/** The members that the constructor sets, which are all taken from the identity. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
interface Caller extends Members {
  refresh?: RequestAuth['refresh'];
}

type Members = {
  -readonly [Name in Exclude<keyof SignedIn, 'accessToken' | 'idToken'>]: SignedIn[Name];
};

/**
 * Somebody who is signed in, for one request. What their tokens say is shared with other requests; what was asked live is
 * not. A class, because only private members hide tokens from logs, JSON and copies at no cost per request.
 */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging
class Caller {
  readonly #identity: Identity;

  constructor(identity: Identity, { live, profile }: Questions, refresh?: RequestAuth['refresh']) {
    const { access } = identity;
    this.#identity = identity;
    this.isAuthenticated = true;
    // A machine's is replaced below.
    this.user = identity.user!;
    this.via = identity.idToken === undefined ? 'bearer' : 'session';
    this.isMachine = identity.isMachine;
    this.live = live;
    this.profile = profile;
    this.getClaim = access.getClaim;
    this.getClaims = access.getClaims;
    this.getPermission = access.getPermission;
    this.getPermissions = access.getPermissions;
    this.getRole = access.getRole;
    this.getRoles = access.getRoles;
    this.getFlag = access.getFlag;
    this.getFlags = access.getFlags;
    this.getOrganization = access.getOrganization;
    this.getUserOrganizations = access.getUserOrganizations;
    this.getProperties = access.getProperties;
    this.has = access.has;
    if (refresh) {
      this.refresh = refresh;
    }
    if (identity.isMachine) {
      Object.defineProperty(this, 'user', NO_USER);
    }
    Object.freeze(this);
  }

  get accessToken(): string {
    return this.#identity.accessToken;
  }

  get idToken(): string | undefined {
    return this.#identity.idToken;
  }

  static refreshable(caller: Caller, refresh: RequestAuth['refresh']): Caller {
    return new Caller(caller.#identity, caller, refresh);
  }
}

type Questions = Pick<SignedIn, 'live' | 'profile'>;

const NO_USER: PropertyDescriptor = Object.freeze({
  enumerable: false,
  get: () => {
    throw machineError();
  },
});

/** Live checks of a user, which are fetched once per request. A machine has no account, so there are none. */
function questions(identity: Identity, { accountApi, oauth }: Asked): Questions {
  if (identity.isMachine) {
    const nobody = () => Promise.reject(machineError());
    return { live: nobody, profile: nobody };
  }
  let asked: Promise<Live> | undefined;
  const forget = (error: unknown) => {
    asked = undefined;
    throw error;
  };
  return {
    live: () => (asked ??= accountApi.live(identity.accessToken, identity.claims.id).catch(forget)),
    profile: () => oauth.profile(identity.accessToken, identity.sub),
  };
}

function machineError(): KindeError {
  return new KindeError(
    'forbidden',
    'The caller is a machine, which has no user, profile or live checks.',
    {
      reason: 'machine',
    },
  );
}

/** Nobody, and why. */
export function signedOut(reason: SignedOutReason, error?: KindeError): SignedOut {
  const nobody = { isAuthenticated: false as const, reason, ...createNoAccess() };
  return Object.freeze(withError(nobody, error));
}

/** An error that is not sent along where a caller is sent as JSON. */
function withError<Nobody extends object>(nobody: Nobody, error: KindeError | undefined): Nobody {
  return error ? Object.defineProperty(nobody, 'error', { value: error }) : nobody;
}
