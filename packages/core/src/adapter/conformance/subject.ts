import type { Auth } from '../../caller/auth.js';
import type { KindeOptions } from '../../options/options.js';

/** An adapter to be tried: how to start an app on it, and where that app signs users in. */
export interface AdapterSubject {
  /**
   * Options for an app that signs in at an identity provider for tests, such as the local Kinde: `fetch` reaches it, and
   * `${siteUrl}/callback` is registered there. `paths` and `redirectUri` are left out. A check may change some of them.
   */
  readonly options: KindeOptions;
  /** E-mail address of a user of the provider who has the permission `create:todos`. */
  readonly member: string;
  /** E-mail address of a user of the provider who does not have it. */
  readonly viewer: string;
  /** Starts an app on the adapter, with these options and the routes that `docs/how-to/write-an-adapter.md` lists. */
  start(options: KindeOptions): Promise<RunningApp>;
  /** Signs in on the provider's pages. Resolves with the callback URL that the browser is sent to. */
  signIn(
    authorizationUrl: string,
    user: {
      /** E-mail address: `member` or `viewer`. */
      email: string;
    },
  ): Promise<URL>;
  /** Lets so many seconds pass at once, for app and provider: moves `Date`. Nobody waits, and nothing is set back. */
  later(seconds: number): void | Promise<void>;
}

/** An app that listens. */
export interface RunningApp {
  /** Where it listens, such as `http://127.0.0.1:3000`. Requests name the host of `siteUrl`. */
  readonly url: string;
  /** Stops it. */
  close(): void | Promise<void>;
}

/** A route that an app may do without, where its framework cannot have it. */
export type OptionalRoute =
  | '/nested/private'
  | '/late-cookies'
  | '/refresh'
  | '/refresh-late'
  | '/sign-out'
  | '/throws'
  | '/at-once';

/** The caller as the routes of the app tell it, in JSON. */
export interface CallerSummary {
  /** Is anybody signed in? */
  readonly isAuthenticated: boolean;
  /** The user's address; `null` for nobody and for machines. */
  readonly email: string | null;
  /** Why nobody is signed in; `null` where somebody is. */
  readonly reason: string | null;
}

/** Tells of a caller what the checks look at. */
export function describeCaller(auth: Auth): CallerSummary {
  if (!auth.isAuthenticated) {
    return {
      isAuthenticated: false,
      email: null,
      reason: auth.reason,
    };
  }
  return {
    isAuthenticated: true,
    email: auth.isMachine ? null : (auth.user.email ?? null),
    reason: null,
  };
}
