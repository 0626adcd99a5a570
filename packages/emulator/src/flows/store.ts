import type { Random } from '../identity/identity.js';
import { digest } from '../state/ids.js';
import type { Flow, FlowFilter, FlowKind, Flows } from './flow.js';

/** Flows that are kept. */
const MOST_FLOWS = 500;

/** Values that a flow is known by, at most: a session that refreshes for weeks has many tokens. */
const MOST_KEYS = 400;

/** What a flow is known by: the kind of a value, and its hash. */
export type KeyKind =
  | 'state'
  | 'nonce'
  | 'challenge'
  | 'request'
  | 'code'
  | 'access'
  | 'id'
  | 'refresh'
  | 'session'
  | 'grant'
  | 'portal'
  | 'bearer'
  | 'agent';

/** What a flow begins with. */
export interface Beginning {
  readonly kind: FlowKind;
  readonly at: number;
  readonly userAgent: string;
  readonly stateHash?: string;
}

/** The flows and the values that they are known by. */
export interface Store extends Flows {
  /** Begins a flow. */
  begin(beginning: Beginning): Flow;
  /** The newest flow that a value belongs to. */
  find(kind: KeyKind, hash: string): Flow | undefined;
  /** Remembers that a value belongs to a flow. */
  know(flow: Flow, kind: KeyKind, hash: string): void;
}

/** An empty store, whose flows have ids of this source. */
export function createStore(random: Random): Store {
  const flows = new Map<string, Flow>();
  const byKey = new Map<string, Flow>();
  const keysOf = new Map<Flow, string[]>();
  const forget = (flow: Flow, keys: readonly string[]) => {
    for (const key of keys) {
      if (byKey.get(key) === flow) {
        byKey.delete(key);
      }
    }
  };
  const dropOldest = () => {
    const [id, flow] = flows.entries().next().value!;
    flows.delete(id);
    forget(flow, keysOf.get(flow) ?? []);
    keysOf.delete(flow);
  };
  const newest = () => [...flows.values()].reverse();
  return {
    list: (filter = {}) => newest().filter((flow) => fits(flow, filter)),
    get: (id) => flows.get(id),
    ofState: (hash) => newest().find(({ stateHash }) => stateHash === hash),
    latestOf: (clientId) =>
      newest().find((flow) => flow.kind === 'sign-in' && flow.clientId === clientId),
    clear() {
      flows.clear();
      byKey.clear();
      keysOf.clear();
    },
    begin(beginning) {
      const id = `flow_${digest(random.secret(), 10)}`;
      const flow: Flow = { id, time: Date.now(), outcome: 'waiting', steps: [], ...beginning };
      flows.set(id, flow);
      keysOf.set(flow, []);
      if (flows.size > MOST_FLOWS) {
        dropOldest();
      }
      return flow;
    },
    find: (kind, hash) => byKey.get(`${kind} ${hash}`),
    know(flow, kind, hash) {
      const keys = keysOf.get(flow);
      if (!keys) {
        return;
      }
      const key = `${kind} ${hash}`;
      byKey.set(key, flow);
      keys.push(key);
      if (keys.length > MOST_KEYS) {
        // The first ones are those of the authorization request: they stay.
        forget(flow, keys.splice(MOST_KEYS / 2, 1));
      }
    },
  };
}

function fits(flow: Flow, { state, person, client, outcome, kind }: FlowFilter): boolean {
  const isKind = kind === undefined ? isListed(flow) : flow.kind === kind;
  return (
    isKind &&
    (state === undefined || flow.stateHash === state) &&
    (client === undefined || flow.clientId === client) &&
    (outcome === undefined || flow.outcome === outcome) &&
    (person === undefined || isOf(flow, person))
  );
}

function isListed({ kind, outcome }: Flow): boolean {
  return kind !== 'keys' || outcome === 'failed';
}

function isOf({ person = '', personId }: Flow, asked: string): boolean {
  return personId === asked || person.toLowerCase().includes(asked.toLowerCase());
}
