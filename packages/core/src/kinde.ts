// The SDK for one application as an object: every method calls a room below. Start reading here.

import type { Auth } from './caller/auth.js';
import { authenticate, refresh, type AuthenticateOptions } from './caller/authenticate.js';
import type { Authentication } from './caller/continue.js';
import { callback } from './login/callback.js';
import { resolveConfig } from './options/config.js';
import { createContext } from './context.js';
import type { EventDetails } from './diagnostics/events.js';
import { createRouteTable, enter, handshake, type Entered, type Outlet } from './entrance/enter.js';
import { guard, type Rule } from './entrance/guard.js';
import type { HttpRequest, Redirect, Reply, Route } from './http/http.js';
import {
  createOrganization,
  login,
  register,
  switchOrganization,
  type LoginOptions,
} from './login/login.js';
import { logout, type LogoutOptions } from './logout/logout.js';
import type { KindeOptions } from './options/options.js';
import { portal, type PortalOptions } from './entrance/portal.js';
import { createRoutes } from './entrance/routes.js';
import { createSessions, type Sessions } from './session/sessions.js';

/** Sign-in with Kinde for one application: its methods, and the routes made of them. Frozen. */
export interface Kinde {
  /**
   * Entrance for adapters: answers an auth route, or finds out who is calling. Returns without a promise where the caller is
   * cached. Refreshes tokens that are due if the response can carry cookies.
   */
  enter(request: HttpRequest, outlet: Outlet): Entered | Promise<Entered>;
  /**
   * Applies a rule to a caller: `undefined` lets them through, a reply answers in their place. Returns without a promise where
   * the token decides.
   */
  guard(
    request: HttpRequest,
    auth: Auth,
    rule: Rule,
  ): Reply | undefined | Promise<Reply | undefined>;
  /**
   * Authenticates the caller who opens a WebSocket, or any connection that has no response for cookies. Nothing is refreshed.
   * @throws KindeError `cross_site` for pages of origins that are neither this app's nor in `trustedOrigins`.
   */
  handshake(request: HttpRequest): Promise<Auth>;
  /** Finds out who is calling. The response has to carry the returned cookies, whatever it is. */
  authenticate(request: HttpRequest, options?: AuthenticateOptions): Promise<Authentication>;
  /**
   * Starts a sign-in: returns Kinde's address for it, and the cookies that the redirect has to carry.
   * @throws KindeError `param_invalid`, `param_too_large`, `discovery_invalid`, `kinde_unreachable`, `kinde_timeout`.
   */
  login(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /** Starts a sign-up: like `login`, beginning with Kinde's sign-up page. */
  register(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /** Starts a sign-up together with a new organization. */
  createOrganization(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /**
   * Starts a sign-in to another organization of the user, which Kinde completes without a page where its own session allows it.
   * @throws KindeError `param_invalid` without an organization code, and what `login` throws.
   */
  switchOrganization(
    request: HttpRequest,
    orgCode: string,
    options?: LoginOptions,
  ): Promise<Redirect>;
  /**
   * Finishes a sign-in: exchanges the code for tokens and starts the session.
   * @throws KindeError that names the check that failed; its `headers` delete the cookie of the login.
   */
  callback(request: HttpRequest): Promise<Redirect>;
  /** Signs out: ends the session here, revokes its refresh token, and returns the address that ends Kinde's own session. */
  logout(request: HttpRequest, options?: LogoutOptions): Promise<Redirect>;
  /** Refreshes the tokens now, so that changes at Kinde show. The response has to carry the returned cookies. */
  refresh(request: HttpRequest): Promise<Authentication>;
  /**
   * Returns a link into Kinde's self-serve portal for the signed-in user. It works once.
   * @throws KindeError `signed_out`, `param_invalid`, `account_unavailable`.
   */
  portal(request: HttpRequest, options?: PortalOptions): Promise<Redirect>;
  /** Lists, revokes and refreshes the sessions of all users. Needs a store with groups. */
  readonly sessions: Sessions;
  /** The path of `siteUrl` under which the app is served, such as `/app`; `''` at the root. */
  readonly basePath: string;
  /** The auth routes, as data for adapters to mount. */
  readonly routes: readonly Route[];
}

/**
 * Creates the SDK for one application. Call it once, at start-up.
 * @throws KindeError `config_invalid`, listing every problem with the options.
 * @example const kinde = createKinde(optionsFromEnv())
 */
export function createKinde(options: KindeOptions): Kinde {
  const config = resolveConfig(options);
  const context = createContext(config);
  const { observe } = config.diagnostics;
  const loggingIn = (
    request: HttpRequest,
    flow: EventDetails['login']['flow'],
    start: () => Promise<Redirect>,
  ) => observe({ name: 'login', details: { flow }, request }, start);
  const routes = createRoutes(context);
  const table = createRouteTable(routes, context);
  return Object.freeze({
    enter: (request, outlet) => enter(request, outlet, context, table),
    guard: (request, auth, rule) => guard(request, context, auth, rule),
    handshake: (request) => handshake(request, context),
    authenticate: (request, options) => authenticate(request, context, options),
    login: (request, options) =>
      loggingIn(request, 'login', () => login(request, context, options)),
    register: (request, options) =>
      loggingIn(request, 'register', () => register(request, context, options)),
    createOrganization: (request, options) =>
      loggingIn(request, 'create_organization', () =>
        createOrganization(request, context, options),
      ),
    switchOrganization: (request, orgCode, options) =>
      loggingIn(request, 'switch_organization', () =>
        switchOrganization(request, context, { ...options, orgCode }),
      ),
    callback: (request) =>
      observe({ name: 'callback', details: {}, request }, () => callback(request, context)),
    logout: (request, options) =>
      observe({ name: 'logout', details: {}, request }, () => logout(request, context, options)),
    refresh: (request) => refresh(request, context),
    portal: (request, options) =>
      observe({ name: 'portal', details: {}, request }, () => portal(request, context, options)),
    sessions: createSessions(context, 'app'),
    basePath: config.basePath,
    routes,
  } satisfies Kinde);
}
