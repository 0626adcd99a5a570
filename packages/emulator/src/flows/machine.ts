import { scopesFor } from '../oauth/scopes.js';
import type { Facts } from './facts.js';
import type { FlowStep } from './flow.js';
import { findClient } from '../oauth/client-auth.js';
import { addIssued } from './issued.js';
import { printable } from './parameters.js';
import { addStep, beginFlow, nameApplication, type Sighting } from './sighting.js';
import { clientIdOf } from './client.js';

/** Milliseconds in which the tokens of one application are counted. */
const MINUTE = 60_000;

/** An application asks for a token of its own: each time a flow. */
export function seeMachine(sighting: Sighting, facts: Facts): void {
  const earlier = earlierOf(sighting);
  const flow = beginFlow(sighting, 'machine');
  nameApplication(flow, sighting.state, clientIdOf(sighting));
  const issued = addIssued(sighting, flow);
  addStep(sighting, flow, {
    kind: 'machine',
    title: 'Asked for a token of its own',
    facts: {
      ...facts,
      ...audienceFacts(sighting),
      ...countFacts(sighting, earlier),
      ...issued.facts,
    },
    answered: issued.answered,
    outcome: 'succeeded',
  });
}

function audienceFacts(sighting: Sighting): Facts {
  const { state } = sighting;
  const application = findClient(state, clientIdOf(sighting));
  const audience = audienceOf(sighting);
  const granted = audience.flatMap(
    (one) => (application && scopesFor(state, application, one)) ?? [],
  );
  return {
    audience: audience.map((one) => printable(one)),
    granted: granted.slice(0, 300),
    managementAudience: `${state.issuer}/api`,
  };
}

function audienceOf({ sent }: Sighting): string[] {
  return sent.params
    .getAll('audience')
    .flatMap((value) => value.split(' '))
    .filter(Boolean);
}

/** Tokens that the same application got before. */
function earlierOf({ store, ...sighting }: Sighting): FlowStep[] {
  const client = clientIdOf({ store, ...sighting });
  return store
    .list({ kind: 'machine', client, outcome: 'succeeded' })
    .flatMap(({ steps }) => steps.slice(0, 1));
}

function countFacts(sighting: Sighting, earlier: readonly FlowStep[]): Facts {
  const asked = audienceOf(sighting).join(' ');
  const since = Date.now() - MINUTE;
  const last = earlier.find(({ facts }) => facts.audience?.join(' ') === asked);
  const machineLeft = Math.max(0, (last?.facts.expiresAt ?? 0) - sighting.state.clock.now());
  return { machineCount: earlier.filter(({ time }) => time > since).length, machineLeft };
}
