// A process of its own that serves the small app, as often as it is asked to, with the store it is told.
import type { AddressInfo } from 'node:net';
import { filesystemStore, type KindeOptions, type SessionStore } from '@kindling/core';
import { postgresStore } from '@kindling/postgres';
import { redisStore } from '@kindling/redis';
import { Pool } from 'pg';
import { createClient } from 'redis';
import { frameworks } from './apps.js';

/** Which store, in words that go from process to process. */
export type StoreSpec =
  | { kind: 'none' }
  | { kind: 'filesystem'; folder: string }
  | { kind: 'redis'; url: string; prefix: string }
  | { kind: 'postgres'; url: string; table: string };

/** An app to serve. `keep` says where its sessions are. */
export interface AppSpec {
  framework: string;
  options: Omit<KindeOptions, 'session' | 'fetch'>;
  keep: 'cookie' | 'coordination' | 'store' | 'fallback';
  store: StoreSpec;
}

async function open(spec: StoreSpec): Promise<SessionStore | undefined> {
  if (spec.kind === 'filesystem') {
    return filesystemStore(spec.folder);
  }
  if (spec.kind === 'redis') {
    const socket = { reconnectStrategy: () => 100 };
    const client = createClient({ url: spec.url, socket, disableOfflineQueue: true });
    client.on('error', () => {});
    await client.connect();
    return redisStore(client, { prefix: spec.prefix });
  }
  if (spec.kind === 'postgres') {
    const pool = new Pool({ connectionString: spec.url, max: 8 });
    pool.on('error', () => {});
    return postgresStore(pool, { table: spec.table });
  }
  return undefined;
}

async function serve({ framework, options, keep, store: spec }: AppSpec): Promise<number> {
  const store = await open(spec);
  const session = {
    ...(keep === 'coordination' && { coordination: store! }),
    ...((keep === 'store' || keep === 'fallback') && { store: store! }),
    ...(keep === 'fallback' && { fallback: true }),
  };
  const server = await frameworks[framework]!({ ...options, session });
  return (server.address() as AddressInfo).port;
}

process.on('message', ({ id, spec }: { id: number; spec: AppSpec }) => {
  serve(spec).then(
    (port) => process.send!({ id, port }),
    (error: Error) => process.send!({ id, error: error.message }),
  );
});
process.on('disconnect', () => process.exit());
