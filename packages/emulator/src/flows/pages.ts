import { findPerson } from '../state/sign-ins.js';
import type { Flow } from './flow.js';
import { addReturn, keepSession, referenceIn } from './returns.js';
import { addStep, isWell, namePerson, titleOf, type Sighting } from './sighting.js';

/** Pages of a sign-in: forms that ask who it is, and which organization. */
export function seePage(sighting: Sighting): void {
  const { state, store, reader } = sighting;
  const reference = referenceOf(sighting);
  const flow = reference ? store.find('request', reader.hash(reference)) : undefined;
  if (!flow) {
    return;
  }
  const chosen = state.pending.get(reference)?.signedIn ?? grantOf(sighting);
  if (chosen && chosen.personId !== flow.personId && sighting.request.method === 'POST') {
    addPerson(sighting, flow, chosen.personId);
  }
  if (!addReturn(sighting, flow, 'card or form')) {
    addPage(sighting, flow);
  }
}

function referenceOf({ sent, url }: Sighting): string {
  return sent.params.get('request') ?? url.searchParams.get('request') ?? '';
}

function addPerson(sighting: Sighting, flow: Flow, personId: string): void {
  namePerson(flow, findPerson(sighting.state, personId));
  keepSession(sighting, flow);
  const registered = sighting.url.pathname.endsWith('/register');
  addStep(sighting, flow, {
    kind: 'person',
    title: `${registered ? 'Registered' : 'Chose'} ${flow.person ?? 'a user'}`,
    answered: { description: registered ? 'registration page' : 'card or form' },
  });
}

/** A page without a form ends the sign-in; one with a form can be sent again. */
function addPage(sighting: Sighting, flow: Flow): void {
  const title = titleOf(sighting.body) || 'no page';
  const ends = !isWell(sighting) && referenceIn(sighting.body) === undefined;
  addStep(sighting, flow, {
    kind: 'page',
    title: `Showed the page “${title}”`,
    ...(ends && { outcome: 'failed' as const }),
  });
}

/** The grant of the code that a form was answered with. */
function grantOf({ state, headers }: Sighting) {
  const target = headers.get('location') ?? '';
  const code = URL.canParse(target) ? new URL(target).searchParams.get('code') : undefined;
  return state.grants.get(state.codes.get(code ?? '')?.grantId ?? '');
}
