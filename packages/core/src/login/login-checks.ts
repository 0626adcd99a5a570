import { base64url } from 'jose';
import type { LoginChecks } from '../oauth/client.js';
import { derive } from '../crypto/hash.js';

/** 32 random bytes in base64url, from which the checks of one login are made: its cookie keeps this one instead of three. */
export function createLoginSecret(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
}

/**
 * State, nonce and PKCE verifier (RFC 7636: 43 characters) of a login. The time in front of the state, in Unix seconds, lets
 * the oldest of several pending logins be told without opening them.
 */
export async function createLoginChecks(
  secret: string,
  startedAt: number,
): Promise<Omit<LoginChecks, 'maxAge'>> {
  const derived = await derive(secret, ['state', 'nonce', 'code_verifier']);
  return {
    state: startedAt.toString(36).padStart(7, '0') + derived.state,
    nonce: derived.nonce,
    codeVerifier: derived.code_verifier,
  };
}
