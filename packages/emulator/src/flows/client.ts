import { findClient, readBasic, repeatedIn } from '../oauth/client-auth.js';
import { constantTimeEqual } from '../state/password.js';
import type { State } from '../state/state.js';
import type { Facts, SecretFact } from './facts.js';
import { clientFacts, type Sighting } from './sighting.js';

/** What every request of the token endpoint tells: how it was sent, and who the client is. */
export function tokenFacts(sighting: Sighting): Facts {
  const { state, sent } = sighting;
  return {
    sentAs: sent.as,
    repeated: repeatedIn(sent.params),
    issuer: state.issuer,
    ...clientFacts(state, clientIdOf(sighting)),
    ...credentialFacts(sighting),
  };
}

/** Client id of the form, or of the Basic header. */
export function clientIdOf({ request, sent }: Sighting): string | undefined {
  return readBasic(request)[0] ?? sent.params.get('client_id') ?? undefined;
}

/** How the client said who it is, and what is wrong with its secret. */
export function credentialFacts(sighting: Sighting): Facts {
  const { state, request, sent } = sighting;
  const [, inHeader] = readBasic(request);
  const inBody = sent.params.get('client_secret') ?? undefined;
  const given = inHeader ?? inBody;
  const { application } = clientFacts(state, clientIdOf(sighting));
  const secret = application && secretFact(state, application.clientId, given);
  const other = secret === 'of-another' && state.applications.find(hasSecret(given ?? ''));
  return {
    clientAuth: authOf(inHeader !== undefined, inBody !== undefined),
    ...(secret && { secret }),
    ...(other && { secretOf: other.name }),
  };
}

function authOf(basic: boolean, body: boolean): NonNullable<Facts['clientAuth']> {
  if (basic) {
    return body ? 'both' : 'basic';
  }
  return body ? 'body' : 'none';
}

function secretFact(state: State, clientId: string, given: string | undefined): SecretFact {
  const right = findClient(state, clientId)?.clientSecret ?? '';
  if (!right) {
    return given ? 'not-needed' : 'right';
  }
  if (!given) {
    return 'missing';
  }
  const is = (text: string) => constantTimeEqual(text, right);
  const guesses: readonly (readonly [SecretFact, boolean])[] = [
    ['right', is(given)],
    ['white-space', is(given.trim())],
    ['quoted', is(given.trim().replace(/^(["'`])(.*)\1$/, '$2'))],
    ['client-id', state.applications.some((one) => one.clientId === given)],
    ['of-another', state.applications.some(hasSecret(given))],
    ['cut', given.length >= 8 && is(given + right.slice(given.length))],
  ];
  return guesses.find(([, fits]) => fits)?.[0] ?? 'wrong';
}

function hasSecret(given: string) {
  return ({ clientSecret = '' }: { clientSecret?: string }) =>
    clientSecret !== '' && constantTimeEqual(given, clientSecret);
}
