import {
  createOrganizationPage,
  expiredPage,
  failurePage,
  organizationPage,
  registerPage,
  signInPage,
} from './pages.js';
import { remember, secret, type Pending, type Person, type State } from './state.js';
import { createOrganization, hintedEmail, isAllowed, join, scopesFor } from './tenant.js';

/** Seconds that a code and an unfinished sign-in are good for. */
const [CODE_TIME, PENDING_TIME] = [60, 1800];
const MOST_PENDING = 1000;
const SSO_COOKIE = 'kindling_emulator_sso';
const SCOPES = ['openid', 'profile', 'email', 'offline', 'phone', 'address'];

/** GET /oauth2/auth: a page, or straight back to the app where Kinde's own session already answers. */
export function authorize(request: Request, state: State): Response {
  const query = withReauth(new URL(request.url).searchParams);
  const refusal = checkRequest(query, state);
  if (refusal) return refusal;
  const signedIn = sessionOf(request, state);
  const prompt = query.get('prompt') ?? (query.get('start_page') === 'registration' ? 'create' : '');
  if (prompt === 'none') return silent({ query, requestedAt: state.clock.now(), ...signedIn }, state);
  const reference = secret();
  remember(state.pending, reference, { query, requestedAt: state.clock.now(), ...signedIn }, MOST_PENDING);
  if (prompt === 'create') return registerPage({ request: reference }, registration(query, state));
  if (signedIn && prompt !== 'login') return proceed(reference, state);
  const hint = hintedEmail(state, query.get('login_hint') ?? '');
  return signInPage(state, { request: reference }, hint);
}

/** The person is known: choose or create the organization, then go back to the app with a code. */
export function proceed(reference: string, state: State, { orgCode, orgName, headers = {} }: Choice = {}): Response {
  const pending = pendingOf(reference, state);
  if (pending instanceof Response) return pending;
  const person = personOf(pending, state);
  if (!person) return expiredPage();
  const { query } = pending;
  const done = (code: string | undefined) => {
    state.pending.delete(reference);
    return finish(pending, state, { person, orgCode: code, headers });
  };
  if (query.get('is_create_org') === 'true') {
    const name = (orgName ?? query.get('org_name'))?.trim();
    return name
      ? done(createOrganization(state, person, name))
      : createOrganizationPage({ request: reference }, headers);
  }
  const asked = query.get('org_code') ?? orgCode;
  const codes = Object.keys(person.organizations);
  if (asked !== undefined) return join(state, person, asked) ? done(asked) : notAMember(asked, codes, headers);
  return codes.length > 1 ? organizationPage(state, { request: reference }, { person, headers }) : done(codes[0]);
}

interface Choice {
  readonly orgCode?: string | undefined;
  readonly orgName?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** The authorization request that a form belongs to, or what Kinde says to a form that comes too late. */
export function pendingOf(reference: string, state: State): Pending | Response {
  const pending = state.pending.get(reference);
  if (!pending) return expiredPage();
  if (state.clock.now() < pending.requestedAt + PENDING_TIME) return pending;
  state.pending.delete(reference);
  if (pending.query.get('supports_reauth') !== 'true') return expiredPage();
  const original = JSON.stringify(Object.fromEntries(pending.query));
  return back(pending.query, { error: 'login_link_expired', reauth_state: Buffer.from(original).toString('base64') });
}

/** Signs the person of a pending request in at Kinde itself, so that the next request goes without a question. */
export function startSession(reference: string, person: Person, state: State): Record<string, string> {
  const signedIn = { personId: person.id, authTime: state.clock.now() };
  const pending = state.pending.get(reference);
  if (pending) pending.signedIn = signedIn;
  const id = secret();
  remember(state.sessions, id, signedIn);
  return { 'set-cookie': `${SSO_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` };
}

/** Ends it. */
export function endSession(request: Request, state: State): Record<string, string> {
  state.sessions.delete(cookieOf(request) ?? '');
  return { 'set-cookie': `${SSO_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0` };
}

/** What a registration page needs to know of the request. */
export function registration(query: URLSearchParams, state: State): Registration {
  return {
    email: hintedEmail(state, query.get('login_hint') ?? ''),
    withOrganization: query.get('is_create_org') === 'true',
    orgName: query.get('org_name') ?? '',
  };
}

interface Registration {
  readonly email: string;
  readonly withOrganization: boolean;
  readonly orgName: string;
}

/** Redirects only to where the application is registered to be: everything else is a page (OAuth 2.0, 4.1.2.1). */
function checkRequest(query: URLSearchParams, state: State): Response | undefined {
  const malformed = (why: string) => failurePage('Malformed request (1656)', why);
  const repeated = [...new Set(query.keys())].find((name) => name !== 'audience' && query.getAll(name).length > 1);
  if (repeated) return malformed(`The parameter ${repeated} was given more than once.`);
  const application = state.applications.find(({ clientId }) => clientId === query.get('client_id'));
  if (!application) {
    return failurePage('Unknown application', 'No application has this client id. Compare KINDE_CLIENT_ID.', {
      'Received client_id': [query.get('client_id') ?? '(nothing)'],
      Known: state.applications.map(({ clientId, name }) => `${clientId} (${name})`),
    });
  }
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!isAllowed(application.redirectUris, redirectUri)) {
    return failurePage(
      'This callback URL is not allowed',
      'The app asked to return to an address that is not registered. They must be equal, character by character.',
      {
        'Received redirect_uri': [redirectUri || '(nothing)'],
        [`Allowed for ${application.name}`]: application.redirectUris,
      },
    );
  }
  if (query.get('response_type') !== 'code') return malformed('Only response_type=code is supported.');
  if ((query.get('response_mode') ?? 'query') !== 'query')
    return malformed('The local Kinde knows only response_mode=query.');
  const challenge = query.get('code_challenge');
  if (challenge !== null ? query.get('code_challenge_method') !== 'S256' : query.has('code_challenge_method'))
    return malformed('PKCE needs a code_challenge and code_challenge_method=S256.');
  if (challenge !== null && !/^[\w-]{43}$/.test(challenge))
    return malformed('A code_challenge for S256 has 43 characters of base64url.');
  const foreign = audiences(query).filter((audience) => !application.audiences?.includes(audience));
  if (foreign.length === 0) return undefined;
  return failurePage('This API is not known', 'The application is not authorized for the audience it asks for.', {
    'Received audience': foreign,
    [`Allowed for ${application.name}`]: application.audiences ?? [],
  });
}

