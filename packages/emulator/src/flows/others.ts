import type { Flow } from './flow.js';
import { sessionIn } from './returns.js';
import { addStep, beginFlow, isWell, nameApplication, type Sighting } from './sighting.js';

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
    outcome: isWell(sighting) ? 'ended' : 'failed',
  });
}

function flowOfLogout({ store, reader, url }: Sighting, cookie?: string): Flow | undefined {
  const hint = url.searchParams.get('id_token_hint');
  return (
    (cookie ? store.find('session', reader.hash(cookie)) : undefined) ??
    (hint ? store.find('id', reader.hash(hint)) : undefined)
  );
}

/** GET /portal_redirect: belongs to the sign-in whose token asked for the link. */
export function seePortal(sighting: Sighting): void {
  const { store, reader, url } = sighting;
  const key = url.searchParams.get('key') ?? '';
  const flow = store.find('portal', reader.hash(key)) ?? beginFlow(sighting, 'other');
  addStep(sighting, flow, {
    kind: 'portal',
    title: 'Opened the portal',
    outcome: isWell(sighting) ? 'succeeded' : 'failed',
  });
}

/** Keys and discovery: one flow for each client, told apart by its `User-Agent`. */
export function seeKeys(sighting: Sighting, kind: 'keys' | 'discovery'): void {
  const { store, reader, request, userAgent } = sighting;
  const hash = reader.hash(userAgent);
  const found = store.find('agent', hash);
  const flow = found ?? beginFlow(sighting, 'keys');
  store.know(flow, 'agent', hash);
  addStep(sighting, flow, {
    kind,
    title: kind === 'keys' ? 'Fetched the keys' : 'Fetched the discovery document',
    facts: {
      credentials: request.headers.has('authorization'),
    },
    outcome: isWell(sighting) ? 'succeeded' : 'failed',
  });
}
