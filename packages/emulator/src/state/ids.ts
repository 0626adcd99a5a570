import { createHash } from 'node:crypto';

/** The same hex for the same text, every time. */
export function digest(text: string, length = 16): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}

/** An id in the form of a UUID, as roles and permissions have it; the same for the same text. */
export function idOf(text: string): string {
  return digest(text, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Adds an entry to a bounded map: a local Kinde may run for weeks, so the oldest entries are dropped. */
export function remember<Value>(
  memory: Map<string, Value>,
  id: string,
  value: Value,
  most = 10000,
): void {
  for (const oldest of memory.keys()) {
    if (memory.size < most) {
      break;
    }
    memory.delete(oldest);
  }
  memory.set(id, value);
}
