import { KindeError } from './errors.js';
import type { SessionStore } from './store.js';

/** Milliseconds a store may take before requests stop waiting for it. */
const PATIENCE = 2000;

/**
 * The same store, which answers in time or fails, so that nobody waits for it for long. It can what the given one can.
 * Every method throws KindeError `store_unavailable`.
 */
export function patient(store: SessionStore): SessionStore {
  return Object.freeze({
    get: (id) => ask(() => store.get(id)),
    set: (id, value, maxAge) => ask(() => store.set(id, value, maxAge)),
    delete: (id) => ask(() => store.delete(id)),
    ...(store.swap && { swap: (id, from, change) => ask(() => store.swap!(id, from, change)) }),
    ...(store.enlist && { enlist: (group, id, maxAge) => ask(() => store.enlist!(group, id, maxAge)) }),
    ...(store.members && { members: (group) => ask(() => store.members!(group)) }),
  } satisfies SessionStore as SessionStore);
}

async function ask<Result>(question: () => Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE);
  });
  try {
    return await Promise.race([question(), late]);
  } catch (cause) {
    throw unavailable('The session store does not answer.', cause);
  } finally {
    clearTimeout(timer);
  }
}

/** What cannot be known or agreed just now. */
export function unavailable(message: string, cause?: unknown): KindeError {
  const details = { headers: { 'retry-after': '5' }, ...(cause !== undefined && { cause }) };
  return new KindeError('store_unavailable', message, details);
}
