import { createHash } from 'node:crypto';
import { defaultSeed, type Emulator } from '../src/index.js';
import type { ReadonlySeed } from '../src/seed/seed.js';

/** Address of the app that sends broken requests. */
export const SITE = 'http://localhost:3000';

const BACK = `${SITE}/callback`;
const SECRET = 's'.repeat(48);

/** Credentials of the applications of `brokenSeed`. */
export const CLIENTS = {
  app: { client_id: 'a'.repeat(32), client_secret: SECRET },
  other: { client_id: 'b'.repeat(32), client_secret: 't'.repeat(48) },
  browser: { client_id: 'c'.repeat(32) },
  machine: { client_id: 'd'.repeat(32), client_secret: 'u'.repeat(48) },
} as const;

/** The tenant that the requests are sent to. */
export const brokenSeed: ReadonlySeed = {
  ...defaultSeed,
  apis: [{ audience: 'https://api.example.com', name: 'Todos', scopes: ['read:todos'] }],
  applications: [
    {
      name: 'App',
      ...clientOf(CLIENTS.app),
      type: 'reg',
      redirectUris: [BACK, `${SITE}/other`],
      logoutUris: [SITE],
      audiences: ['https://api.example.com'],
    },
    {
      name: 'Other app',
      ...clientOf(CLIENTS.other),
      type: 'reg',
      redirectUris: [BACK],
      logoutUris: [],
    },
    {
      name: 'Browser',
      ...clientOf(CLIENTS.browser),
      type: 'spa',
      redirectUris: [BACK],
      logoutUris: [],
    },
    {
      name: 'Machine',
      ...clientOf(CLIENTS.machine),
      type: 'm2m',
      redirectUris: [],
      logoutUris: [],
      audiences: ['https://api.example.com'],
      management: true,
    },
  ],
};

function clientOf(client: { readonly client_id: string; readonly client_secret?: string }) {
  const { client_id: clientId, client_secret: clientSecret } = client;
  return { clientId, ...(clientSecret !== undefined && { clientSecret }) };
}

/** What a broken request is sent with. Others may send it through a port instead. */
export interface Sender {
  /** Issuer of the local Kinde. */
  readonly issuer: string;
  /** Sends a request to it; redirects are not followed. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Signs Grace in at an authorization request, and answers the callback URL. */
  signIn(path: string): Promise<URL>;
  /** Moves the local Kinde's clock by seconds. */
  advance(seconds: number): void | Promise<void>;
}

/** A request that an app would send wrong, and the finding that names the cause. */
export interface BrokenRequest {
  /** What is wrong, in a sentence. */
  readonly name: string;
  /** Id of the finding that is the verdict. */
  readonly finding: string;
  /** Sends it. */
  send(sender: Sender): Promise<unknown>;
}

type Params = Readonly<Record<string, string | undefined>>;

const VERIFIER = 'v'.repeat(43);

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

/** Parameters without those that are undefined. */
function query(params: Params): URLSearchParams {
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given as [string, string][]);
}

/** Path of an authorization request: a good one, apart from what is given. */
export function authorization(params: Params = {}): string {
  const good = {
    client_id: CLIENTS.app.client_id,
    redirect_uri: BACK,
    response_type: 'code',
    scope: 'openid profile email offline',
    state: 'state-of-32-characters-or-more-00',
    nonce: 'nonce-of-32-characters-or-more-00',
    code_challenge: challengeOf(VERIFIER),
    code_challenge_method: 'S256',
  };
  return `/oauth2/auth?${query({ ...good, ...params }).toString()}`;
}

/** A request that goes wrong at once. */
function asking(name: string, finding: string, params: Params, more = ''): BrokenRequest {
  return { name, finding, send: ({ fetch }) => fetch(authorization(params) + more) };
}

/** Posts a form to the token endpoint. */
function post({ fetch }: Sender, form: Params, init: RequestInit = {}, path = '/oauth2/token') {
  return fetch(path, { method: 'POST', body: query(form), ...init });
}

/** Form of a good exchange, apart from what is given. */
function exchange(code: string | null, params: Params = {}): Params {
  return {
    ...CLIENTS.app,
    grant_type: 'authorization_code',
    code: code ?? undefined,
    redirect_uri: BACK,
    code_verifier: VERIFIER,
    ...params,
  };
}

/** A sign-in whose exchange goes wrong. */
function exchanging(
  name: string,
  finding: string,
  params: Params,
  asked: Params = {},
): BrokenRequest {
  return {
    name,
    finding,
    async send(sender) {
      const back = await sender.signIn(authorization(asked));
      await post(sender, exchange(back.searchParams.get('code'), params));
    },
  };
}

