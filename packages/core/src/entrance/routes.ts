import { authenticate } from '../caller/authenticate.js';
import type { SignedIn } from '../caller/auth.js';
import { backchannelLogout } from '../logout/backchannel-logout.js';
import { tryCallback } from '../login/callback.js';
import type { Context } from '../context.js';
import { KindeError } from '../errors.js';
import { guard } from './guard.js';
import {
  PRIVATE_HEADERS,
  readForm,
  requestUrl,
  type HttpRequest,
  type Redirect,
  type Reply,
  type Route,
} from '../http/http.js';
import { moveToSite } from '../login/elsewhere.js';
import { createOrganization, login, register, switchOrganization } from '../login/login.js';
import { logout } from '../logout/logout.js';
import { canLogIn, isPreflight, isPrefetch, isScript, wantsPage } from '../http/navigation.js';
import { continuePage } from '../http/continue-page.js';
import { returnTarget, single } from '../http/query.js';
import { fromQuery } from '../login/parameters.js';
import { portal } from './portal.js';
import { problemReply } from '../http/problem.js';
import { navigationRequired, requireOwnPage } from '../http/same-origin.js';
import type { Sessions } from '../session/sessions.js';

type Handler = (request: HttpRequest, query: URLSearchParams) => Promise<Redirect | Reply>;
type Methods = Readonly<Record<string, Handler>>;

/** The route table: what each path does, by method. */
export function createRoutes(context: Context, sessions: Sessions): readonly Route[] {
  const { paths, webhooks, issuer, clientId, siteUrl, fetch, session } = context.config;
  const store = session.store ?? session.coordination;
  const app = `${clientId} ${siteUrl}${paths.webhooks}`;
  const host = {
    issuer,
    app,
    fetch,
    store,
    sessions: session.groups && sessions,
  };
  const signOut: Handler = (request, query) => signOutHere(request, context, query);
  const switchTo: Handler = (request, query) => switchHere(request, context, query);
  const receiver: Methods = webhooks ? { POST: (request) => webhooks.handle(request, host) } : {};
  const table: readonly (readonly [string | undefined, Methods])[] = [
    [paths.login, { GET: starting(context, login) }],
    [paths.register, { GET: starting(context, register) }],
    [paths.createOrganization, { GET: starting(context, createOrganization) }],
    [paths.switchOrganization, { GET: switchTo, POST: switchTo }],
    [paths.callback, { GET: (request, query) => finish(request, query, context) }],
    [paths.logout, { GET: signOut, POST: signOut }],
    [paths.backchannelLogout, { POST: (request) => backchannelLogout(request, context) }],
    [paths.webhooks, receiver],
    [paths.user, { GET: (request) => user(request, context) }],
    [paths.portal, { GET: (request, query) => toPortal(request, query, context) }],
  ];
  const routes = table.flatMap(([path, methods]) => {
    if (!path) {
      return [];
    }
    return [
      Object.freeze({ path, handle: (request: HttpRequest) => answer(request, context, methods) }),
    ];
  });
  return Object.freeze(routes);
}

const NOTHING: Reply = Object.freeze({
  status: 204,
  headers: PRIVATE_HEADERS,
  cookies: [],
  body: null,
});

/** One request to an auth route, from method to complete reply. */
async function answer(request: HttpRequest, context: Context, methods: Methods): Promise<Reply> {
  const { config } = context;
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  // Where the app has no CORS handling, the browser finds no permission in this.
  if (!handler && isPreflight(request)) {
    return NOTHING;
  }
  try {
    if (!handler) {
      const headers = { allow: Object.keys(methods).join(', ') };
      throw new KindeError(
        'method_not_allowed',
        'This route does not support the HTTP method of the request.',
        {
          headers,
        },
      );
    }
    if (isPrefetch(request)) {
      return NOTHING;
    }
    const result = await handler(request, requestUrl(request, config).searchParams);
    return 'status' in result ? result : redirect(request, result);
  } catch (error) {
    if (error instanceof KindeError) {
      return problemReply(request, config, error);
    }
    throw error;
  }
}

