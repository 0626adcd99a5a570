import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmulator, type Emulator } from '@kindling/emulator';
import ts from 'typescript';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { frameworks as apps, optionsFor, SITE } from './kit/apps.js';
import { createBrowser, type Browser } from './kit/browser.js';
import { send } from './kit/http.js';
import { served } from './kit/pages.js';
import { freePort, hasRedisServerBinary, started, startRedisAt } from './kit/services.js';
import { moduleOf, snippetsOf, written, type Snippet } from './kit/snippets.js';

const PAGE = 'docs/how-to/deploy.md';
const ADA = 'ada@example.com';
const JSON_ONLY = { headers: { accept: 'application/json' } };
const page = readFileSync(PAGE, 'utf8');
const snippets = snippetsOf(PAGE);
const { files, remove } = written('snippets-deploy', snippets.map(moduleOf));
const frameworks = ['express', 'fastify'] as const;
type Framework = (typeof frameworks)[number];

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) {
    await close();
  }
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
afterAll(remove);

function indexOf(isIt: (snippet: Snippet) => boolean): number {
  const index = snippets.findIndex(isIt);
  expect(index).toBeGreaterThanOrEqual(0);
  return index;
}

/** The first block of the page in a language, or the first after a text. */
function block(language: string, after = ''): string {
  const from = page.indexOf(after);
  expect(from, after).toBeGreaterThanOrEqual(0);
  return new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(page.slice(from))![1]!;
}

/** The server of the page in a process of its own, as its container starts it. */
async function start(framework: Framework, env: NodeJS.ProcessEnv) {
  const port = await freePort();
  const title = `// server.ts, on ${framework}`;
  const file = files[indexOf(({ code }) => code.toLowerCase().startsWith(title))]!;
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    env: { ...process.env, ...env, PORT: String(port) },
    stdio: 'ignore',
  });
  const over = once(child, 'exit');
  closing.push(async () => {
    child.kill('SIGKILL');
    await over;
  });
  await started(child, port);
  return { server: { address: () => ({ port }) } as Server, child, over };
}

describe.runIf(hasRedisServerBinary).each(frameworks)(
  'the server of the page, on %s',
  (framework) => {
    let emulator: Emulator;
    let env: NodeJS.ProcessEnv;
    let startStore: () => Promise<() => Promise<void>>;
    beforeEach(async () => {
      emulator = await createEmulator({ siteUrl: SITE });
      await emulator.listen({ port: 0 });
      const place = {
        port: await freePort(),
        folder: mkdtempSync(join(tmpdir(), 'kindling-deploy-')),
      };
      closing.push(
        () => emulator.close(),
        () => rmSync(place.folder, { recursive: true, force: true }),
      );
      startStore = async () => {
        const { stop } = await startRedisAt(place, []);
        closing.push(stop);
        return stop;
      };
      env = { ...emulator.env, REDIS_URL: `redis://127.0.0.1:${place.port}` };
    });
    const health = async (server: Server) =>
      Promise.all(['/healthz', '/readyz'].map(async (path) => (await send(server, path)).status));
    const account = async (browser: Browser) => (await browser.open('/account', JSON_ONLY)).status;

    test('starts without Kinde and without Redis, and is healthy', async () => {
      await emulator.close();
      const { server, child, over } = await start(framework, { ...env, DRAIN_SECONDS: '0' });
      expect(await health(server)).toEqual([200, 200]);
      expect(await account(createBrowser(server, emulator))).toBe(401);
      child.kill('SIGTERM');
      expect(await over).toEqual([0, null]);
    });

    test('stays healthy while Redis is down, and answers 503 where a session is needed', async () => {
      const stop = await startStore();
      const { server } = await start(framework, env);
      const browser = createBrowser(server, emulator);
      await browser.signIn(ADA);
      expect(await account(browser)).toBe(200);
      await stop();
      expect([await account(browser), ...(await health(server))]).toEqual([503, 200, 200]);
      await startStore();
      // A Redis that kept nothing: the process is in order, and the user signs in again.
      await vi.waitFor(async () => expect(await account(browser)).toBe(401), { timeout: 8000 });
      await vi.waitFor(async () => expect((await browser.signIn(ADA)).status).toBe(302), {
        timeout: 8000,
      });
      expect(await account(browser)).toBe(200);
    });

    test('is told to stop: it is not ready, serves on, and ends with the requests in progress', async () => {
      await startStore();
      const { server, child, over } = await start(framework, { ...env, DRAIN_SECONDS: '3' });
      const browser = createBrowser(server, emulator);
      const path = await browser.callbackFor(ADA);
      let finish = () => {};
      const isAsked = new Promise<void>((resolve) => {
        emulator.faults.once('/oauth2/token', async (_request, next) => {
          resolve();
          await new Promise<void>((done) => (finish = done));
          return next();
        });
      });
      const callback = browser.open(path);
      await isAsked;
      child.kill('SIGTERM');
      await vi.waitFor(async () => expect(await health(server)).toEqual([200, 503]), {
        timeout: 3000,
      });
      await vi.waitFor(
        async () =>
          await expect(send(server, '/healthz')).rejects.toThrow(/ECONNREFUSED|ECONNRESET|hang up/),
        {
          timeout: 10_000,
        },
      );
      finish();
      expect((await callback).status).toBe(302);
      expect(await over).toEqual([0, null]);
    });
  },
);

