import type { Claims } from '@kindling/claims';
import * as oauth from 'oauth4webapi';
import { deadlineIn, type Moment } from '../clock.js';
import type { Config } from '../options/config.js';
import { createConnection, type Connection, type SendOptions } from './connection.js';
import { KindeError, withHeaders } from '../errors.js';
import { answerOf, isUnsent, judgeAnswer } from './judgement.js';
import type { LoginChecks, OAuth, Refreshed, Tokens, Unjudged } from './contract.js';
import { createProvider, type Provider } from './provider.js';
import { createRateLimit, expiryOf, readTokenResponse, type RateLimit } from './token-response.js';
import {
  verifyBearerToken,
  verifyIdToken,
  verifyLogoutToken,
  verifyOwnAccessToken,
} from './tokens.js';

const BYTES = 256 * 1024;
export type {
  LoginChecks,
  OAuth,
  Refreshed,
  TokenClaims,
  Tokens,
  TokenSet,
  Unjudged,
} from './contract.js';

/** Binds the OAuth messages to one application of one tenant. */
export function createOAuth(config: Config): OAuth {
  const link = createOAuthClient(config);
  const { provider } = link;
  const end = () => deadlineIn(config.timeout);
  return Object.freeze({
    startLogin: (checks, params, audience = config.audience) =>
      startLogin(link, checks, params, [audience].flat()),
    finishLogin: (callback, checks, deadline = end()) =>
      finishLogin(link, callback, { checks, deadline }),
    refresh: (tokens, deadline = end()) => refresh(link, tokens, deadline),
    checkProtocol: (kept, tokens, deadline = end()) => judgeKept(link, kept, { tokens, deadline }),
    isUnspent: (error) => isUnsent(error) || link.unsent.has(error as object),
    revoke: (token) => revoke(link, token),
    verifyBearer: (token) => verifyBearerToken(config, provider, token),
    keySetVersion: () => provider.keySetVersion(),
    verifyLogoutToken: (token) => verifyLogoutToken(config, provider, token),
    profile: (accessToken, subject) => profile(link, accessToken, subject),
    logoutUrl: (redirect) => logoutUrl(link, redirect),
  } satisfies OAuth);
}

interface OAuthClient {
  readonly config: Config;
  readonly provider: Provider;
  readonly client: oauth.Client;
  readonly auth: oauth.ClientAuth;
  /** The ways to the endpoints that are asked with somebody's code or token. */
  readonly token: Connection;
  readonly userinfo: Connection;
  readonly revocation: Connection;
  /** Errors that came before anything was sent to the token endpoint. */
  readonly unsent: WeakSet<object>;
  /** When Kinde limits the rate, it limits this application, so that nobody's renewal need try before then. */
  readonly rateLimit: RateLimit;
}

function createOAuthClient(config: Config): OAuthClient {
  const provider = createProvider(config);
  // Without a grant: whatever Kinde says to that, it answers, and no person's token is at stake.
  const probe = async () => {
    const { token_endpoint: endpoint } = await provider.metadata();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    return [
      endpoint,
      {
        method: 'POST',
        headers,
        body: 'grant_type=',
      },
    ] as const;
  };
  return {
    config,
    provider,
    client: {
      client_id: config.clientId,
      [oauth.clockTolerance]: Math.max(config.clockTolerance, 1),
    },
    auth: clientAuth(config),
    token: createConnection(config, { bytes: BYTES, probe }),
    userinfo: createConnection(config, { bytes: BYTES }),
    revocation: createConnection(config, { bytes: BYTES }),
    unsent: new WeakSet(),
    rateLimit: createRateLimit(),
  };
}

/** Kinde's configuration, with the keys in hand to judge an answer: asked for before a code or a token is spent. */
async function prepareServer(
  { provider, unsent }: OAuthClient,
  deadline: Moment,
): Promise<oauth.AuthorizationServer> {
  try {
    return (await provider.ready(deadline)) as oauth.AuthorizationServer;
  } catch (error) {
    if (!(error instanceof KindeError)) {
      throw error;
    }
    // A copy, since others may have asked for the same keys after they sent something.
    const copy = withHeaders(error, {});
    unsent.add(copy);
    throw copy;
  }
}

async function startLogin(
  { config, provider, token }: OAuthClient,
  checks: LoginChecks,
  params: Readonly<Record<string, string>>,
  audience: readonly string[],
): Promise<URL> {
  // Whoever comes back from Kinde could not be signed in.
  token.check();
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
  for (const api of audience) {
    query.append('audience', api);
  }
  url.search = query.toString();
  return url;
}

