import { read, text, texts, type Claims } from './read.js';

/** Scopes that an access token was granted: Kinde's `scp` array or the standard `scope` text. */
export function getScopes(claims: Claims): readonly string[] {
  const listed = texts(read(claims, 'scp'));
  if (listed.length > 0) {
    return listed;
  }
  return text(read(claims, 'scope'))?.split(' ').filter(Boolean) ?? [];
}
