import { jwtVerify } from 'jose';
import { keySet } from '../state/keys.js';
import type { State } from '../state/state.js';
import { refused } from './envelope.js';

/** Claims of a token that decide what its bearer may do. */
interface MachineClaims {
  readonly scp?: unknown;
  readonly gty?: unknown;
  readonly jti?: string;
}

/** Scopes of the caller's token. Bad credentials are 403 at Kinde, never 401, and are checked before the route. */
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
    const { payload } = await jwtVerify<MachineClaims>(token, keySet(state), {
      issuer: state.issuer,
      audience: `${state.issuer}/api`,
      currentDate: new Date(state.clock.now() * 1000),
      requiredClaims: ['exp'],
    });
    return state.revoked.has(token) ? notOfApplication() : scopesIn(payload);
  } catch (error) {
    return denied('TOKEN_INVALID', reasonOf(error as { code?: string }));
  }
}

function scopesIn({ scp, gty, jti }: MachineClaims): readonly string[] | Response {
  const isMachine = Array.isArray(gty) && gty.includes('client_credentials');
  if (!isMachine || !Array.isArray(scp)) {
    return notOfApplication();
  }
  if (jti === undefined) {
    return denied('TOKEN_INVALID', 'token has no id');
  }
  return scp as string[];
}

function notOfApplication(): Response {
  return denied('TOKEN_INVALID', 'token is not one of an application');
}

function reasonOf({ code }: { code?: string }): string {
  switch (code) {
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'the JWT has an invalid kid: could not find kid in JWT header';
    case 'ERR_JWT_EXPIRED':
      return 'token is expired';
    default:
      return 'token is not valid here';
  }
}

function denied(code: string, message: string): Response {
  return refused(403, [
    { code: 'INVALID_CREDENTIALS', message: 'Invalid credentials used to access API' },
    { code, message },
  ]);
}
