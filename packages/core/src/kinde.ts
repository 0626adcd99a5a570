import type { Auth, RequestAuth, SignedIn } from './auth.js';
import { createAccount } from './account.js';
import { createAgreement } from './agreement.js';
import { authenticate, recall, refresh, type Authentication, type Recollection } from './authenticate.js';
import { backchannelLogout } from './backchannel.js';
import { resolveConfig, type Config } from './config.js';
import type { Context, Renewed } from './context.js';
import { KindeError } from './errors.js';
import { guard, type Rule } from './guard.js';
import {
  isPrefetch,
  PRIVATE_HEADERS,
  requestUrl,
  type HttpRequest,
  type Redirect,
  type Reply,
  type Route,
} from './http.js';
import { callback, createOrganization, login, register, switchOrganization, type LoginOptions } from './login.js';
import { logout, requireSameSite, type LogoutOptions } from './logout.js';
import { createNotices } from './notices.js';
import { createOAuth } from './oauth.js';
import { createOnce } from './once.js';
import type { KindeOptions } from './options.js';
import { fromQuery, returnTarget, single } from './parameters.js';
import { createPeople } from './person.js';
import { portal, type PortalOptions } from './portal.js';
import { problemReply } from './problem.js';
import { remembering } from './remember.js';
import { createSeal } from './seal.js';
import { createSessions, type Sessions } from './sessions.js';

