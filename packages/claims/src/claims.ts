import { read, type Claims } from './read.js';

/** Names the token that a claim is read from. */
export type TokenType = 'access_token' | 'id_token';

/** The answer about one claim. */
export interface ClaimAnswer {
  /** The name that was asked for. */
  readonly name: string;
  /** The value; `null` when the token does not have the claim. */
  readonly value: unknown;
}

/** Reads a claim by its own name or its Hasura name. Several `aud` entries stay an array. */
export function getClaim(claims: Claims, name: string): ClaimAnswer {
  return { name, value: read(claims, name) ?? null };
}
