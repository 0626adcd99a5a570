import type { State } from '../state/state.js';
import { isRegistered } from './redirect-uri.js';

/** Headers that apps in a browser send: those of Kinde's SDKs among them. */
const ALLOWED_HEADERS = 'authorization, content-type, kinde-sdk';
/** Seconds for which a browser may remember the answer. */
const MAX_AGE = '600';

/** The answer to a preflight request: 204, which allows something only to origins of public clients. */
export function preflight(request: Request, state: State): Response {
  const allowed = corsHeaders(request, state);
  const headers = {
    ...allowed,
    ...('access-control-allow-origin' in allowed && {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': ALLOWED_HEADERS,
      'access-control-max-age': MAX_AGE,
    }),
  };
  return new Response(null, { status: 204, headers });
}

/**
 * Headers that let a page of another origin read a response: where an application without a secret has a callback there, and
 * never with cookies.
 */
export function corsHeaders(
  request: Request,
  { applications }: State,
): { readonly vary: string; readonly 'access-control-allow-origin'?: string } {
  const origin = request.headers.get('origin') ?? '';
  const callbacks = applications
    .filter(({ clientSecret }) => !clientSecret)
    .flatMap(({ redirectUris }) => redirectUris);
  const origins = callbacks.map(originOf).filter((one) => one !== '');
  if (origin !== '' && isRegistered(origins, origin)) {
    return { vary: 'origin', 'access-control-allow-origin': origin };
  }
  return { vary: 'origin' };
}

/** Origin of a registered address, its `*` included; empty for the scheme of an app on a phone. */
function originOf(address: string): string {
  return /^https?:\/\/[^/?#]+/i.exec(address)?.[0].toLowerCase() ?? '';
}
