import { checkSnapshot, SNAPSHOT_VERSION, type Snapshot } from './check-snapshot.js';
import type { State, TenantData } from './state.js';

export type { Snapshot } from './check-snapshot.js';

type Form = 'plain' | 'map' | 'set';

/** How each part is written. The compiler demands a row for every part of the data, so that none is forgotten. */
const KEPT = {
  permissions: 'plain',
  roles: 'plain',
  flags: 'plain',
  applications: 'plain',
  apis: 'plain',
  properties: 'plain',
  propertyCategories: 'plain',
  connections: 'plain',
  apiKeys: 'plain',
  environmentVariables: 'plain',
  subscribers: 'plain',
  webhooks: 'plain',
  usage: 'plain',
  environmentFlags: 'plain',
  organizations: 'plain',
  people: 'plain',
  invitations: 'plain',
  managementLimit: 'plain',
  reuse: 'plain',
  createdAt: 'plain',
  grants: 'map',
  codes: 'map',
  refreshTokens: 'map',
  issued: 'map',
  revoked: 'set',
  sessions: 'map',
  portalKeys: 'map',
  pending: 'map',
  events: 'map',
  queued: 'plain',
} as const satisfies Record<keyof TenantData, Form>;

const PARTS = Object.entries(KEPT) as [keyof TenantData, Form][];

/** Takes a snapshot of everything that survives. Later changes do not touch it. */
export function capture(state: State): Snapshot {
  return copyOf(snapshotOf(state));
}

/** The same, without a copy: for those who write it down at once. */
export function snapshotOf(state: State): Snapshot {
  const data = PARTS.map(([part, form]) => [part, written(state[part], form)] as const);
  return {
    version: SNAPSHOT_VERSION,
    takenAt: new Date().toISOString(),
    clock: state.clock.settings,
    data: Object.fromEntries(data),
  };
}

/** JSON is several times as fast as `structuredClone`, and what it drops would not survive in a file either. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function written(value: unknown, form: Form): unknown {
  return form === 'plain' ? value : [...(value as Iterable<unknown>)];
}

/**
 * Puts a snapshot back into the same state, so that whoever holds it goes on with what it says. Parts that the snapshot does
 * not have, such as those of a later release, begin as `fresh` has them.
 * @throws TypeError for what is no snapshot, and for one of a later version. Nothing changes then.
 */
export function restore(state: State, snapshot: unknown, fresh: () => TenantData): void {
  const copy = copyOf(checkSnapshot(snapshot));
  replaceData(state, dataIn(copy, fresh));
  state.clock.restore(copy.clock);
}

/** The data in a snapshot that was checked and that nobody else holds: see `restore`. */
export function dataIn({ data }: Snapshot, fresh: () => TenantData): TenantData {
  const isWhole = PARTS.every(([part]) => Object.hasOwn(data, part) || part === 'managementLimit');
  const others: Partial<TenantData> = isWhole ? {} : fresh();
  const parts = PARTS.map(([part, form]) => [
    part,
    Object.hasOwn(data, part) ? read(data[part], form) : others[part],
  ]);
  return Object.fromEntries(parts) as unknown as TenantData;
}

function read(value: unknown, form: Form): unknown {
  switch (form) {
    case 'map':
      return new Map(value as [string, unknown][]);
    case 'set':
      return new Set(value as string[]);
    case 'plain':
      return value;
  }
}

/** Replaces everything that survives with the data of another tenant. */
export function replaceData(state: State, data: TenantData): void {
  for (const [part] of PARTS) {
    Object.assign(state, { [part]: data[part] });
  }
}
