import type { State } from '../state/state.js';
import { bearerToken, verifyToken } from './access-token.js';
import { authenticateClient, NO_STORE, oauthError, readForm } from './client-auth.js';

/** POST /oauth2/revoke (RFC 7009): a refresh token with its whole grant, or one access token. */
export async function revoke(request: Request, state: State): Promise<Response> {
  const form = await readForm(request);
  const value = form?.get('token');
  const application = form && authenticateClient(request, form, state);
  if (form && !application) {
    return oauthError('invalid_client', 'Client authentication failed.', 401);
  }
  if (!application || !value) {
    return revocationError('INVALID_REQUEST', 'A form with the token is needed.');
  }
  if (!(await revokeToken(value, application.clientId, state))) {
    const why = 'The token was issued to another application (RFC 7009, 2.1).';
    return revocationError('INVALID_TOKEN', why);
  }
  return new Response(null, { status: 200, headers: NO_STORE });
}

function revocationError(code: string, message: string): Response {
  return Response.json({ errors: [{ code, message }] }, { status: 400, headers: NO_STORE });
}

/** Whether the token may be revoked by this client. An unknown token is, too, without effect. */
async function revokeToken(value: string, clientId: string, state: State): Promise<boolean> {
  const refresh = state.refreshTokens.get(value);
  if (refresh) {
    const grant = state.grants.get(refresh.grantId);
    const isOwn = grant?.clientId === clientId;
    if (grant && isOwn) {
      grant.ended = true;
    }
    return isOwn;
  }
  const claims = await verifyToken(value, state);
  const owner = claims?.['azp'] ?? clientId;
  if (claims && owner === clientId) {
    state.revoked.add(value);
  }
  return owner === clientId;
}

/** POST /oauth2/introspect (RFC 7662), for the bearer of any valid token. */
export async function introspect(request: Request, state: State): Promise<Response> {
  const caller = await verifyToken(bearerToken(request), state);
  if (!caller) {
    return oauthError('invalid_token', 'A valid bearer token is needed.', 401);
  }
  const form = await readForm(request);
  const claims = await activeClaims(form?.get('token') ?? '', state);
  if (!claims) {
    return Response.json({ active: false }, { headers: NO_STORE });
  }
  const { aud, azp, exp, iat } = claims;
  const body = {
    active: true,
    aud,
    client_id: azp,
    exp,
    iat,
  };
  return Response.json(body, { headers: NO_STORE });
}

/** Claims of a token that works. A replaced refresh token counts as one that does not, the overlap notwithstanding. */
async function activeClaims(
  value: string,
  state: State,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const refresh = state.refreshTokens.get(value);
  if (!refresh) {
    return verifyToken(value, state);
  }
  const { grantId, issuedAt, expiresAt, replacedAt } = refresh;
  const grant = state.grants.get(grantId);
  if (!grant || grant.ended || replacedAt !== undefined || expiresAt <= state.clock.now()) {
    return undefined;
  }
  return {
    aud: grant.audience,
    azp: grant.clientId,
    exp: expiresAt,
    iat: issuedAt,
  };
}
