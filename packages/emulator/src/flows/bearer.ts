import { decodeProtectedHeader } from 'jose';
import { publishedKeys } from '../state/keys.js';
import type { Facts, TokenFact } from './facts.js';
import type { Flow, StepKind } from './flow.js';
import { claimsOf } from './issued.js';
import { printable } from './parameters.js';
import { flowOfGrant, flowOfRefresh } from './refresh.js';
import {
  addStep,
  clientFacts,
  findFlow,
  isWell,
  nameApplication,
  parseObject,
  type Sighting,
} from './sighting.js';
import { clientIdOf, credentialFacts } from './client.js';

const TITLES = {
  profile: 'Asked for the profile',
  account: 'Asked the Account API',
  revoke: 'Revoked a token',
  introspect: 'Introspected a token',
} as const;

/** A request with an access token: profile, or Account API. */
export function seeBearer(sighting: Sighting, kind: 'profile' | 'account'): void {
  const { request, store, reader } = sighting;
  const header = request.headers.get('authorization') ?? '';
  const token = /^Bearer +(.+)$/i.exec(header)?.[1] ?? '';
  const flow = flowOfToken(sighting, token || header);
  addStep(sighting, flow, {
    kind,
    title: TITLES[kind],
    facts: bearerFacts(sighting, { header, token, flow }),
    outcome: flow.outcome === 'ended' ? 'ended' : 'succeeded',
    // An entitlement that the organization does not have is no failure.
    canRetry: sighting.status === 404,
  });
  const { url } = parseObject(sighting.body) ?? {};
  const key = typeof url === 'string' && URL.canParse(url) && new URL(url).searchParams.get('key');
  if (key) {
    store.know(flow, 'portal', reader.hash(key));
  }
}

/** The flow that a token was issued in, whatever kind of token it is. */
function flowOfToken(sighting: Sighting, token: string): Flow {
  const { state } = sighting;
  const found = findFlow(sighting, 'access', token) ?? findFlow(sighting, 'id', token);
  if (found) {
    return found;
  }
  const claims = claimsOf(token);
  const grantId = state.issued.get(String(claims?.['jti']));
  if (grantId !== undefined) {
    return flowOfGrant(sighting, grantId);
  }
  const flow = flowOfRefresh(sighting, token);
  const { azp } = claims ?? {};
  if (typeof azp === 'string') {
    nameApplication(flow, state, azp);
  }
  return flow;
}

interface Bearer {
  readonly header: string;
  readonly token: string;
  readonly flow: Flow;
}

function bearerFacts(sighting: Sighting, bearer: Bearer): Facts {
  const { state } = sighting;
  const claims = claimsOf(bearer.token) ?? {};
  const { iss, exp } = claims;
  return {
    token: tokenFact(sighting, bearer, claims),
    issuer: state.issuer,
    ...(typeof iss === 'string' && { tokenIssuer: printable(iss) }),
    ...(typeof exp === 'number' && { tokenLate: Math.max(0, state.clock.now() - exp) }),
  };
}

/** What a token turned out to be, the first thing that is wrong with it. */
function tokenFact(
  sighting: Sighting,
  { header, token, flow }: Bearer,
  claims: Record<string, unknown>,
): TokenFact {
  const { state } = sighting;
  if (!token) {
    return header ? 'no-bearer' : 'missing';
  }
  if (state.refreshTokens.has(token)) {
    return 'refresh-token';
  }
  if (Object.keys(claims).length === 0) {
    return 'no-token';
  }
  const { iss, exp, gty } = claims;
  const checks: readonly (readonly [TokenFact, boolean])[] = [
    ['foreign', iss !== state.issuer],
    ['unknown-key', !isPublished(sighting, token)],
    ['id-token', !('scp' in claims)],
    ['machine', Array.isArray(gty)],
    ['expired', typeof exp === 'number' && exp <= state.clock.now()],
    ['ended', isEnded(sighting, flow, token)],
    ['access', isWell(sighting)],
  ];
  return checks.find(([, applies]) => applies)?.[0] ?? 'unknown';
}

function isEnded({ state }: Sighting, { grantId = '' }: Flow, token: string): boolean {
  return state.revoked.has(token) || state.grants.get(grantId)?.ended === true;
}

function isPublished({ state }: Sighting, token: string): boolean {
  try {
    const { kid } = decodeProtectedHeader(token);
    return publishedKeys(state).some((key) => key.kid === kid);
  } catch {
    return false;
  }
}

/** POST /oauth2/revoke and /oauth2/introspect, about a token of some sign-in. */
export function seeAboutToken(
  sighting: Sighting,
  kind: Extract<StepKind, 'revoke' | 'introspect'>,
): void {
  const { state, sent } = sighting;
  const token = sent.params.get('token') ?? '';
  const flow = flowOfToken(sighting, token);
  const clientId = clientIdOf(sighting);
  nameApplication(flow, state, flow.clientId ?? clientId);
  const known =
    sighting.store.find('access', sighting.reader.hash(token)) ?? state.refreshTokens.get(token);
  const facts: Facts = {
    sentAs: sent.as,
    token: token ? aboutFact(Boolean(known)) : 'missing',
    ...(kind === 'revoke' && { ...clientFacts(state, clientId), ...credentialFacts(sighting) }),
  };
  addStep(sighting, flow, {
    kind,
    title: TITLES[kind],
    facts,
    ...(kind === 'revoke' && { outcome: 'ended' as const }),
  });
}

function aboutFact(known: boolean): TokenFact {
  return known ? 'access' : 'unknown';
}
