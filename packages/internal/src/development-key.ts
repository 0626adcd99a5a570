/** RFC 7638 thumbprints (SHA-256) of keys whose private half is published: anybody can sign with them. */
const PUBLISHED: readonly string[] = ['qfwWqHFDO3IA3pGyihh-PzQlVq0ojNTYfmVeZheVKow'];

/** Checks for the id of a key of a local Kinde, by whose tokens nobody may be signed in in production. */
export function isInsecureKeyId(kid: unknown): boolean {
  return typeof kid === 'string' && kid.startsWith('insecure-');
}

/**
 * Checks for a published development key, whatever its `kid` says.
 * @param hash SHA-256 of a text in base64url
 */
export async function isPublishedKey(
  { e, kty, n }: Readonly<Record<'e' | 'kty' | 'n', string>>,
  hash: (text: string) => Promise<string>,
): Promise<boolean> {
  // RFC 7638, 3: the required members, in the order of their names.
  return PUBLISHED.includes(await hash(JSON.stringify({ e, kty, n })));
}
