import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { redisStore, type RedisStore } from '@kindling/redis';
import type { SessionStore } from '@kindling/core';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, describe, expect, expectTypeOf, test } from 'vitest';
import {
  hasRedisServerBinary,
  startRedis,
  startRedisCluster,
  type Service,
} from '../../../test/kit/services.js';
import { expectRefused } from '../../../test/kit/hostile-ids.js';

test('the Redis store is a session store with everything that is optional', () => {
  expectTypeOf<RedisStore>().toExtend<Required<SessionStore>>();
});

test('what is no client, and a prefix that would choose a slot, are refused at the start', () => {
  expect(() => redisStore({} as never)).toThrow('needs a client');
  expect(() => redisStore(undefined as never)).toThrow('needs a client');
  const client = createClient();
  for (const prefix of ['{app}:', 'app}', 7 as never]) {
    expect(() => redisStore(client, { prefix })).toThrow('without braces');
  }
});

describe.runIf(hasRedisServerBinary)('on a Redis of its own', async () => {
  const clean: (() => unknown)[] = [];
  afterAll(async () => {
    for (const one of clean.reverse()) {
      await one();
    }
  });
  const start = async (...settings: string[]): Promise<Service> => {
    const service = await startRedis(...settings);
    clean.push(() => service.stop());
    return service;
  };
  const nodeRedis = async (port: number) => {
    const client = createClient({ socket: { port, host: '127.0.0.1' } }).on('error', () => {});
    clean.push(() => client.destroy());
    return client.connect();
  };
  const ioredis = (port: number) => {
    const client = new Redis(port, '127.0.0.1', {
      maxLoadingRetryTime: 0,
      enableReadyCheck: false,
    }).on('error', () => {});
    clean.push(() => client.disconnect());
    return client;
  };
  const clients = [
    ['redis', nodeRedis],
    ['ioredis', async (port: number) => ioredis(port)],
  ] as const;
  /** What the server refused, by its own count. */
  const refused = async (port: number, code: string) => {
    const admin = ioredis(port);
    const count = new RegExp(`errorstat_${code}:count=(\\d+)`).exec(
      await admin.info('errorstats'),
    )?.[1];
    return Number(count ?? 0);
  };
  const main = await start();

  test('ST-13 no key is without an expiry after 1,000 random operations', async () => {
    const client = await nodeRedis(main.port);
    const store = redisStore(client, { prefix: 'random:' });
    const pick = (count: number) => String(Math.floor(Math.random() * count));
    await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const id = pick(40);
        const value = pick(3);
        const maxAge = Math.random() * 100 - 5;
        await [
          () => store.set(id, value, maxAge),
          () =>
            store.compareAndSet(id, pick(2) === '0' ? undefined : pick(3), { to: value, maxAge }),
          () => store.delete(id),
          () => store.addToGroup(id, value, maxAge),
          () => store.groupMembers(id),
        ][Math.floor(Math.random() * 5)]!();
      }),
    );
    const keys = await client.keys('random:*');
    expect(keys.length).toBeGreaterThan(20);
    for (const key of keys) {
      expect(await client.pTTL(key), key).toBeGreaterThan(0);
    }
  });

  test('a group lives as long as its last member, and those before it leave when it is used', async () => {
    const client = await nodeRedis(main.port);
    const store = redisStore(client);
    await store.addToGroup('group', 'long', 100);
    await store.addToGroup('group', 'short', 0.001);
    expect(await client.pTTL('kinde:{group}:group')).toBeGreaterThan(99_000);
    while ((await store.groupMembers('group')).length > 1) {
      await sleep(5);
    }
    expect(await client.zCard('kinde:{group}:group')).toBe(1);
  });

  test('ST-17 ST-22 ids that no hash looks like never become a key, and the connection goes on', async () => {
    const client = await nodeRedis(main.port);
    const store = redisStore(client, { prefix: 'hostile:' });
    for (const id of [
      "x'; DROP TABLE sessions;--",
      'a\u0000b',
      '',
      '*',
      '}{',
      'x'.repeat(1000),
      {} as string,
    ]) {
      await expectRefused(store, id);
    }
    for (const maxAge of [Number.NaN, Infinity]) {
      await expect(store.set('id', 'v', maxAge)).rejects.toThrow('seconds');
    }
    expect(await client.keys('hostile:*')).toEqual([]);
  });

  test('a password that is missing, and a client that never connected, are told with what to do', async () => {
    const { port } = await start('--requirepass', 'secret');
    const store = redisStore(ioredis(port));
    await expect(store.get('id')).rejects.toMatchObject({
      code: 'NOAUTH',
      message: expect.stringContaining('password'),
    });
    await expect(redisStore(createClient()).get('id')).rejects.toThrow('client.connect()');
  });

  test('ST-21 a prefix with glob characters is taken literally', async () => {
    const client = await nodeRedis(main.port);
    const other = redisStore(client, { prefix: 'glob:one' });
    const store = redisStore(client, { prefix: 'glob:*[o]?' });
    await Promise.all([other.set('id', 'other', 50), store.set('id', 'mine', 50)]);
    await store.delete('id');
    expect([await store.get('id'), await other.get('id')]).toEqual([undefined, 'other']);
  });

  test('ST-06 a reply of another type never becomes a session', async () => {
    const client = await nodeRedis(main.port);
    await client.set('kinde:{bytes}', 'text');
    const bytes = redisStore(client.withTypeMapping({ 36: Buffer }) as never);
    await expect(bytes.get('bytes')).rejects.toThrow('an unexpected type');
    await client.lPush('kinde:{list}', 'text');
    await expect(redisStore(client).get('list')).rejects.toThrow('WRONGTYPE');
    await expect(
      redisStore(client).compareAndSet('list', undefined, { to: 'v', maxAge: 5 }),
    ).rejects.toThrow('WRONGTYPE');
  });

  test('ST-14 a session that is deleted while a request prolongs it does not come back, 1,000 times', async () => {
    const one = redisStore(await nodeRedis(main.port));
    const two = redisStore(ioredis(main.port));
    for (let run = 0; run < 1000; run++) {
      await one.set(`race${run}`, 'old', 50);
      await Promise.all([
        one.compareAndSet(`race${run}`, 'old', { to: 'old', maxAge: 50 }),
        two.delete(`race${run}`),
      ]);
      expect(await one.get(`race${run}`)).toBeUndefined();
    }
  });

  describe.each(clients)('with %s', (name, connectTo) => {
    test('ST-08 a full server refuses what would be new, in an error that shows no session', async () => {
      const { port } = await start('--maxmemory', '1', '--maxmemory-policy', 'noeviction');
      const store = redisStore((await connectTo(port)) as never);
      for (const write of [
        () => store.set('id', 'sealed-session', 5),
        () => store.compareAndSet('id', undefined, { to: 'sealed-session', maxAge: 5 }),
      ]) {
        const error: Error = await write().then(
          () => expect.unreachable(),
          (reason) => reason,
        );
        expect(error.message).toMatch(/maxmemory.*OOM/);
        expect(
          JSON.stringify({ ...error, message: error.message, stack: error.stack }),
        ).not.toContain('sealed-session');
      }
      expect(await store.get('id')).toBeUndefined();
      await store.delete('id');
    });

    test('ST-11 a replica, a loading server and a cluster that is down reject, and reads are asked once', async () => {
      const replica = await start(
        '--replicaof',
        '127.0.0.1',
        String(main.port),
        '--replica-serve-stale-data',
        'yes',
      );
      const onReplica = redisStore((await connectTo(replica.port)) as never);
      await expect(onReplica.set('id', 'v', 5)).rejects.toThrow('READONLY');
      await expect(
        onReplica.compareAndSet('id', undefined, { to: 'v', maxAge: 5 }),
      ).rejects.toThrow('READONLY');
      await expect(onReplica.delete('id')).rejects.toThrow('READONLY');

      const down = await start('--cluster-enabled', 'yes');
      const onDown = redisStore((await connectTo(down.port)) as never);
      await expect(onDown.get('id')).rejects.toThrow('CLUSTERDOWN');
      expect(await refused(down.port, 'CLUSTERDOWN')).toBe(1);
      await expect(onDown.set('id', 'v', 5)).rejects.toThrow('CLUSTERDOWN');
    });

    test('a user who may not read, and a client that is closed, are told with what to do', async () => {
      const { port } = await start();
      const client = await connectTo(port);
      const store = redisStore(client as never);
      await ioredis(port).call('ACL', 'SETUSER', 'default', '-get');
      const error: Error = await store.get('id').then(
        () => expect.unreachable(),
        (reason) => reason,
      );
      expect(error).toMatchObject({ code: 'NOPERM', cause: expect.any(Error) });
      expect(error.message).toContain('ACL');
      await (client as { quit(): Promise<unknown> }).quit();
      await expect(store.get('id')).rejects.toThrow('client');
    });

    test('ST-11 a node of a cluster that has other slots rejects, and is asked once', async () => {
      const { ports, stop } = await startRedisCluster();
      clean.push(stop);
      const admin = await nodeRedis(ports[0]!);
      const slot = Number(await admin.sendCommand(['CLUSTER', 'KEYSLOT', 'kinde:{id}']));
      const wrong = ports[slot < 5461 ? 1 : 0]!;
      const store = redisStore((await connectTo(wrong)) as never);
      await expect(store.get('id')).rejects.toThrow(/createCluster.*MOVED/);
      expect(await refused(wrong, 'MOVED')).toBe(1);
      await expect(store.set('id', 'v', 5)).rejects.toThrow('MOVED');
      await expect(store.compareAndSet('id', undefined, { to: 'v', maxAge: 5 })).rejects.toThrow(
        'MOVED',
      );
    });

    test('ST-11 a server that is loading its data rejects', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'kindling-loading-'));
      clean.push(() => rmSync(folder, { recursive: true, force: true }));
      const before = await start('--dir', folder);
      const admin = await nodeRedis(before.port);
      for (let key = 0; key < 200; key++) {
        await admin.set(`key${key}`, randomBytes(2000).toString('hex'));
      }
      await admin.sendCommand(['SAVE']);
      await before.stop();
      const slowly = [
        '--key-load-delay',
        '100000',
        '--loading-process-events-interval-bytes',
        '1024',
      ];
      const { port } = await start('--dir', folder, ...slowly);
      const store = redisStore((await connectTo(port)) as never);
      await expect(store.get('id')).rejects.toThrow('LOADING');
      expect(await refused(port, 'LOADING')).toBe(1);
      await expect(store.compareAndSet('id', undefined, { to: 'v', maxAge: 5 })).rejects.toThrow(
        'LOADING',
      );
    });

    test('ST-10 after a failover that lost a session, the others are there, and scripts work that the server never saw', async () => {
      const primary = await start('--repl-diskless-sync-delay', '0');
      const replica = await start('--replicaof', '127.0.0.1', String(primary.port));
      const admin = await nodeRedis(replica.port);
      const front = await forward(primary.port);
      clean.push(front.close);
      const store = redisStore((await connectTo(front.port)) as never);
      while (!(await admin.info('replication')).includes('master_link_status:up')) {
        await sleep(20);
      }
      await store.set('old', 'old', 50);
      expect(await store.compareAndSet('old', 'old', { to: 'renewed', maxAge: 50 })).toBe(true);
      while ((await admin.get('kinde:{old}').catch(() => null)) !== 'renewed') {
        await sleep(5);
      }
      await admin.sendCommand(['REPLICAOF', 'NO', 'ONE']);
      await store.set('new', 'new', 50);
      front.to(replica.port);
      await primary.stop();
      const answer = async (): Promise<string | undefined> =>
        store.get('old').catch(() => sleep(20).then(answer));
      expect(await answer()).toBe('renewed');
      expect(await store.get('new')).toBeUndefined();
      await admin.sendCommand(['SCRIPT', 'FLUSH']);
      expect(await store.compareAndSet('new', undefined, { to: 'again', maxAge: 50 })).toBe(true);
      expect(await store.compareAndSet('new', undefined, { to: 'twice', maxAge: 50 })).toBe(false);
    });

    test('ST-12 connections cut in the middle of replies never give one session to another', async () => {
      const front = await forward(main.port);
      clean.push(front.close);
      const store = redisStore((await connectTo(front.port)) as never, { prefix: `cut-${name}:` });
      const ids = Array.from({ length: 1000 }, (_, index) => `session${index}`);
      await Promise.all(ids.map((id) => store.set(id, `${id} ${'x'.repeat(500)}`, 100)));
      let answered = 0;
      for (let cut = 0; cut < 10; cut++) {
        front.cutAfter(20_000 + Math.floor(Math.random() * 300_000));
        const values = await Promise.allSettled(ids.map((id) => store.get(id)));
        for (const [index, result] of values.entries()) {
          if (result.status === 'fulfilled') {
            expect(result.value?.split(' ')[0]).toBe(ids[index]);
            answered += 1;
          }
        }
      }
      expect(front.cuts()).toBe(10);
      expect(answered).toBeGreaterThan(0);
    }, 60_000);
  });
});

/** A wire to a server that can lead elsewhere, and break after so many bytes of replies. */
async function forward(port: number) {
  let target = port;
  let left = Infinity;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          near.destroy();
          far.destroy();
          sockets.delete(socket);
        });
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      near.write(data.subarray(0, left));
      left -= data.length;
      if (left > 0) {
        return;
      }
      [left, cuts] = [Infinity, cuts + 1];
      near.end();
      far.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    to: (other: number) => void (target = other),
    cutAfter: (bytes: number) => void (left = bytes),
    cuts: () => cuts,
    close() {
      server.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}
