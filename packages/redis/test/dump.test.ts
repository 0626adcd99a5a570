import { redisStore } from '@kindling/redis';
import { createClient } from 'redis';
import { test } from 'vitest';
import { signInAndDump } from '../../../test/kit/dump.js';
import { hasRedis, redisUrl } from '../../../test/kit/services.js';

test.runIf(hasRedis)(
  'ST-19 a dump of Redis shows no session id, no token and no person',
  async () => {
    const prefix = `kindling-dump-${process.pid}:`;
    const client = await createClient({ url: redisUrl }).connect();
    const keysOf = async () => {
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
        found.push(...keys);
      }
      return found;
    };
    await signInAndDump('express', redisStore(client, { prefix }), async () => {
      const keys = await keysOf();
      const values = keys.map((key) =>
        key.endsWith(':group') ? client.zRange(key, 0, -1) : client.get(key),
      );
      return [
        ...keys.map((key) => key.slice(prefix.length)),
        ...(await Promise.all(values)).flat().map(String),
      ];
    });
    await client.del(await keysOf());
    client.destroy();
  },
);
