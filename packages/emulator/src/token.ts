import { createHash } from 'node:crypto';
import { accessClaims, idClaims, LIFETIMES, machineClaims } from './claims.js';
import { signJwt } from './keys.js';
import { equal } from './password.js';
import type { SeedApplication } from './seed.js';
import { remember, secret, type Grant, type State } from './state.js';
import { refusalOf, scopesFor } from './tenant.js';

/** Headers of every answer that carries a token or says something about one. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** An OAuth error as Kinde's token endpoint gives it (RFC 6749 5.2). */
export function oauthError(error: string, description: string, status = 400): Response {
  const challenge = {
    invalid_client: 'Basic realm="Kinde"',
    invalid_token: 'Bearer error="invalid_token"',
  }[error];
  const headers = { ...NO_STORE, ...(challenge && { 'www-authenticate': challenge }) };
  return Response.json({ error, error_description: description }, { status, headers });
}

/** POST /oauth2/token */
export async function token(request: Request, state: State): Promise<Response> {
  const form = await readForm(request);
  if (!form) {
    return oauthError('invalid_request', 'The request must be a form, every parameter once.');
  }
  const application = authenticateClient(request, form, state);
  if (!application) {
    return oauthError('invalid_client', 'Client authentication failed.', 401);
  }
  switch (form.get('grant_type')) {
    case 'authorization_code':
      return redeemCode(form, application, state);
    case 'refresh_token':
      return refresh(form, application, state);
    case 'client_credentials':
      return clientCredentials(form, application, state);
    case null:
      return oauthError('invalid_request', 'A grant_type is needed.');
    default:
      return oauthError(
        'unsupported_grant_type',
        'Supported are authorization_code, refresh_token and client_credentials.',
      );
  }
}

/** The parameters of a form request, or nothing where it is no form or names one twice (`audience` may repeat). */
export async function readForm(request: Request): Promise<URLSearchParams | undefined> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '')) {
    return undefined;
  }
  const form = new URLSearchParams(await request.text());
  const repeated = [...new Set(form.keys())].some(
    (name) => name !== 'audience' && form.getAll(name).length > 1,
  );
  return repeated ? undefined : form;
}

/** The application that proved itself by body or Basic header; public ones need only their id. */
export function authenticateClient(
  request: Request,
  form: URLSearchParams,
  state: State,
): SeedApplication | undefined {
  const [basicId, basicSecret] = readBasic(request.headers.get('authorization') ?? '');
  const id = basicId ?? form.get('client_id');
  const given = basicSecret ?? form.get('client_secret') ?? '';
  const application = state.applications.find(({ clientId }) => clientId === id);
  if (application && equal(application.clientSecret ?? '', given)) {
    return application;
  }
  return undefined;
}

/** Both parts are form-encoded before they are joined (RFC 6749 2.3.1). */
function readBasic(header: string): [id?: string, secret?: string] {
  const basic = /^Basic +(.+)$/i.exec(header)?.[1];
  if (!basic) {
    return [];
  }
  const [id = '', ...rest] = Buffer.from(basic, 'base64').toString().split(':');
  const decode = (text: string) =>
    new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
  return [decode(id), decode(rest.join(':'))];
}

async function redeemCode(
  form: URLSearchParams,
  application: SeedApplication,
  state: State,
): Promise<Response> {
  if (!form.get('code')) {
    return oauthError('invalid_request', 'A code is needed.');
  }
  const code = state.codes.get(form.get('code')!);
  if (!code || code.grant.clientId !== application.clientId) {
    return oauthError('invalid_grant', 'The authorization code is unknown.');
  }
  if (code.used) {
    code.grant.ended = true;
    return oauthError('invalid_grant', 'The authorization code was used before.');
  }
  if (code.expiresAt <= state.clock.now()) {
    return oauthError('invalid_grant', 'The authorization code has expired.');
  }
  code.used = true;
  if (code.redirectUri !== form.get('redirect_uri')) {
    return oauthError('invalid_grant', 'redirect_uri is not the one of the authorization request.');
  }
  const verifier = form.get('code_verifier');
  if ((code.challenge ?? null) !== (verifier === null ? null : challengeOf(verifier))) {
    return oauthError('invalid_grant', 'The PKCE verifier does not match.');
  }
  const refusal = refusalOf(state, code.grant);
  if (refusal) {
    return oauthError('invalid_grant', refusal);
  }
  return issue(code.grant, application, { state, first: true });
}