function silent(pending: Pending, state: State): Response {
  const { query } = pending;
  const person = personOf(pending, state);
  if (!person) return back(query, { error: 'login_required', error_description: 'User authentication is required' });
  const codes = Object.keys(person.organizations);
  const asked = query.get('org_code') ?? (codes.length > 1 ? undefined : codes[0]);
  if (asked === undefined ? codes.length > 1 : !codes.includes(asked))
    return back(query, { error: 'interaction_required', error_description: 'The organization has to be chosen' });
  return finish(pending, state, { person, orgCode: asked });
}

function finish(
  { query, requestedAt, signedIn }: Pending,
  state: State,
  { person, orgCode, headers = {} }: { person: Person } & Choice,
): Response {
  const code = secret();
  const now = state.clock.now();
  const scope = grantedScopes(query, state);
  const grant = {
    id: crypto.randomUUID(),
    personId: person.id,
    clientId: query.get('client_id')!,
    scope,
    audience: audiences(query),
    orgCode,
    nonce: query.get('nonce') ?? undefined,
    authTime: signedIn?.authTime ?? now,
    requestedAt,
    ended: false,
  };
  remember(state.codes, code, {
    grant,
    redirectUri: query.get('redirect_uri')!,
    challenge: query.get('code_challenge') ?? undefined,
    expiresAt: now + CODE_TIME,
    used: false,
  });
  return back(query, { code, scope: scope.join(' ') }, headers);
}

/** What is not known is left out without a word, as Kinde does with `offline_access`. */
function grantedScopes(query: URLSearchParams, state: State): string[] {
  const application = state.applications.find(({ clientId }) => clientId === query.get('client_id'));
  const ofApis = audiences(query).flatMap((audience) => (application && scopesFor(state, application, audience)) ?? []);
  const asked = new Set((query.get('scope') ?? 'openid').split(' '));
  return [...asked].filter((name) => SCOPES.includes(name) || ofApis.includes(name));
}

/** 302 as Kinde does, after forms too: every browser turns their POST into a GET. */
function back(query: URLSearchParams, params: Record<string, string>, headers: Record<string, string> = {}): Response {
  const url = new URL(query.get('redirect_uri')!);
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
  if (query.has('state')) url.searchParams.set('state', query.get('state')!);
  return new Response(null, {
    status: 302,
    headers: { location: url.href, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', ...headers },
  });
}

function notAMember(code: string, codes: string[], headers: Record<string, string>): Response {
  const facts = { 'Received org_code': [code], 'Organizations of this person': codes };
  const why = 'The organization does not exist here, or does not let people join by themselves.';
  return failurePage('You are not in this organization', why, facts, { headers });
}

/** A link that had expired may start again with what it was: the request's own parameters win. */
function withReauth(query: URLSearchParams): URLSearchParams {
  try {
    const original = JSON.parse(Buffer.from(query.get('reauth_state') ?? 'e30', 'base64').toString()) as object;
    for (const [name, value] of Object.entries(original))
      if (typeof value === 'string' && !query.has(name)) query.set(name, value);
  } catch {
    // What cannot be read restarts nothing.
  }
  return query;
}

function sessionOf(request: Request, state: State): Pick<Pending, 'signedIn'> | undefined {
  const signedIn = state.sessions.get(cookieOf(request) ?? '');
  return signedIn && state.people.some(({ id }) => id === signedIn.personId) ? { signedIn } : undefined;
}

function personOf({ signedIn }: Pending, { people }: State): Person | undefined {
  return people.find(({ id }) => id === signedIn?.personId);
}

function cookieOf(request: Request): string | undefined {
  return new RegExp(`(?:^|; *)${SSO_COOKIE}=([^;]+)`).exec(request.headers.get('cookie') ?? '')?.[1];
}

function audiences(query: URLSearchParams): string[] {
  const all = query.getAll('audience').flatMap((value) => value.split(' '));
  return [...new Set(all.filter(Boolean))];
}
