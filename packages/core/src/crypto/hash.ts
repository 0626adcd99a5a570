import { nodeCrypto, toBase64url, utf8 } from './node.js';

/** SHA-256 of a text in base64url: a name for a value that nobody can guess, from which the value cannot be found. */
export async function hash(value: string): Promise<string> {
  return toBase64url(await digest(value));
}

/** A text for each purpose, derived from one secret. None of them tells another one or the secret. */
export async function derive<Purpose extends string>(
  secret: string,
  purposes: readonly Purpose[],
): Promise<Record<Purpose, string>> {
  const derived = purposes.map(
    async (purpose) => [purpose, await hash(`${purpose} ${secret}`)] as const,
  );
  return Object.fromEntries(await Promise.all(derived)) as Record<Purpose, string>;
}

/** SHA-256 of a text. */
export async function digest(value: string): Promise<Uint8Array> {
  if (nodeCrypto) {
    return nodeCrypto.createHash('sha256').update(value).digest();
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(value)));
}

/** Compares two texts in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) {
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index % (b.length || 1));
  }
  return difference === 0;
}
