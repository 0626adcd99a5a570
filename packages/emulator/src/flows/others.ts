import type { Flow } from './flow.js';
import { sessionIn } from './returns.js';
import { addStep, beginFlow, findFlow, nameApplication, type Sighting } from './sighting.js';

/** GET /logout: belongs to the sign-in whose session ends. */
export function seeLogout(sighting: Sighting): void {
  const { state, request, url } = sighting;
  const cookie = sessionIn(request.headers.get('cookie') ?? '');
  const flow = flowOfLogout(sighting, cookie) ?? beginFlow(sighting, 'other');
  nameApplication(flow, state, flow.clientId ?? url.searchParams.get('client_id'));
  const logoutUris = state.applications.flatMap((one) => one.logoutUris).slice(0, 50);
  addStep(sighting, flow, {
    kind: 'logout',
    title: 'Signed out at Kinde',
    facts: { logoutUris, hadSession: cookie !== undefined },
    outcome: 'ended',
  });
}

function flowOfLogout(sighting: Sighting, cookie?: string): Flow | undefined {
  return (
    findFlow(sighting, 'session', cookie) ??
    findFlow(sighting, 'id', sighting.url.searchParams.get('id_token_hint'))
  );
}

/** GET /portal_redirect: belongs to the sign-in whose token asked for the link. */
export function seePortal(sighting: Sighting): void {
  const key = sighting.url.searchParams.get('key');
  const flow = findFlow(sighting, 'portal', key) ?? beginFlow(sighting, 'other');
  addStep(sighting, flow, {
    kind: 'portal',
    title: 'Opened the portal',
    outcome: 'succeeded',
  });
}

const FETCHED = { keys: 'Fetched the keys', discovery: 'Fetched the discovery document' };

/** Keys and discovery: one flow for each client, told apart by its `User-Agent`. */
export function seeKeys(sighting: Sighting, kind: 'keys' | 'discovery'): void {
  const { store, reader, request, userAgent } = sighting;
  const hash = reader.hash(userAgent);
  const found = store.find('agent', hash);
  const flow = found ?? beginFlow(sighting, 'keys');
  store.know(flow, 'agent', hash);
  addStep(sighting, flow, {
    kind,
    title: FETCHED[kind],
    facts: {
      credentials: request.headers.has('authorization'),
    },
    outcome: 'succeeded',
  });
}