/** Sign-in with Kinde for one application: the verbs, and the routes made of them. Frozen. */
export interface Kinde {
  /** Who is calling. */
  authenticate(request: HttpRequest): Promise<Authentication>;
  /**
   * Who is calling, at once, where that is known without asking anybody and there is nothing to send along; `undefined`
   * says no more than that `authenticate` has to be asked.
   */
  recall(headers: Recollection, refresh: RequestAuth['refresh']): RequestAuth | undefined;
  login(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  register(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  createOrganization(request: HttpRequest, options?: LoginOptions): Promise<Redirect>;
  switchOrganization(request: HttpRequest, orgCode: string, options?: LoginOptions): Promise<Redirect>;
  callback(request: HttpRequest): Promise<Redirect>;
  logout(request: HttpRequest, options?: LogoutOptions): Promise<Redirect>;
  /** Lets a caller through (`undefined`) or answers in their place. */
  guard(request: HttpRequest, auth: Auth, rule: Rule): Promise<Reply | undefined>;
  /** New tokens now, so that what changed at Kinde shows. Send the cookies along. */
  refresh(request: HttpRequest): Promise<Authentication>;
  /** Sends the signed-in person to Kinde's self-serve portal. */
  portal(request: HttpRequest, options?: PortalOptions): Promise<Redirect>;
  /** Everybody's sessions: for "my sessions" pages, for signing people out everywhere, for changed permissions. */
  readonly sessions: Sessions;
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
  const kinde = {
    authenticate: (request: HttpRequest) => authenticate(request, context),
    recall: (headers: Recollection, refresh: RequestAuth['refresh']) => recall(headers, context, refresh),
    login: (request: HttpRequest, options?: LoginOptions) => login(request, context, options),
    register: (request: HttpRequest, options?: LoginOptions) => register(request, context, options),
    createOrganization: (request: HttpRequest, options?: LoginOptions) => createOrganization(request, context, options),
    switchOrganization: (request: HttpRequest, orgCode: string, options?: LoginOptions) =>
      switchOrganization(request, context, { ...options, orgCode }),
    callback: (request: HttpRequest) => callback(request, context),
    logout: (request: HttpRequest, options?: LogoutOptions) => logout(request, context, options),
    guard: (request: HttpRequest, auth: Auth, rule: Rule) => guard(request, context, { auth, ...rule }),
    refresh: (request: HttpRequest) => refresh(request, context),
    portal: (request: HttpRequest, options: PortalOptions = {}) => portal(request, context, options),
  };
  const sessions = createSessions(context);
  return Object.freeze({ ...kinde, sessions, routes: Object.freeze(routesOf(kinde, context, sessions)) });
}

function createContext(config: Config): Context {
  const { shared: store, groups, maxAge } = config.session;
  const seal = remembering(createSeal(config.secrets, `${config.issuer} ${config.clientId}`));
  const refreshes = createOnce<Renewed | 'refused'>({ seconds: 600, max: 5_000, parallel: 50 });
  return Object.freeze({
    config,
    oauth: createOAuth(config),
    account: createAccount(config),
    seal,
    people: createPeople(config),
    refreshes: store ? createAgreement(refreshes, { store, seal, patience: config.timeout + 5 }) : refreshes,
    saves: createOnce<boolean>({ seconds: 2, max: 5_000 }),
    failures: createOnce<true>({ seconds: 30, max: 5_000 }),
    notices: groups && createNotices(groups, seal, maxAge),
    callbacks: createOnce<never>({ seconds: 3600, max: 5_000 }),
    orders: createOnce<true>({ seconds: 600, max: 10_000 }),
    ended: createOnce<true>({ seconds: 3600, max: 50_000 }),
  });
}

type Handler = (request: HttpRequest, query: URLSearchParams) => Promise<Redirect | Reply>;

/** The route table: what each path does, by method. */
function routesOf(kinde: Omit<Kinde, 'routes' | 'sessions'>, context: Context, sessions: Sessions): Route[] {
  const { paths, webhooks, issuer, fetch, session } = context.config;
  const signOut: Handler = async (request, query) => {
    requireSameSite(request, context);
    const returnTo = returnTarget(query);
    return kinde.logout(request, returnTo === undefined ? {} : { returnTo });
  };
  const switchTo: Handler = async (request, query) => {
    requireSameSite(request, context);
    const options = fromQuery(query);
    return kinde.switchOrganization(request, options.orgCode ?? '', options);
  };
  const host = {
    issuer,
    fetch,
    store: session.store ?? session.shared,
    sessions: session.groups && sessions,
  };
  const table: readonly (readonly [string | undefined, Readonly<Record<string, Handler>>])[] = [
    [paths.login, { GET: (request, query) => kinde.login(request, fromQuery(query)) }],
    [paths.register, { GET: (request, query) => kinde.register(request, fromQuery(query)) }],
    [paths.createOrganization, { GET: (request, query) => kinde.createOrganization(request, fromQuery(query)) }],
    [paths.switchOrganization, { GET: switchTo }],
    [paths.callback, { GET: (request) => kinde.callback(request) }],
    [paths.logout, { GET: signOut, POST: signOut }],
    [paths.backchannelLogout, { POST: (request) => backchannelLogout(request, context) }],
    [webhooks?.path, { POST: (request) => webhooks!.handle(request, host) }],
    [paths.user, { GET: (request) => user(request, kinde) }],
    [paths.portal, { GET: (request, query) => toPortal(request, query, kinde) }],
  ];
  return table.flatMap(([path, methods]) =>
    path ? [{ path, handle: (request: HttpRequest) => answer(request, context.config, methods) }] : [],
  );
}

/** One request to an auth route, from method to complete reply. */
async function answer(
  request: HttpRequest,
  config: Config,
  methods: Readonly<Record<string, Handler>>,
): Promise<Reply> {
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  try {
    if (!handler) {
      const headers = { allow: Object.keys(methods).join(', ') };
      throw new KindeError('method_not_allowed', 'This address does not answer that method.', { headers });
    }
    if (isPrefetch(request)) return { status: 204, headers: PRIVATE_HEADERS, cookies: [], body: '' };
    const result = await handler(request, requestUrl(request, config.siteUrl).searchParams);
    if ('status' in result) return result;
    const { location, cookies } = result;
    return {
      status: request.method === 'GET' ? 302 : 303,
      headers: { ...PRIVATE_HEADERS, location },
      cookies,
      body: '',
    };
  } catch (error) {
    if (error instanceof KindeError) return problemReply(request, config, error);
    throw error;
  }
}

/** Who is signed in, for pages that ask from the browser. Never a token. */
async function user(request: HttpRequest, kinde: Pick<Kinde, 'authenticate' | 'guard'>): Promise<Reply> {
  const { auth, cookies } = await kinde.authenticate(request);
  const refused = await kinde.guard(request, auth, { allow: {} });
  if (refused) return { ...refused, cookies: [...cookies, ...refused.cookies] };
  const { user, ...access } = auth as SignedIn;
  const body = JSON.stringify({ ...user, organization: access.getOrganization(), ...access.getUserOrganizations() });
  return {
    status: 200,
    headers: { ...PRIVATE_HEADERS, 'content-type': 'application/json; charset=utf-8' },
    cookies,
    body,
  };
}

/** The portal for whoever is signed in; whoever is not signs in first and comes back here. */
async function toPortal(
  request: HttpRequest,
  query: URLSearchParams,
  kinde: Pick<Kinde, 'authenticate' | 'guard' | 'portal'>,
): Promise<Redirect | Reply> {
  const { auth, cookies } = await kinde.authenticate(request);
  const refused = await kinde.guard(request, auth, { allow: {} });
  if (refused) return { ...refused, cookies: [...cookies, ...refused.cookies] };
  const [page, returnTo] = [single(query, 'page'), returnTarget(query)];
  return kinde.portal(request, { ...(page && { page: page as never }), ...(returnTo && { returnTo }) });
}
