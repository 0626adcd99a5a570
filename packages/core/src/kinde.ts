import type { Auth } from './caller/auth.js';
import {
  authenticate,
  refresh,
  type Authentication,
  type AuthenticateOptions,
} from './caller/authenticate.js';
import { callback } from './login/callback.js';
import { resolveConfig } from './options/config.js';
import { createContext } from './context.js';
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

/** Sign-in with Kinde for one application: the verbs, and the routes made of them. Frozen. */
export interface Kinde {
  /**
   * The entrance for adapters: answers an auth route, or finds out who is calling; at once, without a promise, where that is
   * known. Refreshes tokens that are due if the response can carry cookies.
   */
  enter(request: HttpRequest, outlet: Outlet): Entered | Promise<Entered>;
  /**
   * Lets a caller through (`undefined`) or answers in their place; at once where that is known.
   */
  guard(
    request: HttpRequest,
    auth: Auth,
    rule: Rule,
  ): Reply | undefined | Promise<Reply | undefined>;
  /**
   * The caller who opens a WebSocket, or any connection that has no response for cookies. Nothing is refreshed.
   * @throws KindeError `cross_site` for pages of origins that are neither this app's nor in `trustedOrigins`.
   */
  handshake(request: HttpRequest): Promise<Auth>;
  /** The caller, and cookies to send along whatever the response will be. */
  authenticate(request: HttpRequest, options?: AuthenticateOptions): Promise<Authentication>;
  /**
   * Starts a sign-in at Kinde.
   * @throws KindeError `param_invalid`, `param_too_large`, `discovery_invalid`, `kinde_unreachable`, `kinde_timeout`.
   */
  login(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /** Like `login`, beginning with Kinde's sign-up page. */
  register(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /** Like `register`, together with a new organization. */
  createOrganization(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  /** Tokens for another organization, without a question where Kinde's own session allows it. */
  switchOrganization(
    request: HttpRequest,
    orgCode: string,
    options?: LoginOptions,
  ): Promise<Redirect>;
  /**
   * Finishes a sign-in: exchanges the code for tokens and starts the session.
   * @throws KindeError that names the check which failed; its `headers` take the cookie of the login away.
   */
  callback(request: HttpRequest): Promise<Redirect>;
  /** Ends the session here and at Kinde. */
  logout(request: HttpRequest, options?: LogoutOptions): Promise<Redirect>;
  /** Fetches new tokens now, so that changes at Kinde show. Send the cookies along. */
  refresh(request: HttpRequest): Promise<Authentication>;
  /** Sends the signed-in user to Kinde's self-serve portal. */
  portal(request: HttpRequest, options?: PortalOptions): Promise<Redirect>;
  /** The sessions of all users: for "my sessions" pages, for signing out everywhere, for changed permissions. */
  readonly sessions: Sessions;
  /** The path that the app lives under: `''`, or such as `/app`. */
  readonly basePath: string;
  /** Data for adapters to mount. A new auth route is an entry here and nothing in any adapter. */
  readonly routes: readonly Route[];
}

/**
 * The whole SDK: one call at start-up, a handful of verbs at run time.
 * @throws KindeError `config_invalid`, listing every problem with the options.
 * @example const kinde = createKinde(optionsFromEnv())
 */
export function createKinde(options: KindeOptions): Kinde {
  const config = resolveConfig(options);
  const context = createContext(config);
  const sessions = createSessions(context);
  const routes = createRoutes(context, sessions);
  const table = createRouteTable(routes, context);
  return Object.freeze({
    enter: (request, outlet) => enter(request, outlet, context, table),
    guard: (request, auth, rule) => guard(request, context, auth, rule),
    handshake: (request) => handshake(request, context),
    authenticate: (request, options) => authenticate(request, context, options),
    login: (request, options) => login(request, context, options),
    register: (request, options) => register(request, context, options),
    createOrganization: (request, options) => createOrganization(request, context, options),
    switchOrganization: (request, orgCode, options) =>
      switchOrganization(request, context, { ...options, orgCode }),
    callback: (request) => callback(request, context),
    logout: (request, options) => logout(request, context, options),
    refresh: (request) => refresh(request, context),
    portal: (request, options) => portal(request, context, options),
    sessions,
    basePath: config.basePath,
    routes,
  } satisfies Kinde);
}
