import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress from 'express';
import createFastify from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { SITE } from './kit/apps.js';
import { createBrowser, type Browser } from './kit/browser.js';
import { freePort } from './kit/services.js';
import { moduleOf, problemsOf, snippetsOf, written } from './kit/snippets.js';

const PAGES = ['sign-in', 'sessions', 'tokens', 'profile', 'handle-errors', 'test-your-app'];
const snippets = PAGES.flatMap((page) => snippetsOf(`docs/how-to/${page}.md`));
const { files, remove } = written('snippets-docs', snippets.map(moduleOf));
const frameworks = ['express', 'fastify'] as const;
const tutorials = written(
  'snippets-tutorial',
  frameworks.flatMap((name) => snippetsOf(`docs/tutorial/${name}.md`).map(({ code }) => code)),
);
const folder = mkdtempSync(join(tmpdir(), 'kindling-docs-'));
const here = process.cwd();

let emulator: Emulator;
const closing: (() => Promise<unknown> | void)[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ siteUrl: SITE });
  for (const [name, value] of Object.entries(emulator.env)) vi.stubEnv(name, value);
  vi.stubEnv('NEW_SECRET', 'another secret of thirty-two characters');
  vi.stubGlobal('escapeHtml', (text: string) => text.replaceAll('<', '&lt;'));
  vi.stubGlobal('people', { save: vi.fn<(person: object) => Promise<void>>().mockResolvedValue() });
  const network = globalThis.fetch;
  vi.stubGlobal('fetch', async (input: RequestInfo, init?: RequestInit) => {
    const { origin } = new URL(input instanceof Request ? input.url : input);
    if (origin === emulator.issuer) return emulator.fetch(input, init);
    if (origin === 'https://api.example') return new Response(new Headers(init?.headers).get('authorization'));
    return network(input, init);
  });
});
afterEach(async () => {
  process.chdir(here);
  for (const close of closing.splice(0)) await close();
});
afterAll(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  remove();
  tutorials.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody at an app that has this snippet of a page, mounted as the page says, or else in the usual way. */
async function at(page: string, framework: 'express' | 'fastify', part: string): Promise<Browser> {
  const index = snippets.findIndex(
    ({ name, framework: own, code }) =>
      name.startsWith(`docs/how-to/${page}.md`) && own === framework && code.includes(part),
  );
  expect(index, `${page}: ${part}`).toBeGreaterThanOrEqual(0);
  process.chdir(folder);
  const { add } = (await import(files[index]!)) as { add(app: unknown): Promise<void> };
  const mounts = /\bkinde\(|register\(kinde/.test(snippets[index]!.code);
  if (framework === 'fastify') {
    const app = createFastify();
    if (!mounts) await app.register(fastify.kinde);
    await add(app);
    app.get('/todos', async (request) => ({ ok: request.kinde.isAuthenticated }));
    await app.listen({ host: '127.0.0.1', port: 0 });
    closing.push(() => app.close());
    return createBrowser(app.server, emulator);
  }
  const app = createExpress();
  if (!mounts) app.use(express.kinde());
  await add(app);
  app.get('/todos', (req, res) => void res.json({ ok: req.kinde.isAuthenticated }));
  const server: Server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return createBrowser(server, emulator);
}

const GRACE = 'grace@example.com';
const API = { headers: { accept: 'application/json' } };

test('every snippet of the pages compiles', () => {
  expect(snippets.length).toBeGreaterThan(14);
  expect(problemsOf([...files, ...tutorials.files], { noUnusedLocals: false })).toEqual([]);
}, 60_000);

describe('the snippets run', () => {
  test.each(frameworks)('a route of one’s own starts a sign-up, on %s', async (framework) => {
    const { location, headers } = await (await at('sign-in', framework, '/join/:org')).open('/join/org_acme0rockets');
    expect(new URL(location).searchParams.get('org_code')).toBe('org_acme0rockets');
    expect([headers['cache-control'], headers['set-cookie']]).toEqual(['no-store', [expect.any(String)]]);
  });

  test('people are saved before their session starts', async () => {
    const browser = await at('sign-in', 'express', 'onSignIn');
    await browser.signIn(GRACE);
    expect((globalThis as any).people.save).toHaveBeenCalledWith({ id: expect.stringMatching(/^kp_/), email: GRACE });
  });

  test.each(frameworks)('sessions live in files, on %s', async (framework) => {
    const browser = await at('sessions', framework, 'filesystemStore');
    await browser.signIn(GRACE);
    expect((await browser.open('/todos')).json()).toEqual({ ok: true });
    expect(existsSync(join(folder, '.sessions'))).toBe(true);
  });

  test('a retiring secret still opens sessions', async () => {
    const browser = await at('sessions', 'express', 'NEW_SECRET');
    await browser.signIn(GRACE);
    expect((await browser.open('/todos')).json()).toEqual({ ok: true });
  });

  test('sessions are listed, and ended everywhere', async () => {
    const browser = await at('sessions', 'express', 'sign-out-everywhere');
    await browser.signIn(GRACE);
    expect((await browser.open('/sessions')).json()).toEqual([expect.objectContaining({ isCurrent: true })]);
    expect((await browser.open('/sign-out-everywhere', { ...API, method: 'POST' })).status).toBe(204);
    expect((await browser.open('/sessions', API)).status).toBe(401);
  });

  test('an API is called with the person’s token, and an API knows a machine from a person', async () => {
    const browser = await at('tokens', 'express', '/weather');
    await browser.signIn(GRACE);
    expect((await browser.open('/weather')).body).toMatch(/^Bearer eyJ/);
    const machine = emulator.state.applications.find(({ type }) => type === 'm2m')!;
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: machine.clientId,
      client_secret: machine.clientSecret!,
      audience: emulator.env['KINDE_AUDIENCE']!,
    });
    const answer = await fetch(`${emulator.issuer}/oauth2/token`, { method: 'POST', body });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    const api = await at('tokens', 'fastify', '/reports');
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    expect((await api.open('/reports', { headers })).json()).toEqual({ machine: true });
    expect((await api.open('/reports', API)).status).toBe(401);
  });

  test('the profile is shown from the token, and as it is now', async () => {
    const fromToken = await at('profile', 'express', "'/profile',");
    await fromToken.signIn(GRACE);
    expect((await fromToken.open('/profile')).json()).toMatchObject({ email: GRACE, name: 'Grace Hopper' });
    for (const framework of frameworks) {
      const browser = await at('profile', framework, '/profile/now');
      await browser.signIn(GRACE);
      expect((await browser.open('/profile/now')).json()).toMatchObject({ email: GRACE, name: 'Grace Hopper' });
    }
  });

  test('problems are shown in the app’s own design, and told to programs by their code', async () => {
    const page = await (await at('handle-errors', 'express', 'renderProblem')).open('/callback?code=1&state=2');
    expect([page.status, page.body]).toEqual([400, expect.stringMatching(/^<h1>/)]);
    expect((await (await at('handle-errors', 'fastify', 'setErrorHandler')).open('/todos')).status).toBe(200);
  });

  test('an app is tested without a port for Kinde, a browser or waiting', async () => {
    const index = snippets.findIndex(({ name }) => name.includes('test-your-app'));
    const { answer, stranger } = (await import(files[index]!)) as { answer: Response; stranger: Response };
    expect([answer.status, stranger.status]).toEqual([200, 401]);
    expect(await answer.json()).toMatchObject({ permissions: expect.arrayContaining(['create:todos']) });
  });
});

test.each(frameworks)('the tutorial for %s ends with an app that people sign in to', async (framework) => {
  const file = tutorials.files[frameworks.indexOf(framework)]!;
  const port = await freePort();
  const site = `http://localhost:${port}`;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('3000', String(port)));
  const local = await createEmulator({ siteUrl: site });
  await local.listen({ port: 0 });
  const env = { ...process.env, ...local.env };
  const child = spawn(process.execPath, ['--import', 'tsx', file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  closing.push(() => local.close());
  closing.push(() => void child.kill());
  await once(child.stdout, 'data');

  const start = await fetch(`${site}/login?return_to=/todos`, { redirect: 'manual' });
  const cookieOf = (response: Response) =>
    response.headers
      .getSetCookie()
      .filter((line) => !/max-age=0/i.test(line))
      .map((line) => line.split(';')[0])
      .join('; ');
  const back = await local.signIn(start.headers.get('location')!, { email: GRACE });
  const signedIn = await fetch(back, { redirect: 'manual', headers: { cookie: cookieOf(start) } });
  const todos = await fetch(`${site}/todos`, { headers: { cookie: cookieOf(signedIn) } });
  expect(await todos.text()).toBe('grace@example.com may add up to 8 todos.');
  expect((await fetch(`${site}/todos`)).status).toBe(401);
  expect(await (await fetch(site)).text()).toContain('Sign in');
});

test('every link of the documentation leads to something', () => {
  const pages = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
    encoding: 'utf8',
  });
  const broken = pages
    .split('\n')
    .filter((page) => page && existsSync(page) && !page.startsWith('.changeset'))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)]
        .map(([, target]) => join(dirname(page), target!))
        .filter((target) => !existsSync(target))
        .map((target) => `${page} → ${target}`),
    );
  expect(broken).toEqual([]);
});
