import { decodeJwt } from 'jose';
import { explain } from '../oauth/explain.js';
import type { Facts } from './facts.js';
import type { Answered, Flow } from './flow.js';
import { isWell, nameGrant, parseObject, type Sighting } from './sighting.js';

type Claims = Readonly<Record<string, unknown>>;

/** What the token endpoint handed out: remembers to whom, and says what the tokens say and why. */
export function addIssued(
  sighting: Sighting,
  flow: Flow,
): { facts: Facts; answered: Partial<Answered> } {
  const body = isWell(sighting) ? parseObject(sighting.body) : undefined;
  if (!body) {
    return { facts: {}, answered: {} };
  }
  const { access_token: access, id_token: id, refresh_token: refresh } = body;
  const { store, reader } = sighting;
  const sameToken = isText(access) && store.find('access', reader.hash(access)) === flow;
  knowTokens(sighting, flow, { access, id, refresh });
  const claims = claimsOf(access);
  const grantId = sighting.state.issued.get(String(claims?.['jti']));
  if (grantId !== undefined) {
    nameGrant(sighting, flow, grantId);
  }
  const [accessClaims, idClaims] = [claims, claimsOf(id)].map((one) =>
    explained(sighting, flow, one),
  );
  return {
    facts: { ...issuedFacts(body, claims), sameToken },
    answered: { ...(accessClaims && { accessClaims }), ...(idClaims && { idClaims }) },
  };
}

function knowTokens(
  { store, reader }: Sighting,
  flow: Flow,
  tokens: Readonly<Record<'access' | 'id' | 'refresh', unknown>>,
): void {
  for (const [kind, token] of Object.entries(tokens)) {
    if (isText(token)) {
      store.know(flow, kind as keyof typeof tokens, reader.hash(token));
    }
  }
}

/** Claims with their reasons; of the nonce only what is kept of a secret. */
function explained({ state, reader }: Sighting, { grantId = '' }: Flow, claims?: Claims) {
  const all = claims && explain(claims, state, state.grants.get(grantId));
  return all?.map((one) =>
    one.claim === 'nonce'
      ? { ...one, value: reader.read('nonce', String(claims?.['nonce'])).value }
      : one,
  );
}

function issuedFacts(body: Claims, claims?: Claims): Facts {
  const { access_token: access, id_token: id, refresh_token: refresh, scope } = body;
  const expiresAt = claims?.['exp'];
  return {
    offline: isText(refresh),
    openid: isText(id),
    scope: isText(scope) ? scope.split(' ').filter(Boolean) : [],
    ...(typeof expiresAt === 'number' && { expiresAt }),
    ...(isText(access) && { tokenSize: Buffer.byteLength(access) }),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Claims of a token that was not checked, or nothing. */
export function claimsOf(token: unknown): Record<string, unknown> | undefined {
  try {
    return isText(token) ? decodeJwt(token) : undefined;
  } catch {
    return undefined;
  }
}