async function finishLogin(
  link: OAuthClient,
  callback: URLSearchParams,
  by: LoginBy,
): Promise<Tokens> {
  const { config, provider, client, auth } = link;
  const { checks, deadline } = by;
  const server = await prepareServer(link, deadline);
  if (server.authorization_response_iss_parameter_supported && !callback.get('iss')) {
    throw new KindeError(
      'iss_missing',
      'The callback does not say which issuer it comes from, although Kinde promised that.',
    );
  }
  const params = await judge(async () =>
    oauth.validateAuthResponse(server, client, callback, checks.state),
  );
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    auth,
    params,
    config.redirectUri,
    checks.codeVerifier,
    // Whoever opens a callback chooses its code.
    via(link, link.token, { deadline, isForeign: true }),
  );
  const body = await readTokenResponse(response);
  if (body.id_token === undefined) {
    throw new KindeError('id_token_invalid', 'Kinde sent no ID token.', { reason: 'missing' });
  }
  const id = await verifyIdToken(config, provider, body.id_token, {
    accessToken: body.access_token,
    nonce: checks.nonce,
    code: params.get('code')!,
    maxAge: checks.maxAge,
    deadline,
  });
  const access = await verifyOwnAccessToken(config, provider, body.access_token, {
    subject: id.sub,
    deadline,
  });
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
    claims: { id, access },
  };
}

/** What a callback is held to. */
interface LoginBy {
  readonly checks: LoginChecks;
  readonly deadline: Moment;
}

async function refresh(link: OAuthClient, tokens: Tokens, deadline: Moment): Promise<Refreshed> {
  const { client, auth, rateLimit } = link;
  rateLimit.check();
  const server = await prepareServer(link, deadline);
  const http = via(link, link.token, { deadline });
  const response = await oauth.refreshTokenGrantRequest(
    server,
    client,
    auth,
    tokens.refreshToken!,
    http,
  );
  const body = await readTokenResponse(response).catch((error: KindeError) => {
    if (error.code === 'grant_refused') {
      return 'refused' as const;
    }
    if (error.code === 'kinde_busy') {
      rateLimit.begin(error);
    }
    throw error;
  });
  if (body === 'refused') {
    return body;
  }
  return judgeAnswer(link, body, tokens, { deadline });
}

async function judgeKept(
  link: OAuthClient,
  kept: Unjudged,
  by: { tokens: Tokens; deadline: Moment },
): Promise<Refreshed> {
  const { tokens, deadline } = by;
  await link.provider.ready(deadline);
  return judgeAnswer(link, answerOf(kept), tokens, { deadline, isLate: true });
}

async function revoke(link: OAuthClient, token: string): Promise<void> {
  const { provider, client, auth, revocation } = link;
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  if (server.revocation_endpoint === undefined) {
    return;
  }
  const options = {
    ...via(link, revocation, {}),
    additionalParameters: { token_type_hint: 'refresh_token' },
  };
  await judge(async () =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, auth, token, options),
    ),
  );
}

async function profile(link: OAuthClient, accessToken: string, subject: string): Promise<Claims> {
  const { provider, client, userinfo } = link;
  const deadline = deadlineIn(link.config.timeout);
  const server = (await provider.metadata(deadline)) as oauth.AuthorizationServer;
  const response = await oauth.userInfoRequest(
    server,
    client,
    accessToken,
    via(link, userinfo, { deadline }),
  );
  try {
    return await oauth.processUserInfoResponse(server, client, subject, response);
  } catch (cause) {
    throw new KindeError(
      'profile_invalid',
      'Kinde did not answer with the profile of the signed-in person.',
      {
        cause,
      },
    );
  }
}

async function logoutUrl({ config, provider }: OAuthClient, redirect: string): Promise<URL> {
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
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw new KindeError(
      'response_invalid',
      'Kinde gave an answer that does not follow the protocol.',
      {
        reason: 'malformed',
        cause,
      },
    );
  }
}

function clientAuth({ clientSecret, clientAuthentication }: Config): oauth.ClientAuth {
  if (clientSecret === undefined) {
    return oauth.None();
  }
  if (clientAuthentication === 'client_secret_basic') {
    return oauth.ClientSecretBasic(clientSecret);
  }
  return oauth.ClientSecretPost(clientSecret);
}

/** How oauth4webapi sends its requests: by a connection of ours. */
function via({ config }: OAuthClient, connection: Connection, options: SendOptions) {
  const send = (url: string, init: RequestInit) => connection.send(url, init, options);
  return {
    [oauth.customFetch]: send as never,
    [oauth.allowInsecureRequests]: config.issuer.startsWith('http:'),
  };
}
