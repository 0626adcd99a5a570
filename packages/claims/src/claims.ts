import { read, type Claims } from './read.js';

/** Which of a person's two tokens to read. */
export type TokenType = 'access_token' | 'id_token';

/** One claim: `value` is `null` when the token does not carry it. */
export interface ClaimAnswer {
  readonly name: string;
  readonly value: unknown;
}

/** One claim under its own name or its Hasura name. Several `aud` entries stay an array. */
export function getClaim(claims: Claims, name: string): ClaimAnswer {
  return { name, value: read(claims, name) ?? null };
}
