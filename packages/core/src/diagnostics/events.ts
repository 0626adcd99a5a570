import type { KindeErrorCode } from '../errors.js';

/** What each kind of event says beside `EventFacts`, by its name. */
export interface EventDetails {
  /** A login was started: its redirect is on its way. */
  login: {
    /** What was asked for. */
    readonly flow: 'login' | 'register' | 'create_organization' | 'switch_organization';
  };
  /** A login came back from Kinde. */
  callback: Nothing;
  /** A user signed out. */
  logout: Nothing;
  /** The signed-in user: by the route that returns them as JSON, or asked of Kinde by `profile()`. */
  user: Nothing;
  /** A link into Kinde's self-serve portal. */
  portal: Nothing;
  /** A refresh token was exchanged, or the result of an exchange was shared. */
  refresh: {
    /** `own`: this request asked Kinde. `joined`: it shared the result of another request. `shared`: of another process. */
    readonly by?: 'own' | 'joined' | 'shared';
  };
  /** It was found out who is calling; `reason` tells why nobody is. */
  authenticate: {
    /** By session cookie, by bearer token, or nobody. */
    readonly via?: 'session' | 'bearer' | 'none';
  };
  /** `protect()` decided. */
  guard: {
    /** What it answered: it let the request through, sent the user to sign in, or refused. */
    readonly answer?: 'passed' | 'redirected' | 'refused';
  };
  /** A request to Kinde. Its address has no query here, and no header or body is told. */
  fetch: {
    /** What was asked. */
    readonly endpoint: Endpoint;
    /** Host and port. */
    readonly host: string;
    /** HTTP status of the answer. */
    readonly status?: number;
  };
  /** A call of the session store. */
  store: {
    /** The method. */
    readonly operation: 'get' | 'set' | 'delete' | 'compareAndSet' | 'addToGroup' | 'groupMembers';
  };
  /** Sessions were revoked. */
  revocation: {
    /** Who asked for it: Kinde by back-channel logout or webhook, or the app. */
    readonly by: RevocationMeans;
    /** What was revoked: one session, or those of a user or an organization. */
    readonly of?: 'session' | 'user' | 'organization';
  };
  /** A webhook was received. */
  webhook: {
    /** The event type, such as `user.updated`, once the signature is verified. */
    readonly type?: string;
    /** The HTTP status of the answer. */
    readonly status?: number;
  };
}

/** No details. */
type Nothing = Readonly<Record<never, never>>;

/** The endpoints of Kinde that core asks. */
export type Endpoint = 'discovery' | 'keys' | 'token' | 'userinfo' | 'revocation' | 'account';

/** Who asked for a revocation: Kinde by OpenID Connect Back-Channel Logout or by webhook, or the app by `kinde.sessions`. */
export type RevocationMeans = 'backchannel' | 'webhook' | 'app';

/** The names of events. */
export type EventName = keyof EventDetails;

/** The same, as values. */
export const EVENT_NAMES = Object.keys({
  login: true,
  callback: true,
  logout: true,
  user: true,
  portal: true,
  refresh: true,
  authenticate: true,
  guard: true,
  fetch: true,
  store: true,
  revocation: true,
  webhook: true,
} satisfies Record<EventName, true>) as readonly EventName[];

/**
 * What every event says. No member holds text that a request, Kinde or a user chose, except for words of a few characters, so
 * that no token, code, secret or cookie fits into an event.
 */
export interface EventFacts {
  /** When it began, in Unix seconds with milliseconds behind the point. */
  readonly at: number;
  /** How long it took, in seconds. */
  readonly took: number;
  /** `done`; `refused` for what a caller did; `failed` where Kinde, the store or the app did not do its part. */
  readonly outcome: 'done' | 'refused' | 'failed';
  /** The code of the error, where there was one. */
  readonly code?: KindeErrorCode;
  /** One word that says more, such as a failed check or an OAuth error code. */
  readonly reason?: string;
  /** The id of the request, as the framework gives it, else the header `X-Request-Id`. */
  readonly requestId?: string;
  /** The operation that this one is a part of, such as `callback` for the `fetch` of its tokens. */
  readonly during?: EventName;
  /** The user: a keyed hash of their id, the same in all processes with the same secret; or the id, if the app wants that. */
  readonly user?: string;
}

/** One operation of an app, when it is over. */
export type KindeEvent<Name extends EventName = EventName> = {
  [Each in Name]: Readonly<{
    /** What was done. Its channels are `tracing:kinde:<name>:start`, `:asyncEnd` and so on. */
    name: Each;
  }> &
    EventFacts &
    EventDetails[Each];
}[Name];

/**
 * For the app's audit log: who signed in, was refused, signed out or was revoked, and by which means. The only event that
 * has ids of users as they are.
 */
export interface AuditEvent {
  /**
   * `signed_in`; `sign_in_refused`: a callback failed; `signed_out`; `session_ended`: Kinde did not refresh its tokens;
   * `access_denied`: a signed-in user may not do this; `sessions_revoked`.
   */
  readonly type:
    | 'signed_in'
    | 'sign_in_refused'
    | 'signed_out'
    | 'session_ended'
    | 'access_denied'
    | 'sessions_revoked';
  /** Unix seconds. */
  readonly at: number;
  /** Id of the user (`sub`), where it is known. */
  readonly userId?: string;
  /** Code of the organization, where there is one. */
  readonly orgCode?: string;
  /** How: by session or bearer token; for `sessions_revoked`, who asked for it. */
  readonly by?: 'session' | 'bearer' | RevocationMeans;
  /** The code of the error, for refusals. */
  readonly code?: KindeErrorCode;
  /** One word that says more. */
  readonly reason?: string;
  /** The id of the request. */
  readonly requestId?: string;
}
