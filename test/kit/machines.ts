import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '@kindling/postgres';
import { build } from 'esbuild';
import { Pool } from 'pg';
import { createClient } from 'redis';
import type { AppSpec, StoreSpec } from './machine.js';

/** A process that serves apps. */
export interface Machine {
  readonly process: ChildProcess;
  /** Serves one more app. The answer can be sent to, like a server of this process. */
  serve(spec: AppSpec): Promise<Server>;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** Processes from one bundle, so that each starts quickly. */
export async function createMachines(): Promise<{ start(): Machine; stop(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-machines-'));
  const file = join(folder, 'machine.cjs');
  await build({
    entryPoints: [fileURLToPath(new URL('machine.ts', import.meta.url))],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['pg-native'],
    logLevel: 'error',
  });
  const running: ChildProcess[] = [];
  return {
    start() {
      const child = fork(file, { execArgv: [] });
      running.push(child);
      let asked = 0;
      return {
        process: child,
        serve: (spec) =>
          new Promise((resolve, reject) => {
            const id = ++asked;
            const listen = (answer: { id: number; port: number; error?: string }) => {
              if (answer.id !== id) return;
              child.off('message', listen);
              if (answer.error) return reject(new Error(answer.error));
              const address = { port: answer.port, address: '127.0.0.1', family: 'IPv4' };
              resolve({ address: () => address satisfies AddressInfo } as Server);
            };
            child.on('message', listen);
            child.send({ id, spec });
          }),
        signal: (signal) => void child.kill(signal),
      };
    },
    stop() {
      for (const child of running) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const missing = (what: string) => {
  const reason = `${what}: its tests do not run.`;
  if (process.env['CI']) throw new Error(reason);
  console.warn(`\n  ${reason}\n`);
};

/** Stores that several processes can share, of those that can be reached here. What cannot is told; in CI it fails. */
export async function sharedStores(name: string): Promise<Record<string, { spec: StoreSpec; clear(): Promise<void> }>> {
  const own = `${name}${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), `kindling-${name}-`));
  const stores: Awaited<ReturnType<typeof sharedStores>> = {
    filesystem: {
      spec: { kind: 'filesystem', folder },
      clear: async () => rmSync(folder, { recursive: true, force: true }),
    },
  };
  if (await answers(6379)) {
    const prefix = `kindling-test-${own}:`;
    stores['redis'] = {
      spec: { kind: 'redis', port: 6379, prefix },
      async clear() {
        const client = await createClient().connect();
        for await (const keys of client.scanIterator({ MATCH: `${prefix}*`, COUNT: 1000 }))
          if (keys.length > 0) await client.del(keys);
        client.destroy();
      },
    };
  } else missing('No Redis at 127.0.0.1:6379');
  if (await answers(5432)) {
    const table = `kindling_test_${own}`;
    const pool = new Pool({ host: '127.0.0.1', user: 'postgres', database: 'test', max: 1 });
    await migrate(pool, { table });
    stores['postgres'] = {
      spec: { kind: 'postgres', table },
      async clear() {
        await pool.query(`DROP TABLE ${table}, ${table}_groups`);
        await pool.end();
      },
    };
  } else missing('No Postgres at 127.0.0.1:5432');
  return stores;
}

const REDIS = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'].find(
  existsSync,
);
/** Whether a Redis of one's own can be started. Where it cannot, that is told; in CI it fails. */
export const hasRedisServer = REDIS !== undefined;
if (!hasRedisServer) missing('No redis-server to start');

/** A Redis of this test's own, that can be stopped and started. It forgets nothing that it has confirmed. */
export async function privateRedis(): Promise<{ port: number; start(): Promise<void>; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'kindling-redis-'));
  const port = await freePort();
  let server: ChildProcess | undefined;
  return {
    port,
    async start() {
      const keep = ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
      server = spawn(REDIS!, ['--port', String(port), '--bind', '127.0.0.1', ...keep], { stdio: 'ignore' });
      while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    async stop() {
      const ended = once(server!, 'exit');
      server!.kill('SIGKILL');
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
