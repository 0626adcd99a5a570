import type { State } from '../state/state.js';
import type { Answered } from './envelope.js';

type Mode = State['managementMode'];
type Body = Readonly<Record<string, unknown>>;

/** Operations of which description and service were seen to answer in different forms, with both. */
const MODES: Readonly<Record<string, Readonly<Partial<Record<Mode, (body: Body) => object>>>>> = {
  'connections.list': { strict: wrappedConnections },
  'applications.listConnections': { strict: wrappedConnections },
  'organizations.listConnections': { strict: wrappedConnections },
  'identities.get': {
    observed: (identity) => ({
      code: 'OK',
      message: 'Success',
      identity,
    }),
  },
};

/** The answer in the form that it has in this mode. */
export function inMode(name: string, answer: Answered, mode: Mode): Answered {
  const form = Object.hasOwn(MODES, name) ? MODES[name]?.[mode] : undefined;
  if (form && answer && !(answer instanceof Response)) {
    return form(answer as Body);
  }
  return answer;
}

/** By the description, every connection in a list has an envelope of its own. */
function wrappedConnections(body: Body): object {
  const connections = body['connections'] as readonly object[];
  return {
    ...body,
    connections: connections.map((connection) => ({
      code: 'OK',
      message: 'Success',
      connection,
    })),
  };
}