/** Tokens of a good sign-in. */
async function tokens(sender: Sender): Promise<Record<string, string>> {
  const back = await sender.signIn(authorization());
  const response = await post(sender, exchange(back.searchParams.get('code')));
  return (await response.json()) as Record<string, string>;
}

function refreshing(name: string, finding: string, params: Params): BrokenRequest {
  return {
    name,
    finding,
    async send(sender) {
      const { refresh_token, access_token } = await tokens(sender);
      const given = params['refresh_token'] === 'access' ? { refresh_token: access_token } : {};
      const form = { ...CLIENTS.app, grant_type: 'refresh_token', refresh_token };
      await post(sender, { ...form, ...params, ...given });
    },
  };
}

function machine(name: string, finding: string, params: Params): BrokenRequest {
  const form = { ...CLIENTS.machine, grant_type: 'client_credentials', ...params };
  return { name, finding, send: (sender) => post(sender, form) };
}

/** A request with a token that is chosen from those of a sign-in. */
function bearing(
  name: string,
  finding: string,
  choose: (all: Readonly<Record<string, string>>) => string | undefined,
  path = '/oauth2/v2/user_profile',
): BrokenRequest {
  return {
    name,
    finding,
    async send(sender) {
      const authorizationHeader = choose(await tokens(sender));
      const headers =
        authorizationHeader === undefined ? {} : { authorization: authorizationHeader };
      await sender.fetch(path, { headers });
    },
  };
}

/** An unsigned token of another issuer. */
function foreignToken(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', kid: 'x', typ: 'JWT' })}.${part({ iss: 'https://x.kinde.com', scp: [] })}.c2ln`;
}

