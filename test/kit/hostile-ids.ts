import type { SessionStore } from '@kindling/core';
import { expect } from 'vitest';

/** An id that no hash looks like finds nothing in a store, and nothing is written under it. */
export async function expectRefused(store: Required<SessionStore>, id: string): Promise<void> {
  expect(await store.get(id)).toBeUndefined();
  expect(await store.groupMembers(id)).toEqual([]);
  await store.delete(id);
  await expect(store.set(id, 'v', 5)).rejects.toThrow(TypeError);
  await expect(store.compareAndSet(id, undefined, { to: 'v', maxAge: 5 })).rejects.toThrow(
    TypeError,
  );
  await expect(store.addToGroup('group', id, 5)).rejects.toThrow(TypeError);
}
