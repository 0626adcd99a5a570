import { authenticate } from '../caller/authenticate.js';
import type { SignedIn } from '../caller/auth.js';
import { backchannelLogout } from '../logout/backchannel-logout.js';
import { tryCallback, type FailedCallback } from '../login/callback.js';
import type { Context } from '../context.js';
import type { Note } from '../diagnostics/diagnostics.js';
import type { EventDetails, EventName } from '../diagnostics/events.js';
import { findingsOf, type Findings } from '../diagnostics/operation.js';
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
import { navigationRequired, requireOwnPage } from '../http/same-origin.js';
import { refuse } from './refusal.js';
import { receiverOf } from './webhook.js';

type Result = Redirect | Reply | FailedCallback;
type Handler = (
  request: HttpRequest,
  query: URLSearchParams,
  note: Note<EventName>,
) => Promise<Result>;
type Methods = Readonly<Record<string, Handler>>;

/** A route: its path, the event that tells of it, and what it does by method. */
type RouteEntry<Name extends EventName = EventName> = {
  [Each in Name]: readonly [
    path: string | undefined,
    name: Each,
    details: EventDetails[Each],
    methods: Methods,
  ];
}[Name];

/** The route table: what each path does, by method. */
export function createRoutes(context: Context): readonly Route[] {
  const { paths, webhooks } = context.config;
  const signOut: Handler = (request, query) => signOutHere(request, context, query);
  const switchTo: Handler = (request, query) => switchHere(request, context, query);
  const byPost = (handler: Handler): Methods => ({ POST: handler });
  const starting = (start: typeof login): Methods => ({ GET: startingWith(context, start) });
  const table: readonly RouteEntry[] = [
    [paths.login, 'login', { flow: 'login' }, starting(login)],
    [paths.register, 'login', { flow: 'register' }, starting(register)],
    [
      paths.createOrganization,
      'login',
      { flow: 'create_organization' },
      starting(createOrganization),
    ],
    [
      paths.switchOrganization,
      'login',
      { flow: 'switch_organization' },
      { GET: switchTo, POST: switchTo },
    ],
    [
      paths.callback,
      'callback',
      {},
      { GET: (request, query) => tryCallback(request, context, query) },
    ],
    [paths.logout, 'logout', {}, { GET: signOut, POST: signOut }],
    [
      paths.backchannelLogout,
      'revocation',
      { by: 'backchannel' },
      byPost((request) => backchannelLogout(request, context)),
    ],
    [paths.webhooks, 'webhook', {}, webhooks ? byPost(receiverOf(webhooks, context)) : {}],
    [paths.user, 'user', {}, { GET: (request) => user(request, context) }],
    [paths.portal, 'portal', {}, { GET: (request, query) => toPortal(request, query, context) }],
  ];
  return Object.freeze(table.flatMap((entry) => routeOf(entry, context)));
}

function routeOf([path, name, details, methods]: RouteEntry, context: Context): Route[] {
  if (!path) {
    return [];
  }
  const { observe } = context.config.diagnostics;
  const handle = (request: HttpRequest) =>
    observe({ name, details: details as never, request }, (note) =>
      answer({ request, context, note }, methods),
    );
  return [Object.freeze({ path, handle })];
}

/** A request to an auth route. */
interface Visit {
  readonly request: HttpRequest;
  readonly context: Context;
  readonly note: Note<EventName>;
}

const NOTHING: Reply = Object.freeze({
  status: 204,
  headers: PRIVATE_HEADERS,
  cookies: [],
  body: null,
});

/** One request to an auth route, from method to complete reply. */
async function answer({ request, context, note }: Visit, methods: Methods): Promise<Reply> {
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
    const result = await handler(request, requestUrl(request, config).searchParams, note);
    if (isFailed(result)) {
      note(findingsOf(result.error));
      // Not awaited here: what `onError` throws is for the framework, and not refused once more.
      return refuse(request, context, result.error, result.returnTo);
    }
    if (isRedirect(result)) {
      return redirect(request, result);
    }
    note(findingsOfReply(result));
    return result;
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    note(findingsOf(error));
    return refuse(request, context, error);
  }
}

function isFailed(result: Result): result is FailedCallback {
  return Object.hasOwn(result, 'error');
}

function isRedirect(result: Result): result is Redirect {
  return Object.hasOwn(result, 'location');
}

/** What a reply says that `protect()` made. */
function findingsOfReply({ status, code }: Reply): Findings<EventName> {
  return code ? { outcome: status < 500 ? 'refused' : 'failed', code } : {};
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
function startingWith(context: Context, start: typeof login): Handler {
  return async (request, query) => {
    if (!canLogIn(request)) {
      throw navigationRequired();
    }
    return moveToSite(request, context, query) ?? start(request, context, fromQuery(query));
  };
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
