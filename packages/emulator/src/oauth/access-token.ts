import { jwtVerify, type JWTPayload } from 'jose';
import { keySet } from '../state/keys.js';
import type { State } from '../state/state.js';

export function bearerToken(request: Request): string {
  return /^Bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? '';
}

export async function verifyToken(jwt: string, state: State): Promise<JWTPayload | undefined> {
  if (state.revoked.has(jwt)) {
    return undefined;
  }
  const options = {
    issuer: state.issuer,
    algorithms: ['RS256'],
    currentDate: new Date(state.clock.now() * 1000),
  };
  const result = await jwtVerify(jwt, keySet(state), options).catch(() => undefined);
  const grantId = state.issued.get(result?.payload.jti ?? '');
  if (grantId !== undefined && state.grants.get(grantId)?.ended !== false) {
    return undefined;
  }
  return result?.payload;
}
