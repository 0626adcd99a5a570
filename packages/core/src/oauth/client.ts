// All requests of core to Kinde, by OAuth and OpenID Connect, and the verification of tokens.
import type { Claims } from '@kindling/claims';
import * as oauth from 'oauth4webapi';
import { deadlineIn, type Moment } from '../clock.js';
import { KindeError, withHeaders } from '../errors.js';
import { verifyBearerToken, verifyOwnAccessToken } from './access-token.js';
import { authorizationUrl, logoutUrl, type AuthorizationRequest } from './addresses.js';
import type { OAuthConfig } from './config.js';
import { createConnection, type Connection, type SendOptions } from './connection.js';
import type { LoginChecks, OAuth, Refreshed, Tokens, Unjudged } from './contract.js';
import { verifyIdToken } from './id-token.js';
import { answerOf, isUnsent, judgeAnswer } from './judgement.js';
import { inspectionUrl } from './local-kinde.js';
import { verifyLogoutToken } from './logout-token.js';
import { createProvider } from './provider.js';
import { createRateLimit, expiryOf, readTokenResponse, type RateLimit } from './token-response.js';
import type { Verifier } from './verify.js';

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
export function createOAuth(config: OAuthConfig): OAuth {
  const client = createOAuthClient(config);
  const { provider } = client;
  const end = () => deadlineIn(config.timeout);
  return Object.freeze({
    startLogin: (checks, params, audience = config.audience) =>
      startLogin(client, { checks, params, audience: [audience].flat() }),
    finishLogin: (callback, checks, deadline = end()) =>
      finishLogin(client, callback, { checks, deadline }),
    refresh: (tokens, deadline = end()) => refresh(client, tokens, deadline),
    judge: (kept, tokens, deadline = end()) => judgeKept(client, kept, { tokens, deadline }),
    isUnspent: (error) => isUnsent(error) || client.unsent.has(error as object),
    revoke: (token) => revoke(client, token),
    verifyBearer: (token) => verifyBearerToken(client, token),
    keySetVersion: () => provider.keySetVersion(),
    verifyLogoutToken: (token) => verifyLogoutToken(client, token),
    profile: (accessToken, subject) =>
      config.diagnostics.observe({ name: 'user', details: {} }, (note) => {
        note({ userId: subject });
        return profile(client, accessToken, subject);
      }),
    inspectionUrl: (state) => inspectionUrl(client, state),
    logoutUrl: (redirect) => logoutUrl(client, redirect),
  } satisfies OAuth);
}

interface OAuthClient extends Verifier {
  /** This app as Kinde knows it. */
  readonly registration: oauth.Client;
  readonly auth: oauth.ClientAuth;
  /** Connections to the endpoints that are asked with a user's code or token. */
  readonly token: Connection;
  readonly userinfo: Connection;
  readonly revocation: Connection;
  /** Errors that came before anything was sent to the token endpoint. */
  readonly unsent: WeakSet<object>;
  /** Kinde limits the rate of this application, so that no refresh needs to try before then. */
  readonly rateLimit: RateLimit;
}

function createOAuthClient(config: OAuthConfig): OAuthClient {
  const provider = createProvider(config);
  // Without a grant: Kinde answers, whatever it says, and no user's token is at stake.
  const probe = async () => {
    const { token_endpoint: endpoint } = await provider.metadata();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    const init = { method: 'POST', headers, body: 'grant_type=' };
    return [endpoint, init] as const;
  };
  return {
    config,
    provider,
    registration: {
      client_id: config.clientId,
      [oauth.clockTolerance]: Math.max(config.clockTolerance, 1),
    },
    auth: clientAuth(config),
    token: createConnection(config, { endpoint: 'token', bytes: BYTES, probe }),
    userinfo: createConnection(config, { endpoint: 'userinfo', bytes: BYTES }),
    revocation: createConnection(config, { endpoint: 'revocation', bytes: BYTES }),
    unsent: new WeakSet(),
    rateLimit: createRateLimit(),
  };
}

/** Kinde's configuration, with the keys in hand to verify an answer: asked for before a code or a token is spent. */
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
  request: AuthorizationRequest,
): Promise<URL> {
  // Without a token endpoint, nobody who comes back from Kinde could be signed in.
  token.check();
  const { authorization_endpoint: endpoint } = await provider.metadata();
  return authorizationUrl(endpoint, config, request);
}