describe.each(frameworks)('the rotation of the page, on %s', (framework) => {
  test('takes three changes of the environment, and nobody is signed out', async () => {
    const emulator = await createEmulator({ siteUrl: SITE });
    vi.stubGlobal('fetch', emulator.fetch);
    for (const [name, value] of Object.entries(emulator.env)) {
      vi.stubEnv(name, value);
    }
    const old = emulator.env['KINDE_SESSION_SECRET']!;
    const index = indexOf(
      (one) => one.framework === framework && one.code.includes('OTHER_SESSION_SECRET'),
    );
    const startWith = async (secret: string, other: string) => {
      vi.stubEnv('KINDE_SESSION_SECRET', secret);
      vi.stubEnv('OTHER_SESSION_SECRET', other);
      const { server, close } = await served(snippets[index]!, files[index]!);
      closing.push(close);
      return server;
    };
    const next = 'the next secret, of 32 characters or more';
    const steps = [
      [old, ''],
      [old, next],
      [next, old],
      [next, ''],
    ] as const;
    let cookies = new Map<string, string>();
    for (const [secret, other] of steps) {
      const browser = createBrowser(await startWith(secret, other), emulator);
      for (const [name, value] of cookies) {
        browser.jar.set(name, value);
      }
      if (cookies.size === 0) {
        await browser.signIn(ADA);
      }
      expect((await browser.open('/todos')).json()).toEqual({ ok: true });
      cookies = browser.jar;
    }
  });
});

test.each(frameworks)(
  'a cold start with a session in the cookie asks Kinde nothing, on %s',
  async (framework) => {
    const emulator = await createEmulator({ siteUrl: SITE });
    const startOne = async () => {
      const server = await apps[framework]!(optionsFor(emulator));
      closing.push(() => (server.closeAllConnections(), server.close()));
      return createBrowser(server, emulator);
    };
    const first = await startOne();
    await first.signIn(ADA);
    const cold = await startOne();
    const before = emulator.requests.length;
    for (const [name, value] of first.jar) {
      cold.jar.set(name, value);
    }
    expect((await cold.open('/private')).status).toBe(200);
    expect(emulator.requests.length).toBe(before);
  },
);

describe('the container of the page', () => {
  const lines = block('dockerfile')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => /^(\w+) (.*)$/.exec(line)!.slice(1) as [string, string]);
  const copied = lines.filter(([word, rest]) => word === 'COPY' && !rest.startsWith('--from'));
  const taken = lines.filter(([word, rest]) => word === 'COPY' && rest.startsWith('--from=build'));
  const command = JSON.parse(lines.find(([word]) => word === 'CMD')![1]) as string[];
  const config = ts.parseJsonConfigFileContent(
    JSON.parse(block('json', '`tsconfig.json`')),
    { ...ts.sys, fileExists: () => true },
    '/app',
    {},
    '/app/tsconfig.json',
  );
  const output = ts.getOutputFileNames(config, '/app/server.ts', false);

  test('copies files that a project has, and none that is ignored', () => {
    const sources = copied.flatMap(([, rest]) => rest.split(' ').slice(0, -1));
    expect(sources.sort()).toEqual([
      'package-lock.json',
      'package.json',
      'server.ts',
      'tsconfig.json',
    ]);
    const ignored = block('', '`.dockerignore`').trim().split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env*', 'node_modules']));
    expect(sources.filter((file) => ignored.includes(file))).toEqual([]);
  });

  test('runs what the compiler writes, as another user than root', () => {
    expect(config.errors).toEqual([]);
    const kept = taken.map(([, rest]) => rest.split(' ')[1]);
    expect(kept).toEqual(['/app/package.json', '/app/node_modules', '/app/dist']);
    expect(output).toContain(`/app/${command.at(-1)!}`);
    expect(output).toContain(`/app/${command.at(-1)!}.map`);
    expect(command.slice(0, -1)).toEqual(['node', '--enable-source-maps']);
    expect(lines.find(([word]) => word === 'USER')![1]).toMatch(/^[1-9]\d*$/);
  });

  test('is checked by the platform at routes that the server has, on the port that it listens on', () => {
    const yaml = block('yaml');
    const port = /EXPOSE (\d+)/.exec(page)![1]!;
    for (const [, path, probed] of yaml.matchAll(/httpGet: \{ path: (\S+), port: (\d+) \}/g)) {
      expect(probed).toBe(port);
      const servers = snippets.filter(({ code }) => code.startsWith('// server.ts'));
      expect(servers.map(({ code }) => code.includes(`app.get('${path}'`))).toEqual([true, true]);
      expect(servers.every(({ code }) => code.includes(`PORT = '${port}'`))).toBe(true);
    }
  });
});
