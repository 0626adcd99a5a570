import { denialReason } from '../state/sign-ins.js';
import type { Grant, RefreshToken } from '../state/grants.js';
import type { Facts } from './facts.js';
import type { Flow } from './flow.js';
import { addIssued, claimsOf } from './issued.js';
import {
  addStep,
  beginFlow,
  findFlow,
  nameApplication,
  nameGrant,
  parseObject,
  type Sighting,
} from './sighting.js';
import { clientIdOf } from './client.js';

/** A refresh token is exchanged: belongs to the sign-in that it continues. */
export function seeRefresh(sighting: Sighting, facts: Facts): void {
  const { state } = sighting;
  const value = sighting.sent.params.get('refresh_token') ?? '';
  const flow = flowOfRefresh(sighting, value);
  nameApplication(flow, state, flow.clientId ?? clientIdOf(sighting));
  const before = refreshFacts(sighting, flow, value);
  const issued = addIssued(sighting, flow);
  addStep(sighting, flow, {
    kind: 'refresh',
    title: 'Refreshed the tokens',
    facts: { ...facts, ...before, ...issued.facts },
    answered: issued.answered,
    outcome: 'succeeded',
  });
}

/** The flow of a refresh token: known, continued from before this process, or of its own. */
export function flowOfRefresh(sighting: Sighting, value: string): Flow {
  const { state } = sighting;
  const found = findFlow(sighting, 'refresh', value);
  if (found) {
    return found;
  }
  const grantId = state.refreshTokens.get(value)?.grantId;
  if (grantId !== undefined) {
    return flowOfGrant(sighting, grantId);
  }
  return unknownFlow(sighting, value);
}

/** The flow of a grant; where none is known, one that goes on from before. */
export function flowOfGrant(sighting: Sighting, grantId: string): Flow {
  const { state, store } = sighting;
  const known = store.find('grant', grantId);
  if (known) {
    return known;
  }
  const flow = beginFlow(sighting, 'continued');
  nameApplication(flow, state, state.grants.get(grantId)?.clientId);
  nameGrant(sighting, flow, grantId);
  return flow;
}

/** The flow of requests with one token that nobody knows. */
function unknownFlow(sighting: Sighting, token: string): Flow {
  const { store, reader } = sighting;
  const found = findFlow(sighting, 'bearer', token);
  if (found) {
    return found;
  }
  const flow = beginFlow(sighting, 'other');
  if (token) {
    store.know(flow, 'bearer', reader.hash(token));
  }
  return flow;
}

function refreshFacts(sighting: Sighting, flow: Flow, value: string): Facts {
  const { state } = sighting;
  const held = state.refreshTokens.get(value);
  const now = state.clock.now();
  const last = flow.steps.findLast(({ facts }) => facts.expiresAt !== undefined);
  const grant = state.grants.get(held?.grantId ?? '');
  const denied = grant && denialReason(state, grant);
  return {
    refreshToken: refreshFact(sighting, value),
    overlap: state.overlap,
    ...pastFacts(sighting, flow, { value, held, grant }),
    ...(held && { refreshLate: Math.max(0, now - held.expiresAt) }),
    ...(last && { tokenLeft: Math.max(0, last.facts.expiresAt! - now) }),
    ...(denied !== undefined && { denied }),
  };
}

/** A refresh token, and what is known of it. */
interface Sent {
  readonly value: string;
  readonly held: RefreshToken | undefined;
  readonly grant: Grant | undefined;
}

/**
 * What had happened to a refresh token and its sign-in: by their steps, or by the state where those are of an earlier process.
 */
function pastFacts(
  { state, reader, body }: Sighting,
  flow: Flow,
  { value, held, grant }: Sent,
): Facts {
  const hash = reader.hash(value);
  const first = flow.steps.find(
    ({ kind, answered, parameters }) =>
      kind === 'refresh' &&
      answered.status === 200 &&
      parameters.some((one) => one.name === 'refresh_token' && one.hash === hash),
  );
  const isReuse = saysUsedBefore(parseObject(body)?.['error_description']);
  const replacedAt = first?.at ?? (isReuse ? held?.replacedAt : undefined);
  const hadEnded =
    flow.outcome === 'ended' ||
    (held !== undefined && wasEnded(flow)) ||
    (grant?.ended === true && !isReuse);
  return {
    hadEnded,
    ...(replacedAt !== undefined && { replacedFor: state.clock.now() - replacedAt }),
  };
}

/** Whether an earlier request ended the sign-in: a code or a refresh token that was used twice. */
function wasEnded({ steps }: Flow): boolean {
  return steps.some(({ kind, answered }) => {
    const { error, description } = answered;
    const twice = error === 'invalid_grant' && saysUsedBefore(description);
    return twice && (kind === 'refresh' || kind === 'exchange');
  });
}

function saysUsedBefore(description: unknown): boolean {
  return typeof description === 'string' && description.includes('used before');
}

function refreshFact(sighting: Sighting, value: string): NonNullable<Facts['refreshToken']> {
  const { state } = sighting;
  if (!value) {
    return 'missing';
  }
  const held = state.refreshTokens.get(value);
  if (held) {
    const own = state.grants.get(held.grantId)?.clientId === clientIdOf(sighting);
    return own ? 'known' : 'of-another-client';
  }
  return claimsOf(value) ? 'access-token' : 'unknown';
}
