import { Hono } from 'hono';
import { jwtVerify, type JWTPayload } from 'jose';
import { accountApi } from './account.js';
import { authorize, endSession } from './authorize.js';
import { profile } from './claims.js';
import { isForeign, organization, register, signIn } from './forms.js';
import { createManagementApi } from './management/api.js';
import { failurePage, loggedOutPage, portalPage } from './pages.js';
import { type Person, type State } from './state.js';
import { isAllowed } from './tenant.js';
import { authenticateClient, NO_STORE, oauthError, readForm, token } from './token.js';

/** Every address of the local Kinde. */
export function createApp(state: State): Hono {
  const app = new Hono();
  app.get('/.well-known/openid-configuration', (c) => c.json(discovery(state.issuer)));
  for (const path of ['/.well-known/jwks', '/.well-known/jwks.json']) {
    app.get(path, (c) => {
      if (c.req.header('authorization')) {
        return c.json({ error: 'forbidden' }, 403);
      }
      return c.json({ keys: [state.key.jwk] });
    });
  }
  app.get('/oauth2/auth', (c) => authorize(c.req.raw, state));
  app.post('/oauth2/token', (c) => token(c.req.raw, state));
  app.post('/oauth2/revoke', (c) => revoke(c.req.raw, state));
  app.post('/oauth2/introspect', (c) => introspect(c.req.raw, state));
  app.get('/oauth2/v2/user_profile', (c) => userProfile(c.req.raw, state, profile));
  app.get('/oauth2/user_profile', (c) => userProfile(c.req.raw, state, legacyProfile));
  app.get('/account_api/v1/*', async (c) =>
    accountApi(c.req.raw, state, await verified(bearer(c.req.raw), state)),
  );
  const managementApi = createManagementApi();
  app.all('/api/*', (c) => managementApi(c.req.raw, state));
  app.get('/portal_redirect', (c) => portal(c.req.raw, state));
  app.get('/logout', (c) => logout(c.req.raw, state));
  app.use('/emulator/*', async (c, next) => {
    if (isForeign(c.req.raw, state)) {
      return c.text('This form can only be sent from the emulator itself.', 403);
    }
    return next();
  });
  app.on(['GET', 'POST'], '/emulator/sign-in', (c) => signIn(c.req.raw, state));
  app.on(['GET', 'POST'], '/emulator/register', (c) => register(c.req.raw, state));
  app.post('/emulator/organization', (c) => organization(c.req.raw, state));
  app.notFound((c) => {
    const why = 'This address is not one that the local Kinde emulates.';
    const api = /^\/(api|account_api|oauth2)\//.test(c.req.path);
    if (api) {
      return c.json({ errors: [{ code: 'NOT_EMULATED', message: why }] }, 404);
    }
    return failurePage('There is nothing here', why, {}, { status: 404 });
  });
  app.onError((error) => oauthError('server_error', error.message, 500));
  return app;
}

