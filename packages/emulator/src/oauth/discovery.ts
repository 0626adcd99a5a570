import { publishedKeys } from '../state/keys.js';
import type { State } from '../state/state.js';
import { PROMPTS } from './prompt.js';

/** The discovery document (OpenID Connect Discovery 1.0): it promises what is kept, and not all that Kinde's prints. */
export function discovery(_request: Request, { issuer }: State): Response {
  return Response.json({
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
    response_modes_supported: ['query'],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    prompt_values_supported: PROMPTS,
    request_uri_parameter_supported: false,
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    kindling_emulator: true,
    kindling_emulator_flows: `${issuer}/emulator/sign-ins/of/{state_hash}`,
  });
}

/** The public keys. Requests for them need no credentials, and Kinde refuses those that have some. */
export function keys(request: Request, state: State): Response {
  if (request.headers.has('authorization')) {
    return Response.json({ error: 'forbidden' }, { status: 403 });
  }
  return Response.json({ keys: publishedKeys(state) });
}
