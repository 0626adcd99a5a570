/** The entries of a record as a list, each with its key. */
export function listed<Entity extends object>(record: Readonly<Record<string, Entity>>): (Entity & { key: string })[] {
  return Object.entries(record).map(([key, entity]) => ({ ...entity, key }));
}

/** The same record with another key for one entry, which stays where it was. */
export function renameKey<Entity>(record: Readonly<Record<string, Entity>>, from: string, to: string) {
  return Object.fromEntries(Object.entries(record).map(([key, entity]) => [key === from ? to : key, entity]));
}