function discovery(issuer: string): object {
  return {
    issuer,
    authorization_endpoint: `${issuer}/oauth2/auth`,
    token_endpoint: `${issuer}/oauth2/token`,
    userinfo_endpoint: `${issuer}/oauth2/v2/user_profile`,
    jwks_uri: `${issuer}/.well-known/jwks`,
    introspection_endpoint: `${issuer}/oauth2/introspect`,
    revocation_endpoint: `${issuer}/oauth2/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
    scopes_supported: ['address', 'email', 'offline', 'openid', 'phone', 'profile'],
    subject_types_supported: ['public'],
    response_modes_supported: ['form_post', 'query', 'fragment'],
    // More than works, there as here: only `code` is answered.
    response_types_supported: [
      ...[
        'code',
        'token',
        'id_token',
        'code token',
        'code id_token',
        'id_token token',
        'code id_token token',
      ],
    ],
    request_uri_parameter_supported: false,
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    kindling_emulator: true,
  };
}

/** Kinde's own session ends; the browser goes on only to a registered address. */
function logout(request: Request, state: State): Response {
  const target = new URL(request.url).searchParams.get('redirect');
  const allowed = state.applications.flatMap(({ logoutUris }) => logoutUris);
  if (target && !isAllowed(allowed, target)) {
    return failurePage(
      'This logout URL is not allowed',
      'The app asked to return to an address that is not registered. They must be equal, character by character.',
      {
        'Received redirect': [target],
        Allowed: allowed,
      },
    );
  }
  const headers = endSession(request, state);
  if (target) {
    return new Response(null, {
      status: 302,
      headers: {
        location: target,
        'cache-control': 'no-store',
        ...headers,
      },
    });
  }
  return loggedOutPage(headers);
}

/** The self-serve portal, which opens once per link. */
function portal(request: Request, state: State): Response {
  const key = new URL(request.url).searchParams.get('key') ?? '';
  const person = state.people.find(({ id }) => id === state.portalKeys.get(key));
  state.portalKeys.delete(key);
  if (person) {
    return portalPage(person);
  }
  return failurePage(
    'This link was used before',
    'Portal links work once. Ask the app for another.',
  );
}

async function revoke(request: Request, state: State): Promise<Response> {
  const form = await readForm(request);
  const application = form && authenticateClient(request, form, state);
  const refused = (code: string, message: string) =>
    Response.json({ errors: [{ code, message }] }, { status: 400, headers: NO_STORE });
  if (form && !application) {
    return oauthError('invalid_client', 'Client authentication failed.', 401);
  }
  const value = form?.get('token');
  if (!application || !value) {
    return refused('INVALID_REQUEST', 'A form with the token is needed.');
  }
  const refresh = state.refreshTokens.get(value);
  const claims = refresh ? undefined : await verified(value, state);
  const owner = refresh?.grant.clientId ?? claims?.['azp'] ?? application.clientId;
  if (owner !== application.clientId) {
    return refused('INVALID_TOKEN', 'The token was issued to another application (RFC 7009, 2.1).');
  }
  if (refresh) {
    refresh.grant.ended = true;
  } else if (claims) {
    state.revoked.add(value);
  }
  return new Response(null, { status: 200, headers: NO_STORE });
}

async function introspect(request: Request, state: State): Promise<Response> {
  const caller = await verified(bearer(request), state);
  if (!caller) {
    return oauthError('invalid_token', 'A valid bearer token is needed.', 401);
  }
  const value = (await readForm(request))?.get('token') ?? '';
  const refresh = state.refreshTokens.get(value);
  const usable = refresh && !refresh.grant.ended && refresh.replacedAt === undefined;
  const claims = refresh
    ? usable &&
      refresh.expiresAt > state.clock.now() && {
        aud: refresh.grant.audience,
        azp: refresh.grant.clientId,
        exp: refresh.expiresAt,
        iat: refresh.issuedAt,
      }
    : await verified(value, state);
  const answer = claims
    ? {
        active: true,
        aud: claims.aud,
        client_id: claims['azp'],
        exp: claims.exp,
        iat: claims.iat,
      }
    : { active: false };
  return Response.json(answer, { headers: NO_STORE });
}

/** Only an access token opens it: an ID token is signed by the same key but says something else. */
async function userProfile(
  request: Request,
  state: State,
  shape: (state: State, person: Person) => object,
): Promise<Response> {
  const claims = await verified(bearer(request), state);
  const person = claims && 'scp' in claims && state.people.find(({ id }) => id === claims.sub);
  if (person) {
    return Response.json(shape(state, person), { headers: NO_STORE });
  }
  return oauthError('invalid_token', 'The access token is not valid.', 401);
}

function bearer(request: Request): string {
  return /^Bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
}

function legacyProfile(
  _state: State,
  { id, email, providedId, givenName, familyName, picture }: Person,
): object {
  return {
    id,
    preferred_email: email ?? null,
    provided_id: providedId ?? null,
    first_name: givenName ?? null,
    last_name: familyName ?? null,
    picture: picture ?? null,
  };
}

async function verified(jwt: string, state: State): Promise<JWTPayload | undefined> {
  if (state.revoked.has(jwt)) {
    return undefined;
  }
  const options = {
    issuer: state.issuer,
    algorithms: ['RS256'],
    currentDate: new Date(state.clock.now() * 1000),
  };
  const result = await jwtVerify(jwt, state.key.find, options).catch(() => undefined);
  if (state.issued.get(result?.payload.jti ?? '')?.ended) {
    return undefined;
  }
  return result?.payload;
}
