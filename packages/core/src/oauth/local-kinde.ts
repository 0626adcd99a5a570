import { digest } from '../crypto/hash.js';
import type { Verifier } from './verify.js';

/** The part of an address that a local Kinde leaves open, and the characters that an address may have. */
const OPEN = '{state_hash}';
const LONGEST = 2048;

/**
 * The address at which a local Kinde shows the sign-in with this `state`, or the newest one of this client. It is made of
 * somebody's text, so it must be on the issuer. Nothing is fetched.
 */
export async function inspectionUrl(
  { config, provider }: Verifier,
  state: string | undefined,
): Promise<string | undefined> {
  const template = provider.current()?.kindling_emulator_flows;
  if (config.production || typeof template !== 'string' || template.length > LONGEST) {
    return undefined;
  }
  const name = state === undefined ? 'latest' : await shortHash(state);
  const address = template.replace(OPEN, name);
  if (address === template || !isOnIssuer(address, config.issuer)) {
    return undefined;
  }
  const url = new URL(address);
  if (state === undefined) {
    url.searchParams.set('client_id', config.clientId);
  }
  return url.href;
}

function isOnIssuer(address: string, issuer: string): boolean {
  if (!URL.canParse(address)) {
    return false;
  }
  const { origin, protocol, username, password } = new URL(address);
  const isWeb = /^https?:$/.test(protocol) && username === '' && password === '';
  return isWeb && origin === new URL(issuer).origin;
}

/** The first 16 hexadecimal digits of SHA-256: a `state` itself is not shown. */
async function shortHash(state: string): Promise<string> {
  const bytes = [...(await digest(state)).subarray(0, 8)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
