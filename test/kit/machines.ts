import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { migrate } from '@kindling/postgres';
import { build } from 'esbuild';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { SITE } from './apps.js';
import type { AppSpec, StoreSpec } from './machine.js';
import {
  databaseUrl,
  emptyRedis,
  freePort,
  hasPostgres,
  hasRedis,
  redisUrl,
  startRedisAt,
  type Service,
} from './services.js';

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
              if (answer.id !== id) {
                return;
              }
              child.off('message', listen);
              if (answer.error) {
                return reject(new Error(answer.error));
              }
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
      for (const child of running) {
        child.kill('SIGKILL');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A Kinde that other processes can reach. */
export async function createReachableKinde(): Promise<Emulator> {
  const emulator = await createEmulator({ strict: true, siteUrl: SITE });
  await emulator.listen({ port: 0, host: '127.0.0.1' });
  return emulator;
}

/** Stores that several processes can share, of those that can be reached here. */
export async function sharedStores(
  name: string,
): Promise<Record<string, { spec: StoreSpec; clear(): Promise<void> }>> {
  const own = `${name}${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), `kindling-${name}-`));
  const stores: Awaited<ReturnType<typeof sharedStores>> = {
    filesystem: {
      spec: { kind: 'filesystem', folder },
      clear: async () => rmSync(folder, { recursive: true, force: true }),
    },
  };
  if (hasRedis) {
    const prefix = `kindling-test-${own}:`;
    stores['redis'] = {
      spec: { kind: 'redis', url: redisUrl, prefix },
      async clear() {
        const client = await createClient({ url: redisUrl }).connect();
        await emptyRedis(client, prefix);
        client.destroy();
      },
    };
  }
  if (hasPostgres) {
    const table = `kindling_test_${own}`;
    const pool = new Pool({ connectionString: databaseUrl, max: 1 });
    await migrate(pool, { table });
    stores['postgres'] = {
      spec: { kind: 'postgres', url: databaseUrl, table },
      async clear() {
        await pool.query(`DROP TABLE ${table}, ${table}_groups`);
        await pool.end();
      },
    };
  }
  return stores;
}

/** Empties stores that nobody uses any more. */
export async function clearStores(stores: Awaited<ReturnType<typeof sharedStores>>): Promise<void> {
  await Promise.all(Object.values(stores).map(({ clear }) => clear()));
}

/** A Redis of this test's own, that can be stopped and started. It forgets nothing that it has confirmed. */
export async function privateRedis(): Promise<{
  url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}> {
  const place = { port: await freePort(), folder: mkdtempSync(join(tmpdir(), 'kindling-redis-')) };
  let server: Service | undefined;
  return {
    url: `redis://127.0.0.1:${place.port}`,
    async start() {
      server = await startRedisAt(place, ['--appendonly', 'yes', '--appendfsync', 'always']);
    },
    stop: () => server!.stop(),
  };
}
