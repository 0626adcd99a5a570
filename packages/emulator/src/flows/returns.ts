import { SSO_COOKIE } from '../oauth/sso-session.js';
import { printable } from './parameters.js';
import type { Flow } from './flow.js';
import { addStep, nameGrant, type Sighting } from './sighting.js';

/**
 * Adds the steps of a browser that goes back to the app, if it does: who signed in, to which organization, and with what.
 * `how` says how the user was known.
 */
export function addReturn(sighting: Sighting, flow: Flow, how: string): boolean {
  const target = sighting.headers.get('location') ?? '';
  const query = URL.canParse(target) ? new URL(target).searchParams : undefined;
  const code = query?.get('code');
  const error = query?.get('error');
  keepSession(sighting, flow);
  if (query && code) {
    addCode(sighting, flow, { query, code, how });
  } else if (query && error) {
    addError(sighting, flow, { query, error });
  }
  return Boolean(code ?? error);
}

function addCode(
  sighting: Sighting,
  flow: Flow,
  { query, code, how }: { query: URLSearchParams; code: string; how: string },
): void {
  const { state, store, reader } = sighting;
  const grantId = state.codes.get(code)?.grantId ?? '';
  store.know(flow, 'code', reader.hash(code));
  nameGrant(sighting, flow, grantId);
  addWho(sighting, flow, how);
  addStep(sighting, flow, {
    kind: 'callback',
    title: 'Went back with a code',
    parameters: query,
    outcome: 'returned',
    facts: { scope: state.grants.get(grantId)?.scope ?? [] },
  });
}

function addError(
  sighting: Sighting,
  flow: Flow,
  { query, error }: { query: URLSearchParams; error: string },
): void {
  addStep(sighting, flow, {
    kind: 'callback',
    outcome: 'failed',
    title: `Went back with the error ${printable(error, 60)}`,
    parameters: query,
    answered: {
      error: printable(error, 60),
      description: printable(query.get('error_description') ?? ''),
    },
  });
}

function addWho(sighting: Sighting, flow: Flow, how: string): void {
  const { person, organization, steps } = flow;
  const knew = steps.some(({ kind }) => kind === 'person');
  if (person !== undefined && !knew) {
    addStep(sighting, flow, {
      kind: 'person',
      title: `Is ${person}`,
      parameters: [],
      answered: { description: how },
    });
  }
  addStep(sighting, flow, {
    kind: 'organization',
    title: organization === undefined ? 'Went to no organization' : `Went to ${organization}`,
    parameters: [],
  });
}

/** Remembers the session at Kinde that an answer starts. */
export function keepSession({ store, reader, headers, request }: Sighting, flow: Flow): void {
  const cookies = [...headers.getSetCookie(), request.headers.get('cookie') ?? ''];
  const value = cookies.map(sessionIn).find(Boolean);
  if (value) {
    store.know(flow, 'session', reader.hash(value));
  }
}

const SESSION = new RegExp(`(?:^|; *)${SSO_COOKIE}[^=;]*=([^;]+)`);

/** Value of the cookie of Kinde's own session. */
export function sessionIn(cookies: string): string | undefined {
  return SESSION.exec(cookies)?.[1];
}

/** Reference to the authorization request that a page's form or link carries. */
export function referenceIn(body: string): string | undefined {
  const form = /name="request" value="([^"]+)"/.exec(body)?.[1];
  return form ?? /[?;&]request=([\w-]+)/.exec(body)?.[1];
}
