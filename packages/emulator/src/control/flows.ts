import type { Flow } from '../flows/flow.js';
import { digest } from '../state/ids.js';
import type { FlowFilter, FlowInfo } from './flow-info.js';
import { applicationOf, personOf, unknownName } from './lookup.js';
import type { ControlParts } from './parts.js';

/** `flows` */
export function listFlows(parts: ControlParts, filter: FlowFilter = {}): FlowInfo[] {
  const { state } = parts;
  const { person, application, outcome, kind } = filter;
  const found = parts.flows.list({
    // As `Flow.stateHash` has it.
    state: filter.state && digest(filter.state),
    person: person && personOf(state, person).id,
    client: application && applicationOf(state, application).clientId,
    outcome,
    kind,
  });
  return found.map((flow) => withFindings(parts, flow));
}

/** `flow` */
export function oneFlow(parts: ControlParts, id: string): FlowInfo {
  const { flows: store } = parts;
  const flow = store.get(id);
  if (flow) {
    return withFindings(parts, flow);
  }
  const known = store.list().map((one) => one.id);
  throw unknownName('unknown_flow', 'sign-in', {
    given: id,
    known,
  });
}

/** A copy, so that nobody changes what the inspector shows. */
function withFindings({ findings }: ControlParts, flow: Flow): FlowInfo {
  return structuredClone({ ...flow, findings: findings(flow) });
}
