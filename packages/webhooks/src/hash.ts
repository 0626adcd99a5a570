import { base64url } from 'jose';

/** SHA-256 of a text in base64url: an id of one length and alphabet. */
export async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return base64url.encode(new Uint8Array(digest));
}
