import type { Claims } from '@kindling/claims';
import * as oauth from 'oauth4webapi';
import type { Config } from './config.js';
import { KindeError } from './errors.js';
import { fetchLimited } from './fetch.js';
import type { LoginChecks, OAuth, Tokens } from './oauth-contract.js';
import { createProvider, type Provider } from './provider.js';
import { busy, expiryOf, readTokenResponse } from './response.js';
import { readClaims, verifyBearerToken, verifyIdToken, verifyLogoutToken, verifyOwnAccessToken } from './tokens.js';

const TOKEN_BYTES = 256 * 1024;
export type { LoginChecks, OAuth, Refreshed, Tokens, Unjudged } from './oauth-contract.js';

/** Binds the OAuth messages to one application of one tenant. */
export function createOAuth(config: Config): OAuth {
  const provider = createProvider(config);
  const link: Link = {
    config,
    provider,
    client: { client_id: config.clientId, [oauth.clockTolerance]: Math.max(config.clockTolerance, 1) },
    auth: clientAuth(config),
    http: httpOptions(config),
  };
  // When Kinde limits the rate, it limits this application, so no session's renewal need try before then.
  let quietUntil = 0;
  return Object.freeze({
    startLogin: (checks, params, audience = config.audience) => startLogin(link, checks, params, [audience].flat()),
    finishLogin: (callback, checks) => finishLogin(link, callback, checks),
    async refresh(tokens) {
      if (Date.now() < quietUntil) throw busy(String(Math.ceil((quietUntil - Date.now()) / 1000)));
      return refresh(link, tokens).catch((error: unknown) => {
        if (error instanceof KindeError && error.code === 'kinde_busy')
          quietUntil = Date.now() + Number(error.headers['retry-after']) * 1000;
        throw error;
      });
    },
    // TODO: both come with the judgement of answers.
    judge: async () => 'refused',
    isUnspent: () => false,
    revoke: (token) => revoke(link, token),
    bearer: (token) => verifyBearerToken(config, provider, token),
    keys: () => provider.edition(),
    logoutOrder: (token) => verifyLogoutToken(config, provider, token),
    profile: (accessToken, subject) => profile(link, accessToken, subject),
    logoutUrl: (redirect) => logoutUrl(link, redirect),
  } satisfies OAuth);
}

interface Link {
  readonly config: Config;
  readonly provider: Provider;
  readonly client: oauth.Client;
  readonly auth: oauth.ClientAuth;
  readonly http: ReturnType<typeof httpOptions>;
}

async function startLogin(
  { config, provider }: Link,
  checks: LoginChecks,
  params: Readonly<Record<string, string>>,
  audience: readonly string[],
): Promise<URL> {
  const { authorization_endpoint: endpoint } = await provider.metadata();
  const url = new URL(endpoint);
  const query = new URLSearchParams({
    ...params,
    client_id: config.clientId,
    response_type: 'code',
    redirect_uri: config.redirectUri,
    scope: config.scope,
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(checks.codeVerifier),
    code_challenge_method: 'S256',
  });
  for (const api of audience) query.append('audience', api);
  url.search = query.toString();
  return url;
}

async function finishLogin(link: Link, callback: URLSearchParams, checks: LoginChecks): Promise<Tokens> {
  const { config, provider, client, auth, http } = link;
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  if (server.authorization_response_iss_parameter_supported && !callback.get('iss')) {
    throw new KindeError(
      'iss_missing',
      'The callback does not say which issuer it comes from, although Kinde promised that.',
    );
  }
  const params = await judge(async () => oauth.validateAuthResponse(server, client, callback, checks.state));
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    auth,
    params,
    config.redirectUri,
    checks.codeVerifier,
    http,
  );
  const body = await readTokenResponse(response);
  if (body.id_token === undefined)
    throw new KindeError('id_token_invalid', 'Kinde sent no ID token.', { reason: 'missing' });
  const id = await verifyIdToken(config, provider, body.id_token, {
    accessToken: body.access_token,
    nonce: checks.nonce,
    code: params.get('code')!,
    maxAge: checks.maxAge,
  });
  const access = await verifyOwnAccessToken(config, provider, body.access_token, id.sub);
  await judge(() =>
    oauth.processAuthorizationCodeResponse(server, client, response, {
      expectedNonce: checks.nonce,
      requireIdToken: true,
    }),
  );
  return {
    accessToken: body.access_token,
    idToken: body.id_token,
    refreshToken: body.refresh_token,
    expiresAt: expiryOf(body, access),
  };
}

async function refresh(link: Link, tokens: Tokens): Promise<Tokens | 'refused'> {
  const { config, provider, client, auth, http } = link;
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  const response = await oauth.refreshTokenGrantRequest(server, client, auth, tokens.refreshToken!, http);
  const body = await readTokenResponse(response).catch((error: KindeError) => {
    if (error.code === 'grant_refused') return 'refused' as const;
    throw error;
  });
  if (body === 'refused') return 'refused';
  const previous = readClaims(tokens.idToken);
  if (body.id_token !== undefined)
    await verifyIdToken(config, provider, body.id_token, { accessToken: body.access_token, previous });
  const access = await verifyOwnAccessToken(config, provider, body.access_token, previous.sub);
  return {
    accessToken: body.access_token,
    idToken: body.id_token ?? tokens.idToken,
    refreshToken: body.refresh_token ?? tokens.refreshToken,
    expiresAt: expiryOf(body, access),
  };
}

async function revoke({ provider, client, auth, http }: Link, token: string): Promise<void> {
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  if (server.revocation_endpoint === undefined) return;
  const options = { ...http, additionalParameters: { token_type_hint: 'refresh_token' } };
  await judge(async () =>
    oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth, token, options)),
  );
}

async function profile({ provider, client, http }: Link, accessToken: string, subject: string): Promise<Claims> {
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  const response = await oauth.userInfoRequest(server, client, accessToken, http);
  try {
    return await oauth.processUserInfoResponse(server, client, subject, response);
  } catch (cause) {
    throw new KindeError('profile_invalid', 'Kinde did not answer with the profile of the signed-in person.', {
      cause,
    });
  }
}

async function logoutUrl({ config, provider }: Link, redirect: string): Promise<URL> {
  // Signing out here must not depend on whether Kinde's configuration can be had.
  const metadata = await provider.metadata().catch(() => undefined);
  const url = new URL(metadata?.end_session_endpoint ?? `${config.issuer}/logout`);
  url.searchParams.set('redirect', redirect);
  return url;
}

/** oauth4webapi's second opinion, with its error turned into ours. */
async function judge<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof KindeError) throw cause;
    throw new KindeError('response_invalid', 'Kinde gave an answer that does not follow the protocol.', {
      reason: 'malformed',
      cause,
    });
  }
}

function clientAuth({ clientSecret, clientAuthentication }: Config): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None();
  return clientAuthentication === 'client_secret_basic'
    ? oauth.ClientSecretBasic(clientSecret)
    : oauth.ClientSecretPost(clientSecret);
}

function httpOptions(config: Config) {
  const send = (url: string, init: RequestInit) =>
    fetchLimited(config, url, init, { bytes: TOKEN_BYTES, seconds: config.timeout });
  return { [oauth.customFetch]: send as never, [oauth.allowInsecureRequests]: config.issuer.startsWith('http:') };
}
