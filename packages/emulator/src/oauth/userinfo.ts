import type { Person } from '../state/people.js';
import { findPerson } from '../state/sign-ins.js';
import type { State } from '../state/state.js';
import { bearerToken, verifyToken } from './access-token.js';
import { NO_STORE, oauthError } from './client-auth.js';

/** GET /oauth2/v2/user_profile and its predecessor, for access tokens: an ID token has the same key but no `scp`. */
export async function userInfo(
  request: Request,
  state: State,
  shape: (state: State, person: Person) => object,
): Promise<Response> {
  const claims = await verifyToken(bearerToken(request), state);
  const person = claims && 'scp' in claims && findPerson(state, claims.sub ?? '');
  if (person) {
    return Response.json(shape(state, person), { headers: NO_STORE });
  }
  return oauthError('invalid_token', 'The access token is not valid.', 401);
}

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
