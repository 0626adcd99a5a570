import { hash } from '../crypto/hash.js';
import type { OAuthConfig } from './config.js';
import type { LoginChecks } from './contract.js';

/** What one login asks for, beside the options of the app. */
export interface AuthorizationRequest {
  readonly checks: LoginChecks;
  /** Parameters of this login, as Kinde names them. */
  readonly params: Readonly<Record<string, string>>;
  /** API identifiers that the access token is for. */
  readonly audience: readonly string[];
}

/** The address at Kinde where a login starts: code flow with PKCE (RFC 6749 4.1.1, RFC 7636 4.3). */
export async function authorizationUrl(
  endpoint: string,
  { clientId, redirectUri, scope }: OAuthConfig,
  { checks, params, audience }: AuthorizationRequest,
): Promise<URL> {
  const url = new URL(endpoint);
  const query = new URLSearchParams({
    ...params,
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    state: checks.state,
    nonce: checks.nonce,
    code_challenge: await hash(checks.codeVerifier),
    code_challenge_method: 'S256',
  });
  for (const api of audience) {
    query.append('audience', api);
  }
  url.search = query.toString();
  return url;
}
