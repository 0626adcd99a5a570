import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SITE } from './kit/apps.js';
import { send } from './kit/http.js';
import { problemsOf, snippetsOf, written } from './kit/snippets.js';

const sessions = join(tmpdir(), `webhook-sessions-${process.pid}`);
/** Each is a whole module. */
const snippets = ['docs/how-to/webhooks.md', 'packages/webhooks/README.md'].flatMap((page) =>
  snippetsOf(page).flatMap(({ framework, code }) => (framework ? [] : [code])),
);
const { files, remove } = written('snippets-webhooks', snippets);

let emulator: Emulator;
beforeAll(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
  for (const [name, value] of Object.entries(emulator.env)) {
    vi.stubEnv(name, value);
  }
  vi.stubGlobal('fetch', emulator.fetch);
  snippets.forEach((code, index) => {
    const named = code
      .replace("'https://acme.kinde.com'", `'${emulator.issuer}'`)
      .replace("'.sessions'", `'${sessions}'`);
    writeFileSync(
      files[index]!,
      /\bconst app\b/.test(code) ? `${named}\nexport { app };\n` : named,
    );
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  remove();
  rmSync(sessions, { recursive: true, force: true });
  await emulator.close();
});

const signed = (type: string, user: object, at = Date.now()) =>
  emulator.sign({
    type,
    event_id: crypto.randomUUID(),
    timestamp: new Date(at).toISOString(),
    data: { user },
  });
const headers = { 'content-type': 'application/jwt', 'webhook-id': 'webhook_1' };

test('every snippet of the page compiles', () => {
  expect(snippets.length).toBeGreaterThan(6);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);

describe('the snippets run', () => {
  const load = async (index: number) => (await import(files[index]!)) as Record<string, any>;
  const servers: Server[] = [];
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });
  const listen = async (app: any): Promise<Server> => {
    const server: Server = app.ready ? (await app.ready(), app.server) : createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
    return server;
  };
  const post = async (app: Server, body: string) =>
    (await send(app, '/webhooks/kinde', { method: 'POST', headers, body })).status;

  const lists = snippets.flatMap((code, index) => {
    const path = /app\.get\('(\/(?:users|people))'/.exec(code)?.[1];
    const framework = /\/(express|fastify)'/.exec(code)?.[1];
    return path && framework ? [[index, path, framework] as const] : [];
  });

  test('apps on both frameworks are among them', () => {
    expect(new Set(lists.map(([, , framework]) => framework))).toEqual(
      new Set(['express', 'fastify']),
    );
  });

  test.each(lists)('snippet %i keeps a list at %s, on %s', async (index, path) => {
    const app = await listen((await load(index))['app']);
    const user = { id: 'kp_1', email: 'new@example.com' };
    expect(await post(app, await signed('user.created', user))).toBe(200);
    expect((await send(app, path)).json()).toEqual(['new@example.com']);
    expect(await post(app, await signed('user.deleted', user))).toBe(200);
    expect((await send(app, path)).json()).toEqual([]);
    expect(await post(app, `${(await signed('user.created', user)).slice(0, -9)}AAAAAAAAA`)).toBe(
      400,
    );
  });

  test('what was missed for a day is caught up with', async () => {
    const index = snippets.findIndex((code) => code.includes("app.get('/missed'"));
    const app = await listen((await load(index))['app']);
    const token = await signed('user.created', { id: 'kp_1' }, Date.now() - 24 * 3_600_000);
    expect([await post(app, token), await post(app, token)]).toEqual([200, 200]);
    expect((await send(app, '/missed')).json()).toEqual(['user.created']);
  });

  test('a server that speaks web requests needs no adapter', async () => {
    const index = snippets.findIndex((code) => code.includes('handle(request: Request)'));
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const { handle } = await load(index);
    const request = new Request(`${SITE}/webhooks/kinde`, {
      method: 'POST',
      headers,
      body: await signed('user.deleted', { id: 'kp_1' }),
    });
    expect((await handle!(request)).status).toBe(200);
    expect(log).toHaveBeenCalledWith('user.deleted', expect.any(String));
    log.mockRestore();
  });
});