/** Requests that apps send wrong, each with the finding that names its cause. */
export const BROKEN: readonly BrokenRequest[] = [
  asking('the client id and the secret are swapped', 'client.is-secret', { client_id: SECRET }),
  asking('the client id is missing', 'client.missing', { client_id: undefined }),
  asking('the client id is in quotation marks', 'client.white-space', {
    client_id: `"${CLIENTS.app.client_id}"`,
  }),
  asking('a letter of the client id is wrong', 'client.near', { client_id: `${'a'.repeat(31)}x` }),
  asking('the client id is of another environment', 'client.unknown', {
    client_id: '0123456789abcdef0123456789abcdef',
  }),
  asking('a parameter is sent twice', 'parameter.repeated', {}, '&state=again-and-again'),
  asking('a machine application signs a user in', 'application.machine', {
    client_id: CLIENTS.machine.client_id,
  }),
  asking('the redirect URI is missing', 'redirect.missing', { redirect_uri: undefined }),
  asking('the redirect URI has another port', 'redirect.not-registered', {
    redirect_uri: 'http://localhost:3001/callback',
  }),
  asking('the redirect URI has a slash too much', 'redirect.not-registered', {
    redirect_uri: `${BACK}/`,
  }),
  asking('the redirect URI names 127.0.0.1', 'redirect.not-registered', {
    redirect_uri: 'http://127.0.0.1:3000/callback',
  }),
  asking('the redirect URI is https', 'redirect.not-registered', {
    redirect_uri: 'https://localhost:3000/callback',
  }),
  asking('the response type is missing', 'response-type.missing', { response_type: undefined }),
  asking('the response type is that of the implicit flow', 'response-type.other', {
    response_type: 'token',
  }),
  asking('the PKCE method is plain', 'pkce.plain', { code_challenge_method: 'plain' }),
  asking('the PKCE method is missing', 'pkce.no-method', { code_challenge_method: undefined }),
  asking('the PKCE challenge is missing', 'pkce.no-challenge', { code_challenge: undefined }),
  asking('the PKCE challenge is hex', 'pkce.malformed', { code_challenge: 'f'.repeat(64) }),
  asking('the audience has a slash too much', 'audience.unknown', {
    audience: 'https://api.example.com/',
  }),
  asking('an invitation comes without its mark', 'invitation.alone', { invitation_code: 'inv_1' }),
  asking('an invitation is unknown', 'invitation.closed', {
    invitation_code: 'inv_1',
    is_invitation: 'true',
  }),
  {
    name: 'the user is in no such organization',
    finding: 'page.denied',
    send: ({ signIn }) => signIn(authorization({ org_code: 'org_nobody' })).catch(() => undefined),
  },
  {
    name: 'nobody exchanges the code',
    finding: 'callback.never-exchanged',
    async send({ signIn, advance }) {
      await signIn(authorization());
      await advance(90);
    },
  },
  exchanging('the exchange has no secret', 'secret.missing', { client_secret: undefined }),
  exchanging('the secret ends with a line break', 'secret.white-space', {
    client_secret: `${SECRET}\n`,
  }),
  exchanging('the secret is in quotation marks', 'secret.quoted', { client_secret: `'${SECRET}'` }),
  exchanging('the secret is cut off', 'secret.cut', { client_secret: SECRET.slice(0, 20) }),
  exchanging('the secret is the client id', 'secret.client-id', {
    client_secret: CLIENTS.app.client_id,
  }),
  exchanging('the secret is that of another application', 'secret.of-another', {
    client_secret: CLIENTS.other.client_secret,
  }),
  exchanging('the secret is of a start before', 'secret.wrong', { client_secret: 'x'.repeat(48) }),
  exchanging(
    'a browser app sends a secret',
    'secret.of-public',
    { client_id: CLIENTS.browser.client_id, client_secret: SECRET },
    { client_id: CLIENTS.browser.client_id },
  ),
  exchanging('the exchange has no code', 'code.missing', { code: undefined }),
  exchanging('the code was decoded twice', 'code.unknown', { code: 'changed on its way' }),
  exchanging('another application exchanges the code', 'code.of-another-client', CLIENTS.other),
  {
    name: 'the callback is opened twice',
    finding: 'code.used-twice',
    async send(sender) {
      const back = await sender.signIn(authorization());
      const form = exchange(back.searchParams.get('code'));
      await post(sender, form);
      await post(sender, form);
    },
  },
  {
    name: 'the code comes too late',
    finding: 'code.late',
    async send(sender) {
      const back = await sender.signIn(authorization());
      await sender.advance(75);
      await post(sender, exchange(back.searchParams.get('code')));
    },
  },
  exchanging('the exchange has no redirect URI', 'redirect.not-sent', { redirect_uri: undefined }),
  exchanging('the exchange has another redirect URI', 'redirect.differs', {
    redirect_uri: `${SITE}/other`,
  }),
  exchanging('the exchange has no verifier', 'verifier.missing', { code_verifier: undefined }),
  exchanging(
    'the verifier was not asked for',
    'verifier.not-asked-for',
    {},
    {
      code_challenge: undefined,
      code_challenge_method: undefined,
    },
  ),
  exchanging('the verifier is the challenge', 'verifier.is-challenge', {
    code_verifier: challengeOf(VERIFIER),
  }),
  exchanging('the verifier is too short', 'verifier.malformed', { code_verifier: 'short' }),
  exchanging('the verifier is another one', 'verifier.wrong', { code_verifier: 'w'.repeat(43) }),
  {
    name: 'the second tab overwrote the verifier of the first',
    finding: 'verifier.of-another',
    async send(sender) {
      const second = 'z'.repeat(43);
      const back = await sender.signIn(authorization());
      await sender.fetch(
        authorization({ code_challenge: challengeOf(second), state: 'second-tab-0' }),
      );
      await post(sender, exchange(back.searchParams.get('code'), { code_verifier: second }));
    },
  },
  {
    name: 'the exchange is JSON',
    finding: 'token.json',
    async send(sender) {
      const back = await sender.signIn(authorization());
      const form = Object.fromEntries(query(exchange(back.searchParams.get('code'))));
      const headers = { 'content-type': 'application/json' };
      await sender.fetch('/oauth2/token', { method: 'POST', body: JSON.stringify(form), headers });
    },
  },
  {
    name: 'the exchange has no body',
    finding: 'token.no-form',
    send: ({ fetch }) =>
      fetch(`/oauth2/token?${query(exchange('x')).toString()}`, { method: 'POST' }),
  },
  {
    name: 'the token endpoint is asked with GET',
    finding: 'token.method',
    send: ({ fetch }) => fetch(`/oauth2/token?${query(exchange('x')).toString()}`),
  },
  {
    name: 'the grant type is missing',
    finding: 'token.no-grant-type',
    send: (sender) => post(sender, CLIENTS.app),
  },
  {
    name: 'the grant type does not exist',
    finding: 'token.grant-type',
    send: (sender) => post(sender, { ...CLIENTS.app, grant_type: 'password' }),
  },
  refreshing('the refresh token is missing', 'refresh.missing', { refresh_token: undefined }),
  refreshing('an access token is sent as refresh token', 'refresh.access-token', {
    refresh_token: 'access',
  }),
  refreshing('the refresh token is unknown', 'refresh.unknown', { refresh_token: 'x'.repeat(43) }),
  refreshing('another application refreshes', 'refresh.of-another-client', CLIENTS.other),
  {
    name: 'an old refresh token is used after the overlap',
    finding: 'refresh.reused',
    async send(sender) {
      const { refresh_token } = await tokens(sender);
      const form = { ...CLIENTS.app, grant_type: 'refresh_token', refresh_token };
      await post(sender, form);
      await sender.advance(30);
      await post(sender, form);
    },
  },
  {
    name: 'a refresh follows the sign-out',
    finding: 'refresh.ended',
    async send(sender) {
      const { refresh_token } = await tokens(sender);
      await post(sender, { ...CLIENTS.app, token: refresh_token }, {}, '/oauth2/revoke');
      await post(sender, { ...CLIENTS.app, grant_type: 'refresh_token', refresh_token });
    },
  },
  {
    name: 'the refresh token has expired',
    finding: 'refresh.late',
    async send(sender) {
      const { refresh_token } = await tokens(sender);
      await sender.advance(16 * 86_400);
      await post(sender, { ...CLIENTS.app, grant_type: 'refresh_token', refresh_token });
    },
  },
  machine('the audience is that of another domain', 'machine.audience-of-another-domain', {
    audience: 'https://example.kinde.com/api',
  }),
  machine('the audience is not known', 'machine.audience', { audience: 'https://api.example.org' }),
  machine('a scope is not granted', 'machine.scope', {
    audience: 'https://api.example.com',
    scope: 'read:todo',
  }),
  machine('a browser app asks for a token of its own', 'machine.public', {
    ...CLIENTS.browser,
    client_secret: undefined,
  }),
  bearing('the profile is asked for without a token', 'bearer.missing', () => undefined),
  bearing('the word Bearer is missing', 'bearer.no-bearer', (all) => all['access_token']),
  bearing('an ID token is sent', 'bearer.id-token', (all) => `Bearer ${all['id_token']}`),
  bearing(
    'a refresh token is sent',
    'bearer.refresh-token',
    (all) => `Bearer ${all['refresh_token']}`,
  ),
  bearing('the token is undefined', 'bearer.no-token', () => 'Bearer undefined'),
  bearing(
    'the token is of another issuer',
    'bearer.foreign',
    () => `Bearer ${foreignToken()}`,
    '/account_api/v1/permissions',
  ),
  {
    name: 'the access token has expired',
    finding: 'bearer.expired',
    async send(sender) {
      const { access_token } = await tokens(sender);
      await sender.advance(2 * 86_400);
      const headers = { authorization: `Bearer ${access_token}` };
      await sender.fetch('/account_api/v1/permissions', { headers });
    },
  },
  {
    name: 'the sign-in of the access token has ended',
    finding: 'bearer.ended',
    async send(sender) {
      const { refresh_token, access_token } = await tokens(sender);
      await post(sender, { ...CLIENTS.app, token: refresh_token }, {}, '/oauth2/revoke');
      const headers = { authorization: `Bearer ${access_token}` };
      await sender.fetch('/oauth2/v2/user_profile', { headers });
    },
  },
  bearing(
    'the Account API has no such list',
    'account.unknown-list',
    (all) => `Bearer ${all['access_token']}`,
    '/account_api/v1/permision',
  ),
  {
    name: 'a revocation names no token',
    finding: 'revoke.no-token',
    send: (sender) => post(sender, CLIENTS.app, {}, '/oauth2/revoke'),
  },
  {
    name: 'another application revokes the token',
    finding: 'revoke.of-another-client',
    async send(sender) {
      const { refresh_token } = await tokens(sender);
      await post(sender, { ...CLIENTS.other, token: refresh_token }, {}, '/oauth2/revoke');
    },
  },
  {
    name: 'introspection comes without a token of its own',
    finding: 'introspect.no-bearer',
    async send(sender) {
      const { access_token } = await tokens(sender);
      await post(sender, { token: access_token }, {}, '/oauth2/introspect');
    },
  },
  {
    name: 'the logout URL is not registered',
    finding: 'logout.not-registered',
    send: ({ fetch }) => fetch(`/logout?redirect=${encodeURIComponent(`${SITE}/`)}`),
  },
  {
    name: 'logout is asked as other providers have it',
    finding: 'logout.foreign-name',
    send: ({ fetch }) => fetch(`/logout?post_logout_redirect_uri=${encodeURIComponent(SITE)}`),
  },
  {
    name: 'the keys are fetched with credentials',
    finding: 'keys.credentials',
    send: ({ fetch }) => fetch('/.well-known/jwks', { headers: { authorization: 'Bearer x' } }),
  },
  {
    name: 'a link to the portal is made up',
    finding: 'portal.used',
    send: ({ fetch }) => fetch('/portal_redirect?key=made-up'),
  },
];

/** Sends in this process. */
export function senderOf(emulator: Emulator): Sender {
  return {
    issuer: emulator.issuer,
    fetch: (path, init) => emulator.fetch(emulator.issuer + path, { redirect: 'manual', ...init }),
    signIn: (path) => emulator.signIn(emulator.issuer + path, { email: 'grace@example.com' }),
    advance: (seconds) => emulator.clock.advance(seconds),
  };
}
