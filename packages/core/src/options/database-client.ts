/** The stores of packages, by a function of the client that they take. */
const STORES = [
  ['query', 'postgresStore(pool)', 'postgres'],
  ['evalSha', 'redisStore(client)', 'redis'],
  ['evalsha', 'redisStore(client)', 'redis'],
] as const;

/** Explains how a database client, passed in place of a session store, becomes one; `undefined` for other values. */
export function checkClient(value: unknown): string | undefined {
  const members = (value ?? {}) as Readonly<Record<string, unknown>>;
  const found = STORES.find(([name]) => typeof members[name] === 'function');
  if (!found) {
    return undefined;
  }
  const [, store, name] = found;
  return `must be a session store, not a database client: pass \`${store}\` of @kindling/${name}.`;
}
