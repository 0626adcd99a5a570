// The way in for every request: answers auth routes, finds the caller, decides what `protect()` asks.

import { withRefresh, type Auth, type RequestAuth } from '../caller/auth.js';
import { authenticate, authenticateSync, refresh } from '../caller/authenticate.js';
import type { Context } from '../context.js';
import { findingsOf } from '../diagnostics/operation.js';
import { KindeError } from '../errors.js';
import { requestPath, type HttpRequest, type Reply, type Route } from '../http/http.js';
import { errorCookies } from './refusal.js';
import { isPreflight } from '../http/navigation.js';
import { crossSite, isFromOwnPage } from '../http/same-origin.js';

/** The abilities of one response, which an adapter implements for its framework. */
export interface Outlet {
  /**
   * Puts `Set-Cookie` lines on the response together with `Cache-Control: private, no-store`, and keeps them there until the
   * head is written, whoever else writes cookies. A line gives way to a later one for the same cookie.
   */
  setCookies(lines: readonly string[]): void;
  /** False where no cookie can be sent (any more): head sent, upgrade, hijacked, server component. Nothing is refreshed then. */
  readonly canSetCookies: boolean;
  /** Adds a field name to `Vary`. Absent where no cache keeps a response to one user for another. */
  vary?(field: string): void;
  /** Called with the new caller after `refresh()`, for adapters that keep the caller on their request. */
  callerChanged?(caller: RequestAuth): void;
  /** A path in the form in which the framework's router compares paths. @default the path itself */
  routePath?(path: string): string;
}

/** The result of `enter`: the complete answer of an auth route, or the caller of any other request. */
export type Entered =
  | {
      /** The complete answer of an auth route, for the adapter to write. */
      readonly reply: Reply;
      /** Absent for an auth route. */
      readonly caller?: undefined;
    }
  | {
      /** Who is calling, signed in or not. */
      readonly caller: RequestAuth;
      /** Absent where the app answers. */
      readonly reply?: undefined;
    };

/** The table of auth routes, by path. */
export interface RouteTable {
  /** The route that answers a request, if it is one for an auth route. */
  find(request: HttpRequest, outlet: Outlet): Route | undefined;
}

/** Answers an auth route, or finds out who is calling; at once, without a promise, where that is known. */
export function enter(
  request: HttpRequest,
  outlet: Outlet,
  context: Context,
  routes: RouteTable,
): Entered | Promise<Entered> {
  const route = routes.find(request, outlet);
  if (route) {
    return answerRoute(route, request, outlet);
  }
  outlet.vary?.('Cookie');
  const refreshCaller = async (): Promise<RequestAuth> => {
    if (!outlet.canSetCookies) {
      const error = cannotSetCookies();
      context.config.diagnostics.begin('refresh', {}, request)?.end(findingsOf(error));
      throw error;
    }
    const { auth, cookies } = await refresh(request, context);
    if (cookies.length > 0 && !outlet.canSetCookies) {
      context.config.diagnostics.warn('cannot_set_cookies', LATE);
    }
    outlet.setCookies(cookies);
    const caller = withRefresh(auth, refreshCaller);
    outlet.callerChanged?.(caller);
    return caller;
  };
  const known = authenticateSync(request, context, refreshCaller);
  if (known) {
    return { caller: known };
  }
  return authenticate(request, context, { refresh: outlet.canSetCookies }).then(
    ({ auth, cookies }) => {
      outlet.setCookies(cookies);
      return { caller: withRefresh(auth, refreshCaller) };
    },
  );
}

/** An error that the app passes on to the framework takes its cookies along. */
async function answerRoute(route: Route, request: HttpRequest, outlet: Outlet): Promise<Entered> {
  try {
    return { reply: await route.handle(request) };
  } catch (error) {
    outlet.setCookies(errorCookies(error));
    throw error;
  }
}

/**
 * The caller who opens a connection that has no response to send cookies with, such as a WebSocket. Browsers send cookies
 * with the handshakes of foreign pages, too, and no CORS applies: only pages of this app and of `trustedOrigins` may.
 * Nothing is refreshed. A request without `Origin` comes from no browser.
 * @throws KindeError `cross_site`.
 */
export async function handshake(request: HttpRequest, context: Context): Promise<Auth> {
  const { auth } = await authenticate(request, context, { refresh: false });
  if (auth.isAuthenticated && auth.via === 'bearer') {
    return auth;
  }
  if (!isFromOwnPage(request, context.config)) {
    throw crossSite();
  }
  return auth;
}

/** Looks routes up by their exact paths, then in the way of the framework's router. */
export function createRouteTable(routes: readonly Route[], context: Context): RouteTable {
  const { config } = context;
  const exact = new Map(routes.map((route) => [route.path, route]));
  const loose = new Map(routes.map((route) => [loosely(route.path), route]));
  return Object.freeze({
    find(request: HttpRequest, outlet: Outlet) {
      // The app's own CORS handling answers, wherever it is mounted.
      if (isPreflight(request)) {
        return undefined;
      }
      const path = requestPath(request, config);
      const found = exact.get(path);
      if (found || !outlet.routePath) {
        return found;
      }
      const similar = loose.get(loosely(path));
      if (similar && outlet.routePath(similar.path) === outlet.routePath(path)) {
        return similar;
      }
      return undefined;
    },
  });
}

/** The loosest comparison that a router makes: without case, and without a slash at the end. */
function loosely(path: string): string {
  return path.toLowerCase().replace(/\/$/, '');
}

const LATE =
  'A response began while `refresh()` ran, so the browser keeps a refresh token that has been used: await `refresh()` before the response begins.';

function cannotSetCookies(): KindeError {
  return new KindeError(
    'cannot_set_cookies',
    'The session cannot be refreshed: this response cannot carry cookies.',
    {
      fix: 'Call `refresh()` before the response begins, and not on a WebSocket or a hijacked reply. The refresh token was not used.',
    },
  );
}