/** A redirect in the form in which the client can follow it. */
function redirect(request: HttpRequest, { location, cookies }: Redirect): Reply {
  if (request.method !== 'GET' && isScript(request)) {
    // `fetch` cannot follow a redirect to Kinde, which allows no other origin to read its pages.
    const headers = { ...PRIVATE_HEADERS, 'content-type': 'application/json; charset=utf-8' };
    return {
      status: 200,
      headers,
      cookies,
      body: JSON.stringify({ location }),
    };
  }
  if (request.method === 'POST' && isOwnNavigation(request)) {
    return continuePage(location, cookies);
  }
  const status = request.method === 'GET' ? 302 : 303;
  return {
    status,
    headers: { ...PRIVATE_HEADERS, location },
    cookies,
    body: null,
  };
}

/** Browsers hold the redirects that follow a form to the `form-action` policy of its page; `'self'` is a common one. */
function isOwnNavigation(request: HttpRequest): boolean {
  return request.headers.get('sec-fetch-site') === 'same-origin' && wantsPage(request);
}

/** A route that begins a login: only a user who navigates can complete one. */
function starting(context: Context, start: typeof login): Handler {
  return async (request, query) => {
    if (!canLogIn(request)) {
      throw navigationRequired();
    }
    return moveToSite(request, context, query) ?? start(request, context, fromQuery(query));
  };
}

/** The result of a callback: where the user was going, or the page that says why not. */
async function finish(
  request: HttpRequest,
  query: URLSearchParams,
  context: Context,
): Promise<Redirect | Reply> {
  const outcome = await tryCallback(request, context, query);
  if ('error' in outcome) {
    return problemReply(request, context.config, outcome.error, outcome.returnTo);
  }
  return outcome;
}

async function signOutHere(
  request: HttpRequest,
  context: Context,
  query: URLSearchParams,
): Promise<Redirect> {
  requireOwnPage(request, context.config);
  const returnTo = returnTarget(query);
  return logout(request, context, returnTo === undefined ? {} : { returnTo });
}

async function switchHere(
  request: HttpRequest,
  context: Context,
  query: URLSearchParams,
): Promise<Redirect | Reply> {
  requireOwnPage(request, context.config);
  const isForm =
    request.method === 'POST' && /urlencoded/i.test(request.headers.get('content-type') ?? '');
  const options = fromQuery(
    isForm ? new URLSearchParams([...query, ...(await readForm(request))]) : query,
  );
  const found = await switchOrganization(request, context, {
    ...options,
    orgCode: options.orgCode ?? '',
  });
  // A form with GET, for choosing an organization, cannot be told from a link.
  if (request.method === 'GET' && isOwnNavigation(request)) {
    return continuePage(found.location, found.cookies);
  }
  return found;
}

/** The signed-in user, for scripts of a page. Never a token. */
async function user(request: HttpRequest, context: Context): Promise<Reply> {
  const { auth, cookies } = await authenticate(request, context);
  const refused = await guard(request, context, auth, { allow: {} });
  if (refused) {
    return { ...refused, cookies: [...cookies, ...refused.cookies] };
  }
  const { user: own, ...access } = auth as SignedIn;
  const { permissions } = access.getPermissions();
  const body = JSON.stringify({
    ...own,
    organization: access.getOrganization(),
    ...access.getUserOrganizations(),
    permissions,
    roles: access.getRoles().roles,
    flags: access.getFlags(),
  });
  const headers = { ...PRIVATE_HEADERS, 'content-type': 'application/json; charset=utf-8' };
  return {
    status: 200,
    headers,
    cookies,
    body,
  };
}

/** The portal for a signed-in user; everybody else signs in first and comes back here. */
async function toPortal(
  request: HttpRequest,
  query: URLSearchParams,
  context: Context,
): Promise<Redirect | Reply> {
  const { auth, cookies } = await authenticate(request, context);
  const refused = await guard(request, context, auth, { allow: {} });
  if (refused) {
    return { ...refused, cookies: [...cookies, ...refused.cookies] };
  }
  const page = single(query, 'page');
  const returnTo = returnTarget(query);
  return portal(request, context, {
    ...(page && { page: page as never }),
    ...(returnTo && { returnTo }),
  });
}
