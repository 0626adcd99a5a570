import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** The Redis that tests may use, each with a key prefix of its own. */
export const redisUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
/** The Postgres that tests may use, each with tables of its own. */
export const databaseUrl = process.env['DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test';

/** Whether a service is there. Where it is not, that is told; in CI it fails. */
export const hasRedis = told(await answers(redisUrl, 6379), 'No Redis (set REDIS_URL)');
export const hasPostgres = told(await answers(databaseUrl, 5432), 'No Postgres (set DATABASE_URL)');

/** Where a program is installed. */
export const binary = (name: string) =>
  ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin']
    .map((folder) => `${folder}/${name}`)
    .find((file) => existsSync(file));
const redisServer = binary('redis-server');
const pgbouncer = binary('pgbouncer');

/** Whether tests can start a Redis of their own. */
export const hasRedisServerBinary = told(
  redisServer !== undefined,
  'No redis-server to start (install redis)',
);
/** The PgBouncer that tests can start. */
export const pgbouncerBinary = told(pgbouncer !== undefined, 'No pgbouncer to start')
  ? pgbouncer
  : undefined;

/** A process that a test started. */
export interface Service {
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** A Redis of one's own, on a free port, that keeps nothing on disk unless told to. It need not be ready yet. */
export async function startRedis(...settings: string[]): Promise<Service> {
  const place = { port: await freePort(), folder: mkdtempSync(join(tmpdir(), 'kindling-redis-')) };
  return startRedisAt(place, settings, () =>
    rmSync(place.folder, { recursive: true, force: true }),
  );
}

/** A Redis at a place that was chosen before, so that it can come back after it was stopped. */
export function startRedisAt(
  { port, folder }: { port: number; folder: string },
  settings: readonly string[],
  cleanUp = () => {},
): Promise<Service> {
  const own = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  return started(spawn(redisServer!, [...own, ...settings], { stdio: 'ignore' }), port, cleanUp);
}

/** Three primaries that share the slots. */
export async function startRedisCluster(): Promise<{ ports: number[]; stop(): Promise<void> }> {
  const buses = await Promise.all([freePort(), freePort(), freePort()]);
  const nodes = await Promise.all(
    buses.map((bus) => startRedis('--cluster-enabled', 'yes', '--cluster-port', String(bus))),
  );
  const clients = await Promise.all(
    nodes.map(({ port }) => createClient({ socket: { port } }).connect()),
  );
  const bounds = [0, 5461, 10_923, 16_384];
  for (const [index, client] of clients.entries()) {
    const from = String(bounds[index]!);
    const to = String(bounds[index + 1]! - 1);
    await client.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', from, to]);
    await client.sendCommand([
      'CLUSTER',
      'MEET',
      '127.0.0.1',
      String(nodes[0]!.port),
      String(buses[0]!),
    ]);
  }
  for (const client of clients) {
    while (!String(await client.sendCommand(['CLUSTER', 'INFO'])).includes('cluster_state:ok')) {
      await sleep(50);
    }
  }
  for (const client of clients) {
    client.destroy();
  }
  return {
    ports: nodes.map(({ port }) => port),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  };
}

/** Waits for a process that was just started to listen, and stops it for good. */
export async function started(
  child: ChildProcess,
  port: number,
  cleanUp = () => {},
): Promise<Service> {
  const over = once(child, 'exit');
  while (!(await answers(`tcp://127.0.0.1:${port}`, port))) {
    if (child.exitCode !== null) {
      throw new Error(`${child.spawnfile} does not start.`);
    }
    await sleep(20);
  }
  return {
    port,
    process: child,
    async stop() {
      child.kill('SIGKILL');
      await over;
      cleanUp();
    },
  };
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Says that something is missing; in CI that is a failure. */
export function told(isThere: boolean, reason: string): boolean {
  if (!isThere && process.env['CI']) {
    throw new Error(reason);
  }
  if (!isThere) {
    console.warn(`\n  ${reason}: tests that need it do not run.\n`);
  }
  return isThere;
}

function answers(url: string, standard: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port) || standard, hostname.replace(/^\[|\]$/g, ''));
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(2000, () => done(false));
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}

/** As much of a client of Redis as emptying it takes. */
interface RedisClient {
  scanIterator(options: { MATCH: string; COUNT: number }): AsyncIterable<string[]>;
  del(keys: string[]): Promise<unknown>;
}

/** Deletes what a Redis has under a prefix. */
export async function emptyRedis(client: RedisClient, prefix: string): Promise<void> {
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 })) {
    if (keys.length > 0) {
      await client.del(keys);
    }
  }
}
