// Tries the installed @kindling/redis: a session through a client of the shape that the package `redis` has.
import assert from 'node:assert/strict';
import { redisStore, type NodeRedis, type RedisStore } from '@kindling/redis';

export async function trial(): Promise<void> {
  const kept = new Map<string, string>();
  const client: NodeRedis = {
    get: async (key) => kept.get(key) ?? null,
    pSetEx: async (key, _milliseconds, value) => kept.set(key, value),
    del: async (key) => kept.delete(key),
    eval: async () => 0,
    evalSha: async () => 0,
  };
  const store: RedisStore = redisStore(client, { prefix: 'trial:' });
  await store.set('an-id', 'a session', 60);
  assert.equal(await store.get('an-id'), 'a session');
  assert.ok([...kept.keys()].every((key) => key.startsWith('trial:')));
  assert.throws(() => redisStore({} as NodeRedis), TypeError);
}