async function refresh(
  form: URLSearchParams,
  application: SeedApplication,
  state: State,
): Promise<Response> {
  if (!form.get('refresh_token')) {
    return oauthError('invalid_request', 'A refresh_token is needed.');
  }
  const found = state.refreshTokens.get(form.get('refresh_token')!);
  const now = state.clock.now();
  if (
    !found ||
    found.grant.clientId !== application.clientId ||
    found.grant.ended ||
    found.expiresAt <= now
  ) {
    return oauthError('invalid_grant', 'The refresh token is unknown, has expired or was revoked.');
  }
  const refusal = refusalOf(state, found.grant);
  if (refusal) {
    return oauthError('invalid_grant', refusal);
  }
  if (found.replacedAt !== undefined) {
    state.reuse += 1;
  }
  if (found.replacedAt !== undefined && now >= found.replacedAt + state.overlap) {
    found.grant.ended = true;
    return oauthError('invalid_grant', 'The refresh token was used before.');
  }
  found.replacedAt ??= now;
  return issue(found.grant, application, { state, first: false });
}

async function clientCredentials(
  form: URLSearchParams,
  application: SeedApplication,
  state: State,
): Promise<Response> {
  if (!application.clientSecret) {
    return oauthError('unauthorized_client', 'This application has no secret.');
  }
  const audience = form
    .getAll('audience')
    .flatMap((value) => value.split(' '))
    .filter(Boolean);
  const known = audience.map((api) => scopesFor(state, application, api));
  if (known.includes(undefined)) {
    return oauthError('invalid_request', 'This application is not authorized for that audience.');
  }
  const asked = form.get('scope')?.split(' ').filter(Boolean) ?? [];
  const granted = known.flatMap((scopes) => scopes ?? []);
  const scope = asked.length > 0 ? asked : granted;
  if (scope.some((one) => !granted.includes(one))) {
    return oauthError('invalid_scope', 'A scope is not one of the audience.');
  }
  const claims = machineClaims(state, application, { audience, scope });
  const body = {
    access_token: await signJwt(state.key, claims),
    expires_in: lifetime(application),
    scope: scope.join(' '),
    token_type: 'bearer',
  };
  return Response.json(body, { headers: NO_STORE });
}

async function issue(
  grant: Grant,
  application: SeedApplication,
  { state, first }: { state: State; first: boolean },
): Promise<Response> {
  const now = state.clock.now();
  const access =
    reusable(grant, application, state) ?? (await newAccessToken(grant, application, state));
  grant.accessToken = access;
  const offline = grant.scope.includes('offline');
  const refreshToken = secret(32);
  const expiresAt =
    now + (application.tokens?.refreshTokenLifetime ?? LIFETIMES.refreshTokenLifetime);
  if (offline) {
    remember(state.refreshTokens, refreshToken, {
      grant,
      issuedAt: now,
      expiresAt,
    });
  }
  Object.assign(grant, { usedAt: now, expiresAt: offline ? expiresAt : access.expiresAt });
  const id =
    grant.scope.includes('openid') &&
    (await signJwt(
      state.key,
      idClaims(state, grant, application, { accessToken: access.token, first }),
    ));
  const body = {
    access_token: access.token,
    ...(id && { id_token: id }),
    ...(offline && { refresh_token: refreshToken }),
    expires_in: access.expiresAt - now,
    scope: grant.scope.join(' '),
    token_type: 'bearer',
  };
  return Response.json(body, { headers: NO_STORE });
}

/**
 * The access token that a refresh answers with again: not one that nobody could verify any more, nor one that says what is
 * no longer true, as if `refresh_claims` had been called for every change.
 */
function reusable(grant: Grant, application: SeedApplication, state: State): Grant['accessToken'] {
  const { accessToken } = grant;
  if (!state.refreshReturnsSame || !accessToken || accessToken.expiresAt <= state.clock.now()) {
    return undefined;
  }
  const stale = accessToken.kid !== state.key.jwk.kid || accessToken.issuer !== state.issuer;
  const outdated = accessToken.says !== saying(accessClaims(state, grant, application));
  if (stale || outdated || state.revoked.has(accessToken.token)) {
    return undefined;
  }
  return accessToken;
}

async function newAccessToken(grant: Grant, application: SeedApplication, state: State) {
  const claims = accessClaims(state, grant, application);
  const { key, issuer } = state;
  remember(state.issued, claims['jti'] as string, grant);
  const expiresAt = claims['exp'] as number;
  return {
    token: await signJwt(key, claims),
    kid: key.jwk.kid!,
    issuer,
    expiresAt,
    says: saying(claims),
  };
}

/** What claims say, apart from when and which token. */
function saying({ iat: _iat, exp: _exp, jti: _jti, ...claims }: Record<string, unknown>): string {
  return JSON.stringify(claims);
}

function lifetime({ tokens }: SeedApplication): number {
  return tokens?.accessTokenLifetime ?? LIFETIMES.accessTokenLifetime;
}

function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
