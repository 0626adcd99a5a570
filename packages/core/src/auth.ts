import { createAccess, createNoAccess, getUser, type Access, type Claims, type User } from '@kindling/claims';
import type { Live } from './account.js';
import type { Context } from './context.js';
import { KindeError } from './errors.js';
import type { Tokens } from './oauth.js';
import type { NoSession } from './session.js';
import { readClaims } from './tokens.js';

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

/** Why nobody is signed in. `unavailable`: somebody may be, but it could not be found out just now. */
export type SignedOutReason = NoSession | 'refresh_refused' | 'bearer_missing' | 'bearer_invalid' | 'unavailable';

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
  if (!auth.isAuthenticated) throw new KindeError('signed_out', 'Please sign in.', { reason: auth.reason });
}

/** The caller of one request, with a way to fresh tokens that only an adapter can give, since it has the response. */
export type RequestAuth = Auth & {
  /** New tokens now, so that what changed at Kinde since the last ones shows; `req.kinde` is then the new caller. */
  refresh(): Promise<RequestAuth>;
};

/** The same caller, who can be refreshed. */
export function withRefresh(auth: Auth, refresh: RequestAuth['refresh']): RequestAuth {
  const members = { ...Object.getOwnPropertyDescriptors(auth), refresh: { value: refresh } };
  return Object.freeze(Object.defineProperties({}, members)) as RequestAuth;
}

/** The person whose tokens these are. */
export function toAuth(tokens: Tokens, { account, oauth }: Asked): SignedIn {
  const id = readClaims(tokens.idToken);
  return signedIn(tokens, {
    access: readClaims(tokens.accessToken),
    id,
    live: () => account.live(tokens.accessToken, id),
    profile: () => oauth.profile(tokens.accessToken, id.sub ?? ''),
  });
}

/** Whom a caller can ask about themselves. */
type Asked = Pick<Context, 'account' | 'oauth'>;

/** The caller behind a bearer token. A machine is nobody's account, so there is nothing live to ask. */
export function toBearerAuth(
  accessToken: string,
  { claims, isMachine }: { claims: Claims; isMachine: boolean },
  { account, oauth }: Asked,
): SignedIn {
  const nobody = () => Promise.reject(noPerson());
  const questions = isMachine
    ? { live: nobody, profile: nobody }
    : { live: () => account.live(accessToken, {}), profile: () => oauth.profile(accessToken, String(claims['sub'])) };
  return signedIn({ accessToken }, { access: claims, id: undefined, isMachine, ...questions });
}

interface Caller {
  readonly access: Claims;
  /** Absent for bearer tokens. */
  readonly id: Claims | undefined;
  readonly isMachine?: boolean;
  readonly live: () => Promise<Live>;
  readonly profile: () => Promise<Claims>;
}

/** A caller, from the claims of verified tokens. Everything in it is frozen: it may be shared between requests. */
function signedIn(
  tokens: { accessToken: string; idToken?: string },
  { access, id, isMachine = false, live, profile }: Caller,
): SignedIn {
  const user = isMachine ? undefined : getUser(id ?? access);
  let asked: Promise<Live> | undefined;
  const forget = (error: unknown) => {
    asked = undefined;
    throw error;
  };
  const auth = {
    isAuthenticated: true as const,
    ...(user && { user }),
    via: id ? ('session' as const) : ('bearer' as const),
    isMachine,
    live: () => (asked ??= live().catch(forget)),
    profile,
    ...createAccess(freeze(access), freeze(id ?? {})),
  };
  const secret = { accessToken: { value: tokens.accessToken }, idToken: { value: tokens.idToken } };
  const noUser = {
    get: () => {
      throw noPerson();
    },
  };
  return Object.freeze(
    Object.defineProperties(auth, isMachine ? { ...secret, user: noUser } : secret),
  ) as unknown as SignedIn;
}

function noPerson(): KindeError {
  return new KindeError('forbidden', 'The caller is a machine, not a person.', { reason: 'machine' });
}

/** Nobody, and why. */
export function signedOut(reason: SignedOutReason): SignedOut {
  return Object.freeze({ isAuthenticated: false as const, reason, ...createNoAccess() });
}

/** Claims come from JSON, so depth is bounded by the size of a token. */
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value))
    Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}
