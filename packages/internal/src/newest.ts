/** Deletes the oldest entries of a map or set until no more than `most` are left. Insertion order is age. */
export function dropOldest<Key>(
  entries: { readonly size: number; keys(): Iterable<Key>; delete(key: Key): boolean },
  most: number,
): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= most) {
      return;
    }
    entries.delete(oldest);
  }
}
