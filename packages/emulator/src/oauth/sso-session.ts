import { remember } from '../state/ids.js';
import { denialReason } from '../state/sign-ins.js';
import type { Pending, Person, State } from '../state/state.js';
import { findClient } from './client-auth.js';
import { isTooOld } from './prompt.js';

/** Who signs in, and for which request. */
export interface NewSession {
  /** Reference of the pending request; an empty string without one. */
  readonly reference: string;
  /** The user. */
  readonly person: Person;
  /** The tenant. */
  readonly state: State;
}

/** Signs the person of a pending request in at Kinde itself, so that the next request goes without a question. */
export function startSession(
  request: Request,
  { reference, person, state }: NewSession,
): { 'set-cookie': string } {
  const signedIn = {
    personId: person.id,
    authTime: state.clock.now(),
  };
  const pending = state.pending.get(reference);
  if (pending) {
    pending.signedIn = signedIn;
  }
  const id = state.random.secret();
  remember(state.sessions, id, signedIn);
  return { 'set-cookie': cookieLine(request, id) };
}

/** Ends Kinde's own session. */
export function endSession(request: Request, state: State): { 'set-cookie': string } {
  state.sessions.delete(cookieOf(request) ?? '');
  return { 'set-cookie': `${cookieLine(request, '')}; Max-Age=0` };
}

/** Kinde's own session, where it still counts for this application and is young enough for `max_age`. */
export function findSession(
  request: Request,
  query: URLSearchParams,
  state: State,
): Pick<Pending, 'signedIn'> | undefined {
  const signedIn = state.sessions.get(cookieOf(request) ?? '');
  if (!signedIn || denialReason(state, { ...signedIn, orgCode: undefined })) {
    return undefined;
  }
  const now = state.clock.now();
  const application = findClient(state, query.get('client_id'));
  const lifetime = application?.tokens?.sessionLifetime ?? Infinity;
  const isOver = now >= signedIn.authTime + lifetime;
  return isOver || isTooOld(signedIn.authTime, query, now) ? undefined : { signedIn };
}

/** Beginning of the name of its cookie. */
export const SSO_COOKIE = 'kindling_emulator_sso';

/** Browsers do not tell ports apart, so that names do: two local Kindes on one host would end each other's sessions. */
export function nameAtPort(name: string, { protocol, port }: URL): string {
  return `${name}_${port || (protocol === 'https:' ? 443 : 80)}`;
}

function cookieLine(request: Request, value: string): string {
  const url = new URL(request.url);
  const line = `${nameAtPort(SSO_COOKIE, url)}=${value}; Path=/; HttpOnly; SameSite=Lax`;
  return url.protocol === 'https:' ? `${line}; Secure` : line;
}

function cookieOf(request: Request): string | undefined {
  const header = request.headers.get('cookie') ?? '';
  const name = nameAtPort(SSO_COOKIE, new URL(request.url));
  return new RegExp(`(?:^|; *)${name}=([^;]+)`).exec(header)?.[1];
}
