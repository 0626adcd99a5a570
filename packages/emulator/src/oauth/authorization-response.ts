import { remember } from '../state/ids.js';
import type { Grant, Pending, Person, State } from '../state/state.js';
import { audiences, grantedScopes } from './scopes.js';

/** Seconds for which an authorization code can be redeemed. */
const CODE_TTL = 60;

/** Headers that a response gets on top of its own, such as `set-cookie`. */
export type ExtraHeaders = Readonly<Record<string, string>>;

/** Redirects to the app with an authorization code for this person and organization. */
export function issueCode(
  pending: Pending,
  state: State,
  {
    person,
    orgCode,
    headers = {},
  }: {
    person: Person;
    orgCode: string | undefined;
    headers?: ExtraHeaders;
  },
): Response {
  const query = new URLSearchParams(pending.search);
  const now = state.clock.now();
  const grant = createGrant(pending, state, { personId: person.id, orgCode });
  remember(state.grants, grant.id, grant);
  const membership = orgCode === undefined ? undefined : person.organizations[orgCode];
  if (membership) {
    membership.lastAccessedAt = now;
  }
  const code = state.random.secret();
  remember(state.codes, code, {
    grantId: grant.id,
    redirectUri: query.get('redirect_uri') ?? '',
    challenge: query.get('code_challenge') ?? undefined,
    expiresAt: now + CODE_TTL,
    used: false,
  });
  return redirectBack(query, { code, scope: grant.scope.join(' ') }, headers);
}

function createGrant(
  { search, requestedAt, userAgent, signedIn }: Pending,
  state: State,
  { personId, orgCode }: Pick<Grant, 'personId' | 'orgCode'>,
): Grant {
  const query = new URLSearchParams(search);
  return {
    id: state.random.uuid(),
    personId,
    clientId: query.get('client_id') ?? '',
    scope: grantedScopes(query, state),
    audience: audiences(query),
    orgCode,
    nonce: query.get('nonce') ?? undefined,
    authTime: signedIn?.authTime ?? state.clock.now(),
    requestedAt,
    userAgent,
    ended: false,
  };
}

/** Redirects to the app's redirect URI. 302 as Kinde does, after forms too: every browser turns their POST into a GET. */
export function redirectBack(
  query: URLSearchParams,
  params: Readonly<Record<string, string>>,
  headers: ExtraHeaders = {},
): Response {
  const url = new URL(query.get('redirect_uri') ?? '');
  for (const [name, value] of Object.entries(params)) {
    url.searchParams.set(name, value);
  }
  const state = query.get('state');
  if (state !== null) {
    url.searchParams.set('state', state);
  }
  return new Response(null, {
    status: 302,
    headers: {
      location: url.href,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      ...headers,
    },
  });
}
