import { createServer, type Server } from 'node:http';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import { createEmulator } from '@kindling/emulator';
import createExpress from 'express';
import createFastify from 'fastify';
import ts from 'typescript';
import { afterAll, describe, expect, test } from 'vitest';
import { optionsFor, SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { problemsOf, snippetsOf, written } from './kit/snippets.js';

/** Pages whose snippets make one app together; the others are in docs.test.ts and in tests of their own. */
const pages = ['claims', 'flags', 'organizations', 'permissions'];
const snippets = pages
  .flatMap((page) => snippetsOf(`docs/how-to/${page}.md`))
  .flatMap(({ framework, code }) => (framework ? [{ framework, code }] : []));

const frame: Record<'express' | 'fastify', (code: string) => string> = {
  express: (code) =>
    `import { assertSignedIn, getPermission, protect } from '@kindling/express';\nimport type { Express } from 'express';\nexport function add(app: Express): void {\n${code}}\nvoid [assertSignedIn, getPermission, protect];\n`,
  fastify: (code) =>
    `import { assertSignedIn, getPermission, protect } from '@kindling/fastify';\nimport type { FastifyInstance } from 'fastify';\nexport function add(app: FastifyInstance): void {\n${code}}\nvoid [assertSignedIn, getPermission, protect];\n`,
};

const { files, remove } = written(
  'snippets',
  snippets.map(({ framework, code }) => frame[framework](code)),
);
afterAll(remove);

test('every snippet of the how-to pages compiles', () => {
  expect(snippets.length).toBeGreaterThan(10);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);

/** Runs a snippet with the names that the pages use. */
function add(
  code: string,
  app: unknown,
  sdk: { protect: unknown; getPermission: unknown; assertSignedIn: unknown },
): void {
  const script = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  }).outputText;
  // oxlint-disable-next-line no-new-func
  new Function('app', 'protect', 'getPermission', 'assertSignedIn', script)(
    app,
    sdk.protect,
    sdk.getPermission,
    sdk.assertSignedIn,
  );
}

describe('the snippets run', () => {
  test('on Express, for Ada in Acme and for nobody', async () => {
    const emulator = await createEmulator({ siteUrl: SITE });
    const app = createExpress();
    app.use(express.kinde(optionsFor(emulator)));
    for (const { framework, code } of snippets) {
      if (framework === 'express') {
        add(code, app, express);
      }
    }
    const server: Server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const ada = createBrowser(server, emulator);
    const nobody = createBrowser(server, emulator);
    await ada.signIn('ada@example.com', '/login', 'org_acme0rockets');
    const api = { headers: { accept: 'application/json' } };
    const status = async (path: string, method = 'GET') =>
      Promise.all(
        [ada, nobody].map(async (browser) => (await browser.open(path, { ...api, method })).status),
      );
    expect((await ada.open('/todos/new')).body).toBe('You may add todos in org_acme0rockets');
    expect((await nobody.open('/todos/new')).body).toBe('You may only look');
    expect(await status('/todos', 'POST')).toEqual([201, 401]);
    expect(await status('/todos', 'DELETE')).toEqual([204, 401]);
    expect((await ada.open('/mine')).body).toMatch(/^kp_/);
    expect(await status('/mine')).toEqual([200, 401]);
    expect(await status('/reports')).toEqual([200, 401]);
    expect(await status('/transfer', 'POST')).toEqual([403, 401]);
    expect((await ada.open('/now')).json().permissions).toContain('create:todos');
    expect((await ada.open('/theme')).json()).toEqual({ theme: 'ocean', isDefault: false });
    expect((await nobody.open('/theme')).json()).toEqual({ theme: 'light', isDefault: true });
    expect((await ada.open('/flags')).json()).toMatchObject({
      limit: 8,
      beta: true,
      all: { limits: { value: { exportsPerDay: 3 } } },
    });
    expect(await status('/beta')).toEqual([200, 401]);
    expect(await status('/ocean')).toEqual([200, 401]);
    expect((await ada.open('/claims')).json()).toMatchObject({
      organization: 'org_acme0rockets',
      issued: expect.any(Number),
    });
    expect((await ada.open('/hello')).body).toBe('Hello Ada');
    expect((await ada.open('/free')).json()).toEqual({
      permissionKey: 'create:todos',
      orgCode: 'org_acme0rockets',
      isGranted: true,
    });
    expect((await ada.open('/organization')).json()).toMatchObject({
      current: { orgName: 'Acme Rockets' },
      orgs: [{ name: 'Acme Rockets' }, { name: 'Globex Gardens' }],
    });
    expect(await status('/org_acme0rockets/reports')).toEqual([403, 401]);
    expect(await status('/acme-only')).toEqual([403, 401]);
    server.closeAllConnections();
    server.close();
  });

  test('on Fastify', async () => {
    const emulator = await createEmulator({ siteUrl: SITE });
    const app = createFastify();
    await app.register(fastify.kinde, optionsFor(emulator));
    for (const { framework, code } of snippets) {
      if (framework === 'fastify') {
        add(code, app, fastify);
      }
    }
    await app.listen({ host: '127.0.0.1', port: 0 });
    const ada = createBrowser(app.server, emulator);
    expect((await ada.open('/todos', { method: 'POST' })).status).toBe(401);
    await ada.signIn('ada@example.com', '/login', 'org_acme0rockets');
    expect((await ada.open('/todos', { method: 'POST' })).status).toBe(201);
    await app.close();
  });
});
