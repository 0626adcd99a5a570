import { createLocalJWKSet, type JWK, type JWTVerifyGetKey } from 'jose';
import { createKey, openKey, type KeptKey } from '../identity/signing-key.js';
import type { State } from './state.js';

/** The public keys that tokens may be signed with now: the current one first. */
export function publishedKeys({ clock, identity, key }: State): JWK[] {
  const now = clock.now();
  const retired = identity.keys.slice(1).filter(({ until = 0 }) => until > now);
  return [key.jwk, ...retired.map((kept) => openKey(kept).jwk)];
}

/** Finds the key for a token's header among the published ones. */
export function keySet(state: State): JWTVerifyGetKey {
  if (state.identity.keys.length === 1) {
    return state.key.find;
  }
  return createLocalJWKSet({ keys: publishedKeys(state) });
}

/**
 * Replaces the signing key. The old one stays published for `keepOld` seconds; with 0, tokens signed by it no longer verify.
 * Returns the new key's id.
 */
export async function rotateKeys(state: State, keepOld = 0): Promise<string> {
  const key = await createKey();
  useKey(state, key, keepOld);
  state.journal.append({ kind: 'keys', kid: key.kid, keepOld });
  return key.kid;
}

/** Signs with another key from now on. */
export function useKey(state: State, key: KeptKey, keepOld = 0): void {
  const { clock, identity } = state;
  const until = clock.now() + keepOld;
  const [replaced, ...others] = identity.keys;
  const kept = [...(replaced ? [{ ...replaced, until }] : []), ...others];
  identity.keys = [key, ...kept.filter((one) => (one.until ?? 0) > clock.now())];
  state.key = openKey(key);
}
