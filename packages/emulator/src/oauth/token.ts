import { createHash } from 'node:crypto';
import { signJwt } from '../identity/signing-key.js';
import { remember } from '../state/ids.js';
import { denialReason } from '../state/sign-ins.js';
import type { Application, Grant, State } from '../state/state.js';
import { accessClaims, idClaims, LIFETIMES, machineClaims } from './claims.js';
import { authenticateClient, NO_STORE, oauthError, readForm } from './client-auth.js';
import { scopesFor } from './scopes.js';

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

async function redeemCode(
  form: URLSearchParams,
  application: Application,
  state: State,
): Promise<Response> {
  const value = form.get('code');
  if (!value) {
    return oauthError('invalid_request', 'A code is needed.');
  }
  const found = heldBy(application, state.codes.get(value), state);
  if (!found) {
    return oauthError('invalid_grant', 'The authorization code is unknown.');
  }
  const { held: code, grant } = found;
  if (code.used) {
    grant.ended = true;
    return oauthError('invalid_grant', 'The authorization code was used before.');
  }
  if (grant.ended) {
    return oauthError('invalid_grant', 'The sign-in of the authorization code was ended.');
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
  const refusal = denialReason(state, grant);
  if (refusal) {
    return oauthError('invalid_grant', refusal);
  }
  return issueTokens(grant, application, { state, first: true });
}

async function refresh(
  form: URLSearchParams,
  application: Application,
  state: State,
): Promise<Response> {
  const value = form.get('refresh_token');
  if (!value) {
    return oauthError('invalid_request', 'A refresh_token is needed.');
  }
  const found = heldBy(application, state.refreshTokens.get(value), state);
  const now = state.clock.now();
  if (!found || found.grant.ended || found.held.expiresAt <= now) {
    return oauthError('invalid_grant', 'The refresh token is unknown, has expired or was revoked.');
  }
  const { held: token, grant } = found;
  const refusal = denialReason(state, grant);
  if (refusal) {
    return oauthError('invalid_grant', refusal);
  }
  if (token.replacedAt !== undefined) {
    state.reuse += 1;
    if (now >= token.replacedAt + state.overlap) {
      grant.ended = true;
      return oauthError('invalid_grant', 'The refresh token was used before.');
    }
  }
  token.replacedAt ??= now;
  return issueTokens(grant, application, { state, first: false });
}

/** What was handed out to this application, and the sign-in that it is for. */
function heldBy<Held extends { readonly grantId: string }>(
  { clientId }: Application,
  held: Held | undefined,
  { grants }: State,
): { held: Held; grant: Grant } | undefined {
  const grant = grants.get(held?.grantId ?? '');
  return held && grant?.clientId === clientId ? { held, grant } : undefined;
}

async function clientCredentials(
  form: URLSearchParams,
  application: Application,
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

async function issueTokens(
  grant: Grant,
  application: Application,
  { state, first }: { state: State; first: boolean },
): Promise<Response> {
  const now = state.clock.now();
  const access =
    reusableAccessToken(grant, application, state) ??
    (await newAccessToken(grant, application, state));
  grant.accessToken = access;
  const offline = grant.scope.includes('offline');
  const refreshToken = state.random.secret(32);
  const expiresAt =
    now + (application.tokens?.refreshTokenLifetime ?? LIFETIMES.refreshTokenLifetime);
  if (offline) {
    remember(state.refreshTokens, refreshToken, {
      grantId: grant.id,
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
function reusableAccessToken(
  grant: Grant,
  application: Application,
  state: State,
): Grant['accessToken'] {
  const { accessToken } = grant;
  if (!state.refreshReturnsSame || !accessToken || accessToken.expiresAt <= state.clock.now()) {
    return undefined;
  }
  const stale = accessToken.kid !== state.key.jwk.kid || accessToken.issuer !== state.issuer;
  const outdated = accessToken.says !== fingerprint(accessClaims(state, grant, application));
  if (stale || outdated || state.revoked.has(accessToken.token)) {
    return undefined;
  }
  return accessToken;
}

async function newAccessToken(grant: Grant, application: Application, state: State) {
  const claims = accessClaims(state, grant, application);
  const { key, issuer } = state;
  remember(state.issued, claims['jti'] as string, grant.id);
  const expiresAt = claims['exp'] as number;
  return {
    token: await signJwt(key, claims),
    kid: key.jwk.kid!,
    issuer,
    expiresAt,
    says: fingerprint(claims),
  };
}

/** Claims as text, without those that differ in every token. */
function fingerprint({
  iat: _iat,
  exp: _exp,
  jti: _jti,
  ...claims
}: Record<string, unknown>): string {
  return JSON.stringify(claims);
}

function lifetime({ tokens }: Application): number {
  return tokens?.accessTokenLifetime ?? LIFETIMES.accessTokenLifetime;
}

/** The challenge of a PKCE verifier by S256 (RFC 7636 4.2). */
export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}
