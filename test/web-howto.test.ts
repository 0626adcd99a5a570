import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import { io } from 'socket.io-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import {
  cookieBytes,
  createVisitor,
  grant,
  later,
  noise,
  type Visitor,
} from './field/kit/visitor.js';
import { SITE } from './kit/apps.js';
import { goesTo, SAME_SITE } from './kit/http.js';
import { closed, nginxOf, served, startedApp } from './kit/pages.js';
import { hasNginx } from './kit/proxies.js';
import { freePort } from './kit/services.js';
import { moduleOf, snippetsOf, written, type Snippet } from './kit/snippets.js';

/** Pages about what lies around an app: browsers, proxies, paths, sockets. */
const PAGES = [
  'csrf',
  'handle-errors',
  'hosts-and-paths',
  'proxies',
  'sessions',
  'sign-in',
  'websockets',
];
const snippets = PAGES.flatMap((page) => snippetsOf(`docs/how-to/${page}.md`));
const { files, remove } = written('snippets-web', snippets.map(moduleOf));
const frameworks = ['express', 'fastify'] as const;
type Framework = (typeof frameworks)[number];
const GRACE = 'grace@example.com';
const SCRIPT = {
  accept: '*/*',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
};
const FORM = { ...SAME_SITE, 'content-type': 'application/x-www-form-urlencoded' };

let emulator: Emulator;
const closing: (() => Promise<unknown> | void)[] = [];
beforeAll(() => vi.stubGlobal('escapeHtml', (text: string) => text.replaceAll('<', '&lt;')));
beforeEach(async () => {
  vi.stubEnv('FORM_SECRET', 'known to the pages of the app');
  await useEmulator(SITE);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  for (const close of closing.splice(0)) {
    await close();
  }
});
afterAll(() => {
  vi.unstubAllGlobals();
  remove();
});

/** A local Kinde for an app at this URL, whose environment is the process's. */
async function useEmulator(siteUrl: string): Promise<void> {
  emulator = await createEmulator({ siteUrl });
  for (const [name, value] of Object.entries(emulator.env)) {
    vi.stubEnv(name, value);
  }
  vi.stubGlobal('fetch', emulator.fetch);
}

function indexOf(page: string, part: string, framework?: Framework): number {
  const path = `docs/how-to/${page}.md`;
  const index = snippets.findIndex(
    (one: Snippet) => one.page === path && one.framework === framework && one.code.includes(part),
  );
  expect(index, `${path}: ${part}`).toBeGreaterThanOrEqual(0);
  return index;
}

/** Someone at an app that has a snippet of a page, which they know by this URL. */
async function at(page: string, framework: Framework, part: string, url = SITE): Promise<Visitor> {
  const index = indexOf(page, part, framework);
  const { server, close } = await served(snippets[index]!, files[index]!);
  closing.push(close);
  return visitorOf(server, url);
}

function visitorOf(server: Server, url: string): Visitor {
  const { origin } = new URL(url);
  emulator.state.applications[0]!.redirectUris.push(`${url}/callback`);
  emulator.state.applications[0]!.logoutUris.push(url);
  return createVisitor({ url: origin, port: (server.address() as AddressInfo).port }, emulator);
}

describe.each(frameworks)('the page about CSRF, on %s', (framework) => {
  test('a guarded route takes what a page of the site posts, and nothing of a neighbour', async () => {
    const visitor = await at('csrf', framework, "'/todos'");
    await visitor.signIn(GRACE);
    expect((await visitor.open('/todos', { method: 'POST', headers: SCRIPT })).status).toBe(201);
    const neighbour = {
      ...SCRIPT,
      'sec-fetch-site': 'same-site',
      origin: 'https://blog.app.example',
    };
    const refused = await visitor.open('/todos', { method: 'POST', headers: neighbour });
    expect([refused.status, refused.json().code]).toEqual([403, 'cross_site']);
  });

  test('a route with a check of its own takes what has its token, wherever it comes from', async () => {
    const visitor = await at('csrf', framework, "'/preview'");
    await visitor.signIn(GRACE);
    const headers = {
      ...SCRIPT,
      'sec-fetch-site': 'same-site',
      origin: 'https://blog.app.example',
    };
    const { id } = (
      await visitor.open('/user', { headers: { accept: 'application/json' } })
    ).json();
    const { createHmac } = await import('node:crypto');
    const token = createHmac('sha256', 'known to the pages of the app').update(id).digest('hex');
    const post = async (sent: object) =>
      (await visitor.open('/preview', { method: 'POST', headers: { ...headers, ...sent } })).status;
    expect(await post({ 'x-form-token': token })).toBe(204);
    expect(await post({ 'x-form-token': token.replace(/^../, 'zz') })).toBe(403);
    expect(await post({})).toBe(403);
  });

  test('helmet names Kinde in `form-action`, and pages of ours keep a policy of their own', async () => {
    const visitor = await at('csrf', framework, 'formAction');
    expect((await visitor.open('/todos')).headers['content-security-policy']).toContain(
      `form-action 'self' ${emulator.issuer}`,
    );
    await visitor.signIn(GRACE);
    const out = await visitor.open('/logout', { method: 'POST', headers: FORM });
    expect([out.status, new URL(goesTo(out)).origin]).toEqual([200, emulator.issuer]);
    expect(out.headers['content-security-policy']).toMatch(/^default-src 'none'/);
  });
});

