import { jwtVerify, type JWTPayload } from 'jose';
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
  const result = await jwtVerify(jwt, state.key.find, options).catch(() => undefined);
  if (state.issued.get(result?.payload.jti ?? '')?.ended) {
    return undefined;
  }
  return result?.payload;
}
