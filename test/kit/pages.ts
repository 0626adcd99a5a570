import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress from 'express';
import createFastify from 'fastify';
import { binary, freePort, started } from './services.js';
import type { Snippet } from './snippets.js';

/** An app that has a snippet of a page, and listens. */
export interface Served {
  readonly server: Server;
  close(): Promise<void>;
}

/** Runs a snippet in an app of its framework, with `kinde()` mounted as the snippet does or, if it does not, in the usual way. */
export async function served({ framework, code }: Snippet, file: string): Promise<Served> {
  const { add } = (await import(file)) as { add(app: unknown): Promise<void> };
  const isMounted = /\bkinde\(|register\(kinde|\bcreateKinde\(/.test(code);
  return framework === 'fastify' ? onFastify(add, isMounted) : onExpress(add, isMounted);
}

async function onFastify(
  add: (app: unknown) => Promise<void>,
  isMounted: boolean,
): Promise<Served> {
  const app = createFastify();
  if (!isMounted) {
    await app.register(fastify.kinde);
  }
  await add(app);
  if (!app.hasRoute({ method: 'GET', url: '/todos' })) {
    app.get('/todos', async (request) => ({ ok: request.kinde.isAuthenticated }));
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { server: app.server, close: () => app.close() };
}

async function onExpress(
  add: (app: unknown) => Promise<void>,
  isMounted: boolean,
): Promise<Served> {
  const app = createExpress();
  if (!isMounted) {
    app.use(express.kinde());
  }
  await add(app);
  app.get('/todos', (req, res) => void res.json({ ok: req.kinde.isAuthenticated }));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, close: () => closed(server) };
}

/** Closes a server with its connections. */
export function closed(server: Server): Promise<void> {
  const over = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return over;
}

/** A whole app of a page, in a process of its own beside a local Kinde, on a free port instead of 3000. */
export interface StartedApp {
  readonly port: number;
  readonly local: Emulator;
  stop(): Promise<void>;
}

/** Starts an app of a page as its reader would. */
export async function startedApp(file: string): Promise<StartedApp> {
  const port = await freePort();
  const copy = file.replace(/\.ts$/, `-${port}.ts`);
  writeFileSync(copy, readFileSync(file, 'utf8').replaceAll('3000', String(port)));
  const local = await createEmulator({ strict: true, siteUrl: `http://localhost:${port}` });
  await local.listen({ port: 0 });
  const env = { ...process.env, ...local.env };
  const child = spawn(process.execPath, ['--import', 'tsx', copy], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const service = await started(child, port);
  return {
    port,
    local,
    async stop() {
      await service.stop();
      await local.close();
    },
  };
}

/** nginx with the pieces of configuration that a page shows: a location, and what belongs beside the server. */
export async function nginxOf(page: string, { port, front }: { port: number; front: number }) {
  const text = readFileSync(page, 'utf8').replaceAll('3000', String(port));
  const pieces = [...text.matchAll(/^```nginx\n([^]*?)^```$/gm)].map(([, piece]) => piece!);
  const inServer = pieces.filter((one) => /^location/.test(one));
  const beside = pieces.filter((one) => !/^location/.test(one));
  const folder = mkdtempSync(join(tmpdir(), 'kindling-nginx-'));
  chmodSync(folder, 0o755);
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  const log = join(folder, 'error.log');
  const config = `daemon off; pid ${folder}/pid; error_log ${log}; events {}
    http { access_log off; ${places.join(' ')} ${beside.join('\n')} server { listen 127.0.0.1:${front}; ${inServer.join('\n')} } }`;
  writeFileSync(join(folder, 'nginx.conf'), config);
  const child = spawn(
    binary('nginx')!,
    ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', log],
    {
      stdio: 'ignore',
    },
  );
  await started(child, front);
  return {
    async stop() {
      const over = once(child, 'exit');
      child.kill('SIGTERM');
      await over;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
