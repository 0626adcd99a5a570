import { jwtVerify } from 'jose';
import type { State } from '../state/state.js';
import { refused } from './envelope.js';

/** What the caller's token may do. Bad credentials are 403 at Kinde, never 401, and are looked at before the route. */
export async function authenticate(
  request: Request,
  state: State,
): Promise<readonly string[] | Response> {
  const header = request.headers.get('authorization');
  if (header === null) {
    return denied('INVALID_AUTHORIZATION_HEADER', 'Invaild authorization header');
  }

  const token = /^bearer +(\S+)$/i.exec(header)?.[1];
  if (token?.split('.').length !== 3) {
    return denied('TOKEN_INVALID', 'token contains an invalid number of segments');
  }
  try {
    const { payload } = await jwtVerify(token, state.key.find, {
      issuer: state.issuer,
      audience: `${state.issuer}/api`,
      currentDate: new Date(state.clock.now() * 1000),
      requiredClaims: ['exp'],
    });
    const { scp, gty, jti } = payload as {
      scp?: unknown;
      gty?: unknown;
      jti?: string;
    };
    if (
      !Array.isArray(gty) ||
      !gty.includes('client_credentials') ||
      !Array.isArray(scp) ||
      state.revoked.has(token)
    ) {
      return denied('TOKEN_INVALID', 'token is not one of an application');
    }
    if (jti === undefined) {
      return denied('TOKEN_INVALID', 'token has no id');
    }
    return scp as string[];
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_JWKS_NO_MATCHING_KEY') {
      return denied(
        'TOKEN_INVALID',
        'the JWT has an invalid kid: could not find kid in JWT header',
      );
    }
    return denied(
      'TOKEN_INVALID',
      code === 'ERR_JWT_EXPIRED' ? 'token is expired' : 'token is not valid here',
    );
  }
}

export function denied(code: string, message: string): Response {
  return refused(403, [
    { code: 'INVALID_CREDENTIALS', message: 'Invalid credentials used to access API' },
    { code, message },
  ]);
}
