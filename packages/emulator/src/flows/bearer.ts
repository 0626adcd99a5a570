import { decodeProtectedHeader } from 'jose';
import { publishedKeys } from '../state/keys.js';
import type { Facts, TokenFact } from './facts.js';
import type { Flow, StepKind } from './flow.js';
import { claimsOf } from './issued.js';
import { printable } from './parameters.js';
import { flowOfGrant, flowOfRefresh, unknownFlow } from './refresh.js';
import {
  addStep,
  clientFacts,
  isWell,
  nameApplication,
  parseObject,
  type Sighting,
} from './sighting.js';
import { clientIdOf, credentialFacts } from './client.js';

/** A request with an access token: profile, or Account API. */
export function seeBearer(sighting: Sighting, kind: 'profile' | 'account'): void {
  const { request, store, reader } = sighting;
  const header = request.headers.get('authorization') ?? '';
  const token = /^Bearer +(.+)$/i.exec(header)?.[1] ?? '';
  const flow = flowOfToken(sighting, token || header);
  const title = kind === 'profile' ? 'Asked for the profile' : 'Asked the Account API';
  addStep(sighting, flow, {
    kind,
    title,
    facts: bearerFacts(sighting, { header, token, flow }),
    outcome: outcomeOf(sighting, flow),
  });
  const { url } = parseObject(sighting.body) ?? {};
  const key = typeof url === 'string' && URL.canParse(url) && new URL(url).searchParams.get('key');
  if (key) {
    store.know(flow, 'portal', reader.hash(key));
  }
}

function outcomeOf(sighting: Sighting, { outcome }: Flow): Flow['outcome'] {
  if (!isWell(sighting)) {
    return 'failed';
  }
  return outcome === 'ended' ? 'ended' : 'succeeded';
}

/** The flow that a token was issued in, whatever kind of token it is. */
function flowOfToken(sighting: Sighting, token: string): Flow {
  const { state, store, reader } = sighting;
  const hash = reader.hash(token);
  const found = store.find('access', hash) ?? store.find('id', hash) ?? store.find('refresh', hash);
  if (found) {
    return found;
  }
  const claims = claimsOf(token);
  const grantId = state.issued.get(String(claims?.['jti']));
  if (grantId !== undefined) {
    return flowOfGrant(sighting, grantId);
  }
  const flow = state.refreshTokens.has(token)
    ? flowOfRefresh(sighting, token)
    : unknownFlow(sighting, token && hash);
  const { azp } = claims ?? {};
  nameApplication(flow, state, typeof azp === 'string' ? azp : undefined);
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
    title: kind === 'revoke' ? 'Revoked a token' : 'Introspected a token',
    facts,
    outcome: aboutOutcome(sighting, kind),
  });
}

function aboutFact(known: boolean): TokenFact {
  return known ? 'access' : 'unknown';
}

function aboutOutcome(sighting: Sighting, kind: StepKind): Flow['outcome'] | undefined {
  if (!isWell(sighting)) {
    return 'failed';
  }
  return kind === 'revoke' ? 'ended' : undefined;
}
