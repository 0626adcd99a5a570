import { checkSeed } from '../seed/check-seed.js';
import type { ReadonlySeed, Seed } from '../seed/seed.js';
import { capture, replaceData } from '../state/capture.js';
import { checkSnapshot, type Snapshot } from '../state/check-snapshot.js';
import type { Changed } from './answers.js';
import { ControlError } from './error.js';
import { unknownName } from './lookup.js';
import type { ControlParts } from './parts.js';

/** Parts that a reset touches. */
export type ResetParts = Pick<
  ControlParts,
  'state' | 'faults' | 'webhooks' | 'nextSignIns' | 'flows' | 'fresh'
>;

/** Goes back to real time and to a tenant of a seed that nothing has happened to: whoever holds the state goes on with it. */
export function startOver(parts: ResetParts, seed: Seed, name: string): void {
  const { state } = parts;
  forget(parts);
  replaceData(state, parts.fresh(seed));
  tellReset(state, name);
}

/** Forgets all that happened, apart from the tenant itself. */
function forget({ state, faults, webhooks, nextSignIns, flows }: ResetParts): void {
  state.clock.reset();
  faults.clear();
  nextSignIns.clear();
  webhooks.clear();
  flows.clear();
  state.journal.clear();
}

function tellReset({ journal }: ResetParts['state'], name: string): void {
  journal.append({ kind: 'state', what: 'reset', name });
}

/** `reset` */
export async function reset(parts: ControlParts, to = 'seed'): Promise<Changed> {
  const { state } = parts;
  if (to === 'seed' || to === 'empty') {
    startOver(parts, to === 'seed' ? state.seed : emptied(state.seed), to);
    return { journal: state.journal.last };
  }
  const snapshot = await loaded(parts, to, ['seed', 'empty']);
  forget(parts);
  tellReset(state, to);
  return restored(parts, snapshot);
}

/** Nobody and nothing, but for the applications and APIs: an app that runs goes on to know its credentials. */
function emptied({ applications, apis }: Seed): Seed {
  const seed = { permissions: {}, roles: {}, flags: {}, organizations: {}, people: [] };
  return {
    ...seed,
    ...(applications && { applications }),
    ...(apis && { apis }),
  };
}

/** `setSeed` */
export function setSeed(parts: ControlParts, given: ReadonlySeed): Changed {
  const { state } = parts;
  let seed: Seed;
  try {
    seed = checkSeed(structuredClone(given));
  } catch (error) {
    throw new ControlError('invalid_seed', (error as Error).message);
  }
  state.seed = seed;
  startOver(parts, seed, 'seed');
  return { journal: state.journal.last };
}

/** `saveSnapshot` */
export function saveSnapshot(parts: ControlParts, name: string): Promise<Changed> {
  return kept(parts, name, capture(parts.state));
}

/** `putSnapshot` */
export function putSnapshot(
  parts: ControlParts,
  name: string,
  snapshot: Snapshot,
): Promise<Changed> {
  return kept(parts, name, checkedSnapshot(snapshot));
}

async function kept({ snapshots, state }: ControlParts, name: string, snapshot: Snapshot) {
  await snapshots.save(name, snapshot);
  state.journal.append({
    kind: 'state',
    what: 'saved',
    name,
  });
  return { journal: state.journal.last };
}

/** `snapshot` */
export function snapshot(parts: ControlParts, name: string): Promise<Snapshot> {
  return loaded(parts, name);
}

/** `removeSnapshot` */
export async function removeSnapshot(parts: ControlParts, name: string): Promise<Changed> {
  if (!(await parts.snapshots.remove(name))) {
    throw await noSnapshot(parts, name);
  }
  return { journal: parts.state.journal.last };
}

/** `restoreSnapshot` */
export async function restoreSnapshot(parts: ControlParts, name: string): Promise<Changed> {
  return restored(parts, await loaded(parts, name));
}

function restored({ state, restore }: ControlParts, snapshot: Snapshot): Changed {
  try {
    restore(snapshot);
  } catch (error) {
    throw new ControlError('invalid_snapshot', (error as Error).message);
  }
  return { journal: state.journal.last };
}

async function loaded(
  parts: ControlParts,
  name: string,
  others: readonly string[] = [],
): Promise<Snapshot> {
  const found = await parts.snapshots.load(name).catch((error: unknown) => {
    throw new ControlError('invalid_snapshot', (error as Error).message);
  });
  if (found) {
    return found;
  }
  throw await noSnapshot(parts, name, others);
}

async function noSnapshot(
  { snapshots }: ControlParts,
  given: string,
  others: readonly string[] = [],
): Promise<ControlError> {
  const all = await snapshots.list();
  const known = [...others, ...all.map(({ name }) => name)];
  return unknownName('unknown_snapshot', 'snapshot', {
    given,
    known,
  });
}

function checkedSnapshot(given: Snapshot): Snapshot {
  try {
    return checkSnapshot(given);
  } catch (error) {
    throw new ControlError('invalid_snapshot', (error as Error).message);
  }
}
