import type { State } from '../state/state.js';
import { bearerToken, verifyToken } from './access-token.js';
import { authenticateClient, NO_STORE, oauthError, readForm } from './client-auth.js';

export async function revoke(request: Request, state: State): Promise<Response> {
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
  const claims = refresh ? undefined : await verifyToken(value, state);
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

export async function introspect(request: Request, state: State): Promise<Response> {
  const caller = await verifyToken(bearerToken(request), state);
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
    : await verifyToken(value, state);
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
