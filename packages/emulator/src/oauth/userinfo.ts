import type { Person } from '../state/people.js';
import { findPerson } from '../state/sign-ins.js';
import type { State } from '../state/state.js';
import { bearerToken, verifyToken } from './access-token.js';
import { profileOf } from './claims.js';
import { NO_STORE, oauthError } from './client-auth.js';

/** GET or POST /oauth2/v2/user_profile: what the granted scopes let an app see. */
export function profileV2(request: Request, state: State): Promise<Response> {
  return answer(request, state, (person, scope) => profileOf(state, person, scope));
}

/** GET /oauth2/user_profile, its predecessor, which knows no scopes. */
export function profileV1(request: Request, state: State): Promise<Response> {
  return answer(request, state, oldProfileOf);
}

/** Answers access tokens: an ID token has the same key but no `scp`. */
async function answer(
  request: Request,
  state: State,
  shape: (person: Person, scope: readonly string[]) => object,
): Promise<Response> {
  const claims = await verifyToken(bearerToken(request), state);
  const scope = claims?.['scp'];
  const person = Array.isArray(scope) && claims?.sub && findPerson(state, claims.sub);
  if (person) {
    return Response.json(shape(person, scope as string[]), { headers: NO_STORE });
  }
  return oauthError('invalid_token', 'The access token is not valid.', 401);
}

function oldProfileOf({ id, email, providedId, givenName, familyName, picture }: Person): object {
  return {
    id,
    preferred_email: email ?? null,
    provided_id: providedId ?? null,
    first_name: givenName ?? null,
    last_name: familyName ?? null,
    picture: picture ?? null,
  };
}
