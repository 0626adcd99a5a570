import { read, text, texts, type Claims } from './read.js';

/** Lists the scopes of an access token: Kinde's `scp` array, else the standard `scope` text (RFC 9068, 2.2.3). */
export function getScopes(claims: Claims): readonly string[] {
  const listed = texts(read(claims, 'scp'));
  if (listed.length > 0) {
    return listed;
  }
  return text(read(claims, 'scope'))?.split(' ').filter(Boolean) ?? [];
}