async function finishLogin(
  client: OAuthClient,
  callback: URLSearchParams,
  { checks, deadline }: LoginBy,
): Promise<Tokens> {
  const { config, registration, auth } = client;
  const server = await prepareServer(client, deadline);
  if (server.authorization_response_iss_parameter_supported && !callback.get('iss')) {
    throw new KindeError(
      'iss_missing',
      'The callback does not name its issuer, although Kinde announces that it does.',
    );
  }
  const params = await checkProtocol(async () =>
    oauth.validateAuthResponse(server, registration, callback, checks.state),
  );
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    registration,
    auth,
    params,
    config.redirectUri,
    checks.codeVerifier,
    // The code of a callback may be a stranger's choice.
    via(client, client.token, { deadline, isForeign: true }),
  );
  const body = await readTokenResponse(response, client.config);
  if (body.id_token === undefined) {
    throw new KindeError('id_token_invalid', 'Kinde sent no ID token.', { reason: 'missing' });
  }
  const id = await verifyIdToken(client, body.id_token, {
    accessToken: body.access_token,
    nonce: checks.nonce,
    code: params.get('code') ?? '',
    maxAge: checks.maxAge,
    deadline,
  });
  const access = await verifyOwnAccessToken(client, body.access_token, {
    subject: id.sub,
    deadline,
  });
  await checkProtocol(() =>
    oauth.processAuthorizationCodeResponse(server, registration, response, {
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

/** The values that a callback must match, and the deadline. */
interface LoginBy {
  readonly checks: LoginChecks;
  readonly deadline: Moment;
}

async function refresh(client: OAuthClient, tokens: Tokens, deadline: Moment): Promise<Refreshed> {
  const { registration, auth, rateLimit } = client;
  rateLimit.check();
  const server = await prepareServer(client, deadline);
  const response = await oauth.refreshTokenGrantRequest(
    server,
    registration,
    auth,
    // A session without a refresh token is never refreshed; an empty one is refused before it is sent.
    tokens.refreshToken ?? '',
    via(client, client.token, { deadline }),
  );
  const body = await readTokenResponse(response, client.config).catch((error: KindeError) => {
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
  return judgeAnswer(client, body, tokens, { deadline });
}

async function judgeKept(
  client: OAuthClient,
  kept: Unjudged,
  by: { tokens: Tokens; deadline: Moment },
): Promise<Refreshed> {
  const { tokens, deadline } = by;
  await client.provider.ready(deadline);
  return judgeAnswer(client, answerOf(kept), tokens, { deadline, isLate: true });
}

async function revoke(client: OAuthClient, token: string): Promise<void> {
  const { provider, registration, auth, revocation } = client;
  const server = (await provider.metadata()) as oauth.AuthorizationServer;
  if (server.revocation_endpoint === undefined) {
    return;
  }
  const options = {
    ...via(client, revocation, {}),
    additionalParameters: { token_type_hint: 'refresh_token' },
  };
  await checkProtocol(async () =>
    oauth.processRevocationResponse(
      await oauth.revocationRequest(server, registration, auth, token, options),
    ),
  );
}

async function profile(client: OAuthClient, accessToken: string, subject: string): Promise<Claims> {
  const { provider, registration, userinfo } = client;
  const deadline = deadlineIn(client.config.timeout);
  const server = (await provider.metadata(deadline)) as oauth.AuthorizationServer;
  const response = await oauth.userInfoRequest(
    server,
    registration,
    accessToken,
    via(client, userinfo, { deadline }),
  );
  try {
    return await oauth.processUserInfoResponse(server, registration, subject, response);
  } catch (cause) {
    throw new KindeError(
      'profile_invalid',
      'Kinde did not send the profile of the signed-in user.',
      { cause },
    );
  }
}

/** The checks of oauth4webapi, with its errors turned into ours. */
async function checkProtocol<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof KindeError) {
      throw cause;
    }
    throw new KindeError(
      'response_invalid',
      'Kinde sent a response that does not follow the protocol.',
      {
        reason: 'malformed',
        cause,
      },
    );
  }
}

function clientAuth({ clientSecret, clientAuthentication }: OAuthConfig): oauth.ClientAuth {
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
