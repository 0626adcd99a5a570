import { challengeOf } from '../oauth/token.js';
import { denialReason } from '../state/sign-ins.js';
import { addIssued } from './issued.js';
import { clientIdOf, tokenFacts } from './client.js';
import type { Facts, VerifierFact } from './facts.js';
import type { Flow } from './flow.js';
import { seeMachine } from './machine.js';
import { printable } from './parameters.js';
import { seeRefresh } from './refresh.js';
import { addStep, beginFlow, findFlow, nameApplication, type Sighting } from './sighting.js';

/** POST /oauth2/token, by its grant type. */
export function seeToken(sighting: Sighting): void {
  const { params } = sighting.sent;
  const facts = tokenFacts(sighting);
  const grantType = params.get('grant_type');
  if (grantType === 'client_credentials') {
    return seeMachine(sighting, facts);
  }
  if (grantType === 'refresh_token' || (!grantType && params.has('refresh_token'))) {
    return seeRefresh(sighting, facts);
  }
  if (grantType === 'authorization_code' || params.has('code')) {
    return seeExchange(sighting, facts);
  }
  const flow = beginFlow(sighting, 'other');
  nameApplication(flow, sighting.state, clientIdOf(sighting));
  addStep(sighting, flow, {
    kind: 'token',
    title: 'Asked the token endpoint',
    facts,
    outcome: 'succeeded',
  });
}

function seeExchange(sighting: Sighting, facts: Facts): void {
  const { state, sent } = sighting;
  const code = sent.params.get('code') ?? '';
  const clientId = clientIdOf(sighting);
  const flow =
    findFlow(sighting, 'code', code) ??
    nextOf(sighting, clientId, code) ??
    beginFlow(sighting, 'other');
  nameApplication(flow, state, flow.clientId ?? clientId);
  const issued = addIssued(sighting, flow);
  addStep(sighting, flow, {
    kind: 'exchange',
    title: 'Exchanged the code',
    facts: { ...facts, ...codeFacts(sighting, flow, code), ...issued.facts },
    answered: issued.answered,
    outcome: 'succeeded',
  });
}

/** A code that nobody knows was probably meant for the sign-in of this application that waits for its exchange. */
function nextOf(
  { store, state }: Sighting,
  clientId: string | undefined,
  code: string,
): Flow | undefined {
  const latest = store.latestOf(clientId ?? '');
  const isOpen = latest?.outcome === 'returned' && !state.codes.has(code);
  return isOpen ? latest : undefined;
}

function codeFacts(sighting: Sighting, flow: Flow, value: string): Facts {
  const { state, sent } = sighting;
  const code = state.codes.get(value);
  const grant = state.grants.get(code?.grantId ?? '');
  const asked = flow.steps.find(({ kind }) => kind === 'authorize');
  const redirectUri = asked?.parameters.find(({ name }) => name === 'redirect_uri')?.value;
  const back = flow.steps.findLast(({ kind }) => kind === 'callback');
  const facts: Facts = {
    code: codeFact(value, Boolean(code), grant?.clientId === clientIdOf(sighting)),
    ...(redirectUri !== undefined && { askedRedirectUri: redirectUri }),
  };
  if (!code || !grant) {
    return facts;
  }
  const now = state.clock.now();
  const denied = denialReason(state, grant);
  return {
    ...facts,
    ...verifierFacts(sighting, flow, code.challenge),
    askedRedirectUri: printable(code.redirectUri),
    codeLate: Math.max(0, now - code.expiresAt),
    ...(back && { codeAge: now - back.at }),
    ...(denied !== undefined && { denied }),
    hadEnded: sent.params.has('code') && flow.outcome === 'ended',
  };
}

function codeFact(value: string, known: boolean, own: boolean): NonNullable<Facts['code']> {
  if (!value) {
    return 'missing';
  }
  if (!known) {
    return 'unknown';
  }
  return own ? 'known' : 'of-another-client';
}

function verifierFacts(sighting: Sighting, flow: Flow, challenge: string | undefined): Facts {
  const { sent } = sighting;
  const given = sent.params.get('code_verifier');
  const of = findFlow(sighting, 'challenge', given && challengeOf(given));
  const other = of !== flow && of;
  const verifier = verifierFact(given, challenge, Boolean(other));
  return { verifier, ...(other && { verifierOf: other.id }) };
}

function verifierFact(
  given: string | null,
  challenge: string | undefined,
  isOfAnother: boolean,
): VerifierFact {
  if (challenge === undefined) {
    return given === null ? 'none' : 'not-asked-for';
  }
  if (given === null) {
    return 'missing';
  }
  if (challengeOf(given) === challenge) {
    return 'right';
  }
  if (given === challenge) {
    return 'is-challenge';
  }
  if (isOfAnother) {
    return 'of-another';
  }
  return /^[\w.~-]{43,128}$/.test(given) ? 'wrong' : 'malformed';
}
