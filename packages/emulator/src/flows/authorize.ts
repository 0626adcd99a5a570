import { nearest } from '@kindling/internal';
import { digest } from '../state/ids.js';
import { openInvitation } from '../state/organizations.js';
import { repeatedIn } from '../oauth/client-auth.js';
import { audiences } from '../oauth/scopes.js';
import type { State } from '../state/state.js';
import type { Facts } from './facts.js';
import type { Flow } from './flow.js';
import { KNOWN_PARAMETERS } from './known-parameters.js';
import { printable } from './parameters.js';
import { addReturn, referenceIn, sessionIn } from './returns.js';
import {
  addStep,
  beginFlow,
  clientFacts,
  findFlow,
  nameApplication,
  titleOf,
  type Sighting,
} from './sighting.js';

/** Parameters that are known by whoever sends them again. */
const ONCE = { state: 'state', nonce: 'nonce', code_challenge: 'challenge' } as const;

/** GET /oauth2/auth: a flow begins. */
export function seeAuthorize(sighting: Sighting): void {
  const { state, store, reader, url } = sighting;
  const query = url.searchParams;
  const facts = { ...authorizeFacts(sighting), ...clientFacts(state, query.get('client_id')) };
  const stateHash = hashOfState(query.get('state'));
  const flow = beginFlow(sighting, 'sign-in', stateHash);
  nameApplication(flow, state, query.get('client_id'));
  for (const [name, kind] of Object.entries(ONCE)) {
    const value = query.get(name);
    if (value) {
      store.know(flow, kind, reader.hash(value));
    }
  }
  const went = sighting.headers.get('location') !== null;
  addStep(sighting, flow, {
    kind: 'authorize',
    title: 'Asked to sign in',
    facts,
    outcome: 'waiting',
    ...(went && { answered: {} }),
  });
  follow(sighting, flow);
}

/** What came after the request: the app again, or a page. */
function follow(sighting: Sighting, flow: Flow): void {
  if (addReturn(sighting, flow, 'Kinde’s own session answered')) {
    return;
  }
  const reference = referenceIn(sighting.body);
  if (reference) {
    sighting.store.know(flow, 'request', sighting.reader.hash(reference));
    addStep(sighting, flow, {
      kind: 'page',
      title: `Showed the page “${titleOf(sighting.body) || 'Sign in'}”`,
      parameters: [],
    });
  }
}

/** First 16 hex digits of SHA-256 of `state`, by which an app names its sign-in. */
function hashOfState(value: string | null): { stateHash?: string } {
  if (!value) {
    return {};
  }
  return { stateHash: digest(value) };
}

function authorizeFacts(sighting: Sighting): Facts {
  const { state, url } = sighting;
  const query = url.searchParams;
  const names = [...new Set(query.keys())];
  return {
    repeated: repeatedIn(query).map((name) => printable(name, 100)),
    unknown: unknownParameters(names),
    before: usedBefore(sighting),
    audience: audiences(query).map((one) => printable(one)),
    issuer: state.issuer,
    ...organizationFacts(state, query.get('org_code')),
    ...invitationFacts(state, query.get('invitation_code')),
    ...sessionFacts(sighting),
  };
}

function unknownParameters(names: readonly string[]): NonNullable<Facts['unknown']> {
  return names
    .filter((name) => !KNOWN_PARAMETERS.includes(name))
    .slice(0, 10)
    .map((name) => {
      const guess = nearest(name, KNOWN_PARAMETERS);
      return { name: printable(name, 100), ...(guess !== undefined && { nearest: guess }) };
    });
}

function usedBefore(sighting: Sighting): NonNullable<Facts['before']> {
  const { url } = sighting;
  const found = Object.entries(ONCE).flatMap(([name, kind]) => {
    const flow = findFlow(sighting, kind, url.searchParams.get(name));
    return flow ? [[kind, flow.id]] : [];
  });
  return Object.fromEntries(found) as NonNullable<Facts['before']>;
}

function organizationFacts({ organizations }: State, code: string | null): Facts {
  if (!code) {
    return {};
  }
  if (Object.hasOwn(organizations, code)) {
    return { organization: organizations[code]?.isSuspended ? 'suspended' : 'known' };
  }
  const guess = nearest(code, Object.keys(organizations).slice(0, 1000));
  return { organization: 'unknown', ...(guess !== undefined && { nearestOrganization: guess }) };
}

function invitationFacts(state: State, code: string | null): Facts {
  if (!code) {
    return {};
  }
  return { invitation: openInvitation(state, code) ? 'open' : 'closed' };
}

/** The session at Kinde that the browser came with, and whether the app thought that it had ended. */
function sessionFacts(sighting: Sighting): Facts {
  const { request } = sighting;
  const value = sessionIn(request.headers.get('cookie') ?? '');
  const flow = findFlow(sighting, 'session', value);
  if (!flow) {
    return {};
  }
  const ends = flow.steps.filter(({ kind }) => kind === 'revoke' || kind === 'logout');
  const signedOutOnly = ends.length > 0 && ends.every(({ kind }) => kind === 'revoke');
  return { session: flow.id, signedOutOnly };
}
