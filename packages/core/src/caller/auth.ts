import { createNoAccess, type Access, type Claims, type User } from '@kindling/claims';
import type { Live } from '../oauth/account-api.js';
import type { CallerContext } from './context.js';
import { KindeError } from '../errors.js';
import type { SomeTokens } from '../session/data.js';
import type { Identity } from './identity.js';
import type { NoSession } from '../session/session.js';

/** Somebody is calling who proved who they are. */
export interface SignedIn extends Access {
  readonly isAuthenticated: true;
  /** The person. A machine has none: reading this then throws `forbidden`. */
  readonly user: User;
  /** For calling APIs on the caller's behalf. Not enumerable, so that it is not logged or sent by accident. */
  readonly accessToken: string;
  /** The ID token as Kinde issued it; absent for bearer tokens. Not enumerable. */
  readonly idToken: string | undefined;
  readonly via: 'session' | 'bearer';
  /** A bearer token from the client credentials grant: an application, not a person. */
  readonly isMachine: boolean;
  /** The same questions, answered by Kinde now instead of by the token: asked once per request, all pages. */
  live(): Promise<Live>;
  /** The person's profile as Kinde has it now, by its OpenID Connect names. Asked each time. */
  profile(): Promise<Claims>;
}

/**
 * Why nobody is signed in. `unavailable`: somebody may be, but it could not be found out just now. `refresh_required`: the
 * session goes on at the next response that can carry cookies. `replaced`: this browser has a newer session.
 * `session_too_large`: the refreshed session did not fit into its cookie. `organization_changed`: Kinde renewed its tokens for
 * another organization.
 */
export type SignedOutReason =
  | NoSession
  | 'refresh_refused'
  | 'refresh_required'
  | 'session_too_large'
  | 'organization_changed'
  | 'bearer_invalid'
  | 'unavailable';

/** Nobody is signed in. Every answer is "no". */
export interface SignedOut extends Access {
  readonly isAuthenticated: false;
  readonly reason: SignedOutReason;
}

/** Who is calling. Never `null`: ask `isAuthenticated`. */
export type Auth = SignedIn | SignedOut;

/**
 * Tells TypeScript what a guard has made sure of: behind `protect()`, somebody is signed in.
 * @throws KindeError `signed_out` where nobody is, so that a forgotten guard answers 401.
 * @example assertSignedIn(req.kinde); req.kinde.user.id
 */
export function assertSignedIn(auth: Auth): asserts auth is SignedIn {
  if (!auth.isAuthenticated) {
    throw new KindeError('signed_out', 'Please sign in.', { reason: auth.reason });
  }
}

/** The caller of one request, with a way to fresh tokens that only an adapter can give, since it has the response. */
export type RequestAuth = Auth & {
  /** New tokens now, so that what changed at Kinde since the last ones shows; `req.kinde` is then the new caller. */
  refresh(): Promise<RequestAuth>;
};

/** The same caller, who can be refreshed. */
export function withRefresh(auth: Auth, refresh: RequestAuth['refresh']): RequestAuth {
  if (auth instanceof Caller) {
    return Caller.refreshable(auth, refresh) as RequestAuth;
  }
  return Object.freeze({ ...auth, refresh }) as RequestAuth;
}

/** The user whose tokens these are. */
export function toAuth(tokens: SomeTokens, context: Asked): SignedIn {
  return callerOf(context.identities.ofSession(tokens), context) as SignedIn;
}

/** A person, or the machine behind a bearer token, as the caller of one request. */
export function callerOf(
  person: Identity,
  context: Asked,
  refresh?: RequestAuth['refresh'],
): RequestAuth {
  return new Caller(person, questions(person, context), refresh) as RequestAuth;
}

/** Whom a caller can ask about themselves, and what is known of them. */
type Asked = Pick<CallerContext, 'accountApi' | 'oauth' | 'identities'>;

/** The members that the constructor sets, which all are the person's. */
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
  readonly #person: Identity;

  constructor(person: Identity, { live, profile }: Questions, refresh?: RequestAuth['refresh']) {
    const { access } = person;
    this.#person = person;
    this.isAuthenticated = true;
    this.user = person.user!;
    this.via = person.idToken === undefined ? 'bearer' : 'session';
    this.isMachine = person.isMachine;
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
    if (person.isMachine) {
      Object.defineProperty(this, 'user', NO_USER);
    }
    Object.freeze(this);
  }

  get accessToken(): string {
    return this.#person.accessToken;
  }

  get idToken(): string | undefined {
    return this.#person.idToken;
  }

  static refreshable(caller: Caller, refresh: RequestAuth['refresh']): Caller {
    return new Caller(caller.#person, caller, refresh);
  }
}

type Questions = Pick<SignedIn, 'live' | 'profile'>;

const NO_USER: PropertyDescriptor = Object.freeze({
  enumerable: false,
  get: () => {
    throw noPerson();
  },
});

/** What can be asked about a person as of now, once per request. A machine is nobody's account, so there is nothing. */
function questions(person: Identity, { accountApi, oauth }: Asked): Questions {
  if (person.isMachine) {
    const nobody = () => Promise.reject(noPerson());
    return { live: nobody, profile: nobody };
  }
  let asked: Promise<Live> | undefined;
  const forget = (error: unknown) => {
    asked = undefined;
    throw error;
  };
  return {
    live: () => (asked ??= accountApi.live(person.accessToken, person.claims.id).catch(forget)),
    profile: () => oauth.profile(person.accessToken, person.sub),
  };
}

function noPerson(): KindeError {
  return new KindeError('forbidden', 'The caller is a machine, not a person.', {
    reason: 'machine',
  });
}

/** Nobody, and why. */
export function signedOut(reason: SignedOutReason): SignedOut {
  return Object.freeze({
    isAuthenticated: false as const,
    reason,
    ...createNoAccess(),
  });
}
