import type { Person } from '../state/people.js';
import { findPerson } from '../state/sign-ins.js';
import type { State } from '../state/state.js';
import { bearerToken, verifyToken } from './access-token.js';
import { NO_STORE, oauthError } from './client-auth.js';

/** GET or POST /oauth2/v2/user_profile and its predecessor, for access tokens: an ID token has the same key but no `scp`. */
export async function userInfo(
  request: Request,
  state: State,
  shape: (state: State, person: Person, scope: readonly string[]) => object,
): Promise<Response> {
  const claims = await verifyToken(bearerToken(request), state);
  const scope = claims?.['scp'];
  const person = Array.isArray(scope) && claims?.sub && findPerson(state, claims.sub);
  if (person) {
    return Response.json(shape(state, person, scope as string[]), { headers: NO_STORE });
  }
  return oauthError('invalid_token', 'The access token is not valid.', 401);
}

/** The older profile, which knows no scopes. */
export function profileV1(
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