describe.each(frameworks)('the page about paths and hosts, on %s', (framework) => {
  test('an app lives under a path', async () => {
    const url = 'https://example.com/app';
    await useEmulator(url);
    const visitor = await at('hosts-and-paths', framework, url, url);
    const landed = await visitor.signIn('ada@example.com', '/app/account', 'org_acme0rockets');
    expect(landed.location).toBe(`${url}/account`);
    expect((await visitor.open('/app/account')).json()).toMatchObject({
      orgCode: 'org_acme0rockets',
    });
    expect((await visitor.open('/app/logout', { headers: SAME_SITE })).status).toBe(302);
    expect(visitor.jar.names()).toEqual([]);
  });

  test('a browser app on another origin reads who is signed in, and signs out', async () => {
    const visitor = await at('hosts-and-paths', framework, 'credentials: true');
    await visitor.signIn(GRACE);
    const headers = { ...SCRIPT, 'sec-fetch-site': 'same-site', origin: 'https://www.app.example' };
    const user = await visitor.open('/user', { headers });
    expect(user.json()).toMatchObject({
      email: GRACE,
      permissions: expect.arrayContaining(['create:todos']),
    });
    expect(user.headers['access-control-allow-origin']).toBe('https://www.app.example');
    const preflight = await visitor.open('/logout', {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers['access-control-allow-credentials']).toBe('true');
    const out = await visitor.open('/logout', { method: 'POST', headers });
    expect(out.json().location).toContain(`${emulator.issuer}/logout`);
    expect((await visitor.open('/user', { headers })).status).toBe(401);
  });

  test('Kinde is asked through a corporate proxy', async () => {
    const { port } = await emulator
      .listen({ port: 0 })
      .then(({ url }: { url: string }) => new URL(url));
    closing.push(() => emulator.close());
    const tunnels: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, client: Socket) => {
      tunnels.push(request.url!);
      const upstream = connect(Number(port), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) {
        socket.on('error', () => socket.destroy());
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    closing.push(() => closed(proxy));
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    for (const [name, value] of Object.entries(emulator.env)) {
      vi.stubEnv(name, value);
    }
    const visitor = await at('hosts-and-paths', framework, 'EnvHttpProxyAgent');
    expect((await visitor.signIn(GRACE)).status).toBe(302);
    expect((await visitor.open('/todos')).json()).toEqual({ ok: true });
    expect(tunnels.length).toBeGreaterThan(0);
  });
});

describe('one process for several hosts', () => {
  const HOSTS = ['acme.example', 'globex.example'];
  const servers: Record<Framework, () => Promise<Server>> = {
    express: async () => {
      const index = indexOf('hosts-and-paths', 'globex.example', 'express');
      const { server, close } = await served(snippets[index]!, files[index]!);
      closing.push(close);
      return server;
    },
    fastify: async () => {
      const { server } = (await import(files[indexOf('hosts-and-paths', 'globex.example')]!)) as {
        server: Server;
      };
      await once(server.listen(0, '127.0.0.1'), 'listening');
      closing.push(() => closed(server));
      return server;
    },
  };

  test.each(frameworks)(
    'has a sign-in and a session of its own on each, on %s',
    async (framework) => {
      for (const name of Object.keys(emulator.env)) {
        if (/_UR[IL]$/.test(name) && !/ISSUER/.test(name)) {
          vi.stubEnv(name, '');
        }
      }
      const server = await servers[framework]();
      const path = framework === 'express' ? '/todos' : '/';
      const [acme, globex] = HOSTS.map((host) => visitorOf(server, `https://${host}`)) as [
        Visitor,
        Visitor,
      ];
      expect((await acme.signIn(GRACE)).location).toBe('https://acme.example/');
      expect(JSON.stringify((await acme.open(path)).json())).toContain('true');
      expect(JSON.stringify((await globex.open(path)).json())).toContain('false');
      expect((await visitorOf(server, 'https://other.example').open(path)).status).toBe(404);
    },
  );
});

describe.each(frameworks)('the pages about sessions, sign-in and errors, on %s', (framework) => {
  test('who is calling is told where no cookie can be sent, and nothing is refreshed', async () => {
    const visitor = await at('sessions', framework, 'refresh: false');
    expect((await visitor.open('/caller')).json()).toEqual({ signedIn: false });
    await visitor.signIn(GRACE);
    expect((await visitor.open('/caller')).json()).toEqual({ signedIn: true });
  });

  test('invoices are shown to users who signed in within five minutes', async () => {
    const visitor = await at('sign-in', framework, "'/billing'");
    await visitor.signIn(GRACE);
    expect((await visitor.open('/billing')).body).toBe('Your invoices');
    later(400);
    const asked = await visitor.open('/billing');
    expect(new URL(asked.location).searchParams.get('max_age')).toBe('300');
    expect((await visitor.signIn(GRACE, '/billing')).location).toBe(`${SITE}/billing`);
    expect((await visitor.open('/billing')).body).toBe('Your invoices');
  });

  test('problems have the app’s own design', async () => {
    const visitor = await at('handle-errors', framework, 'renderProblem');
    const page = await visitor.open('/callback?code=1&state=2');
    expect([page.status, page.body]).toEqual([400, expect.stringMatching(/^<h1>/)]);
  });

  test('larger cookies are allowed', async () => {
    const visitor = await at('proxies', framework, 'cookieBytes');
    await visitor.signIn(GRACE);
    expect((await visitor.open('/todos')).json()).toEqual({ ok: true });
  });
});

/** What a WebSocket is told at first, or the status with which it is refused. */
const plain = (port: number, headers: Record<string, string>) =>
  new Promise<string>((resolve) => {
    const socket = new WebSocket(`ws://localhost:${port}/live`, { headers });
    socket.on('message', (data) => {
      resolve(String(data));
      socket.close();
    });
    socket.on('unexpected-response', (_request, { statusCode }) => resolve(String(statusCode)));
    socket.on('error', () => resolve('error'));
  });

describe.skipIf(!hasNginx)('nginx as the page about proxies sets it up', () => {
  const inFrontOf = async (port: number, front: number) => {
    const nginx = await nginxOf('docs/how-to/proxies.md', { port, front });
    closing.push(nginx.stop);
  };

  test.each(frameworks)('passes sessions of any size, on %s', async (framework) => {
    const front = await freePort();
    const url = `http://localhost:${front}`;
    await useEmulator(url);
    const index = indexOf('proxies', 'cookieBytes', framework);
    const { server, close } = await served(snippets[index]!, files[index]!);
    closing.push(close);
    await inFrontOf((server.address() as AddressInfo).port, front);
    const visitor = createVisitor({ url, port: front }, emulator);
    grant(emulator, GRACE, noise(110));
    const landed = await visitor.signIn(GRACE);
    expect([landed.status, cookieBytes(landed) > 4096]).toEqual([302, true]);
    expect((await visitor.open('/todos')).json()).toEqual({ ok: true });
  });

  test('passes WebSockets', async () => {
    const { port, local, stop } = await startedApp(
      files[indexOf('websockets', 'new WebSocketServer(')]!,
    );
    closing.push(stop);
    const front = await freePort();
    await inFrontOf(port, front);
    const origin = `http://localhost:${port}`;
    const visitor = createVisitor({ url: origin, port }, local);
    await visitor.signIn(GRACE);
    expect(await plain(front, { origin, cookie: visitor.jar.header() })).toBe('Hello Grace');
  });
});

describe('the page about WebSockets', () => {
  const overSocketIo = (port: number, extraHeaders: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const socket = io(`http://localhost:${port}`, {
        extraHeaders,
        reconnection: false,
        forceNew: true,
      });
      const done = (answer: string) => {
        resolve(answer);
        socket.disconnect();
      };
      socket.on('hello', (name: string) => done(`Hello ${name}`));
      socket.on('connect_error', ({ message }) => done(message));
    });
  const rows = [
    ['ws', 'new WebSocketServer(', plain, ['401', '403']],
    ['@fastify/websocket', 'register(websocket)', plain, ['401', '403']],
    [
      'Socket.IO',
      'new Server(',
      overSocketIo,
      ['no_session', expect.stringContaining('only accepted from a page')],
    ],
  ] as const;

  test.each(rows)(
    'users are known and strangers are not, with %s',
    async (_name, part, open, [nobody, stranger]) => {
      const { port, local, stop } = await startedApp(files[indexOf('websockets', part)]!);
      closing.push(stop);
      const origin = `http://localhost:${port}`;
      const visitor = createVisitor({ url: origin, port }, local);
      expect(await open(port, { origin })).toEqual(nobody);
      await visitor.signIn(GRACE);
      const cookie = visitor.jar.header();
      expect(await open(port, { origin, cookie })).toBe('Hello Grace');
      expect(await open(port, { origin: 'https://blog.example', cookie })).toEqual(stranger);
    },
  );
});
