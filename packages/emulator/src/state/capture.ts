import type { ClockSettings } from '../clock.js';
import type { State, TenantData } from './state.js';

/** Everything that survives, as JSON: a snapshot, and what a state file holds. */
export interface Snapshot {
  /** Version of this form: a later one may be read by a later release only. */
  readonly version: number;
  /** Real time at which it was taken, as in ISO 8601. */
  readonly takenAt: string;
  /** How the clock differed from real time. */
  readonly clock: ClockSettings;
  /** The tenant. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Version that `capture` writes. */
export const SNAPSHOT_VERSION = 1;

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
  const data = PARTS.map(([part, form]) => [part, written(state[part], form)] as const);
  return structuredClone({
    version: SNAPSHOT_VERSION,
    takenAt: new Date().toISOString(),
    clock: state.clock.settings,
    data: Object.fromEntries(data),
  });
}

function written(value: unknown, form: Form): unknown {
  return form === 'plain' ? value : [...(value as Iterable<unknown>)];
}

/**
 * Puts a snapshot back into the same state, so that whoever holds it goes on with what it says. Parts that the snapshot does
 * not have, such as those of a later release, begin as `fresh` has them.
 */
export function restore(state: State, snapshot: Snapshot, fresh: TenantData): void {
  const { clock, data } = structuredClone(snapshot);
  const parts = PARTS.map(([part, form]) => [
    part,
    Object.hasOwn(data, part) ? read(data[part], form) : fresh[part],
  ]);
  Object.assign(state, Object.fromEntries(parts));
  state.clock.restore(clock);
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
