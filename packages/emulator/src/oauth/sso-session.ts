import { remember } from '../state/ids.js';
import { denialReason } from '../state/sign-ins.js';
import type { Pending, Person, State } from '../state/state.js';

const SSO_COOKIE = 'kindling_emulator_sso';

/** Signs the person of a pending request in at Kinde itself, so that the next request goes without a question. */
export function startSession(
  reference: string,
  person: Person,
  state: State,
): { 'set-cookie': string } {
  const signedIn = { personId: person.id, authTime: state.clock.now() };
  const pending = state.pending.get(reference);
  if (pending) {
    pending.signedIn = signedIn;
  }
  const id = state.random.secret();
  remember(state.sessions, id, signedIn);
  return { 'set-cookie': `${SSO_COOKIE}=${id}; Path=/; HttpOnly; SameSite=Lax` };
}

/** Ends Kinde's own session. */
export function endSession(request: Request, state: State): { 'set-cookie': string } {
  state.sessions.delete(cookieOf(request) ?? '');
  return { 'set-cookie': `${SSO_COOKIE}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0` };
}

/** Kinde's own session, where it still counts for this application. */
export function findSession(
  request: Request,
  query: URLSearchParams,
  state: State,
): Pick<Pending, 'signedIn'> | undefined {
  const signedIn = state.sessions.get(cookieOf(request) ?? '');
  if (!signedIn || denialReason(state, { ...signedIn, orgCode: undefined })) {
    return undefined;
  }
  const clientId = query.get('client_id');
  const application = state.applications.find((one) => one.clientId === clientId);
  const lifetime = application?.tokens?.sessionLifetime ?? Infinity;
  return state.clock.now() < signedIn.authTime + lifetime ? { signedIn } : undefined;
}

function cookieOf(request: Request): string | undefined {
  const header = request.headers.get('cookie') ?? '';
  return new RegExp(`(?:^|; *)${SSO_COOKIE}=([^;]+)`).exec(header)?.[1];
}
