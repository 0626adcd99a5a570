import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { migration } from '@kindling/postgres';
import createExpress from 'express';
import createFastify from 'fastify';
import { Pool } from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { send } from './kit/http.js';
import {
  databaseUrl,
  freePort,
  hasPostgres,
  hasRedisServerBinary,
  startRedisAt,
} from './kit/services.js';
import { moduleOf, snippetsOf, written } from './kit/snippets.js';
import { createWire } from './kit/wire.js';

const frameworks = ['express', 'fastify'] as const;
type Framework = (typeof frameworks)[number];

/** The apps of the READMEs, and those that the how-to pages' clients make. */
const mounted: Record<Framework, string> = {
  express:
    "import { kinde } from '@kindling/express';\nCLIENT\napp.use(kinde({ session: { store } }));\n",
  fastify:
    "import { kinde } from '@kindling/fastify';\nCLIENT\nawait app.register(kinde, { session: { store } });\n",
};
const guarded: Record<Framework, string> = {
  express: "\napp.get('/needs', protect(), (_req, res) => void res.json({ ok: true }));\n",
  fastify: "\napp.get('/needs', { onRequest: protect() }, async () => ({ ok: true }));\n",
};
const programs = (name: 'redis' | 'postgres') => {
  const readme = snippetsOf(`packages/${name}/README.md`).flatMap(({ framework, code }) =>
    framework ? [{ framework, from: 'README', code }] : [],
  );
  const clients = snippetsOf(`docs/how-to/${name}.md`).filter(({ code }) =>
    code.includes('const store ='),
  );
  const page = clients.flatMap(({ code }, index) =>
    frameworks.map((framework) => ({
      framework,
      from: `how-to page ${index + 1}`,
      code: mounted[framework].replace('CLIENT', () =>
        code.replace("'app.kinde_sessions'", "'kinde_sessions'"),
      ),
    })),
  );
  return [...readme, ...page];
};
const all = { redis: programs('redis'), postgres: programs('postgres') };
const modules = [...all.redis, ...all.postgres].map(({ framework, code }) =>
  moduleOf({ page: '', name: '', framework, code: code + guarded[framework] }),
);
const { files, remove } = written('snippets-booting', modules);
afterAll(remove);

let emulator: Emulator;
const open: (() => unknown)[] = [];
beforeEach(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  for (const [name, value] of Object.entries(emulator.env)) {
    vi.stubEnv(name, value);
  }
  vi.stubGlobal('fetch', emulator.fetch);
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    await one();
  }
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

/** Runs the snippet as it is printed, in an app that listens, and answers how long that took. */
async function boot(file: string, framework: Framework): Promise<{ server: Server; took: number }> {
  const begin = performance.now();
  const { add } = (await import(/* @vite-ignore */ file)) as {
    add: (app: unknown) => Promise<void>;
  };
  if (framework === 'fastify') {
    const app = createFastify();
    await add(app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    open.push(() => app.close());
    return { server: app.server, took: performance.now() - begin };
  }
  const app = createExpress();
  await add(app);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => (server.closeAllConnections(), server.close()));
  return { server, took: performance.now() - begin };
}

async function lives(
  file: string,
  framework: Framework,
  start: () => Promise<unknown>,
): Promise<void> {
  const { server, took } = await boot(file, framework);
  expect(took).toBeLessThan(8000);
  const browser = createBrowser(server, emulator);
  const json = { accept: 'application/json' };
  // Nobody is signed in: that is known without a store. Who comes back from Kinde needs one.
  expect((await send(server, '/needs', { headers: json })).status).toBe(401);
  const path = await browser.callbackFor('ada@example.com');
  const refused = await browser.open(path, { headers: json });
  expect([refused.status, refused.json().code]).toEqual([503, 'store_unavailable']);
  await start();
  // The same page once more: nothing was spent.
  await vi.waitFor(async () => expect((await browser.open(path)).status).toBe(302), {
    timeout: 8000,
    interval: 200,
  });
  expect((await browser.open('/needs', { headers: json })).status).toBe(200);
}

describe.runIf(hasRedisServerBinary)('Redis is away when the app starts', () => {
  test.each(all.redis.map(({ framework, from }, index) => [from, framework, index] as const))(
    'OP-29 the %s’s app on %s listens, answers 503 where a session is needed, and recovers (%i)',
    async (_from, framework, index) => {
      const place = {
        port: await freePort(),
        folder: mkdtempSync(join(tmpdir(), 'kindling-booting-')),
      };
      vi.stubEnv('REDIS_URL', `redis://127.0.0.1:${place.port}`);
      open.push(() => rmSync(place.folder, { recursive: true, force: true }));
      await lives(files[index]!, framework, async () => {
        const service = await startRedisAt(place, []);
        open.unshift(() => service.stop());
      });
    },
    30_000,
  );
});

describe.runIf(hasPostgres)('Postgres is away when the app starts', () => {
  test.each(all.postgres.map(({ framework, from }, index) => [from, framework, index] as const))(
    'OP-29 the %s’s app on %s listens, answers 503 where a session is needed, and recovers (%i)',
    async (_from, framework, index) => {
      const real = new URL(databaseUrl);
      const schema = `kindling_booting_${process.pid}_${index}`;
      const admin = new Pool({
        connectionString: databaseUrl,
        options: `-c search_path=${schema}`,
      });
      await admin.query(`CREATE SCHEMA ${schema}`);
      await admin.query(migration());
      open.push(
        () => admin.end(),
        () => admin.query(`DROP SCHEMA ${schema} CASCADE`),
      );
      const port = await freePort();
      const url = new URL(databaseUrl);
      [url.hostname, url.port] = ['127.0.0.1', String(port)];
      url.searchParams.set('options', `-c search_path=${schema}`);
      vi.stubEnv('DATABASE_URL', url.href);
      await lives(files[all.redis.length + index]!, framework, async () => {
        const wire = await createWire(
          () => ({ host: real.hostname, port: Number(real.port) || 5432 }),
          port,
        );
        open.push(() => wire.close());
      });
    },
    30_000,
  );
});
