import { createServer, type Server } from 'node:http';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import { createEmulator } from '@kindling/emulator';
import createExpress from 'express';
import createFastify from 'fastify';
import { afterAll, describe, expect, test } from 'vitest';
import { optionsFor, SITE } from './kit/apps.js';
import { createBrowser } from './kit/browser.js';
import { moduleOf, problemsOf, snippetsOf, written } from './kit/snippets.js';

/** Pages whose snippets make one app together; the others are in docs.test.ts and in tests of their own. */
const pages = ['claims', 'flags', 'organizations', 'permissions'];
const snippets = pages.flatMap((page) => snippetsOf(`docs/how-to/${page}.md`));
const { files, remove } = written('snippets', snippets.map(moduleOf));
afterAll(remove);

test('every snippet of the how-to pages compiles', () => {
  expect(snippets.length).toBeGreaterThan(20);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);

test.each(pages)('every snippet of %s is shown for Express and for Fastify', (page) => {
  const shown = snippets.filter((snippet) => snippet.page.endsWith(`/${page}.md`));
  const kinds = shown.map(({ framework }) => framework);
  expect(kinds).toEqual(shown.map((_, index) => (index % 2 === 0 ? 'express' : 'fastify')));
});

/** Adds all snippets for this framework to an app. */
async function addAll(framework: 'express' | 'fastify', app: unknown): Promise<void> {
  for (const [index, snippet] of snippets.entries()) {
    if (snippet.framework === framework) {
      const { add } = (await import(files[index]!)) as { add(app: unknown): Promise<void> };
      await add(app);
    }
  }
}

/** The server of an app that has all snippets of the pages. */
const start: Record<
  'express' | 'fastify',
  (options: Partial<express.KindeOptions>) => Promise<Server>
> = {
  async express(options) {
    const app = createExpress();
    app.use(express.kinde(options));
    await addAll('express', app);
    const server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  },
  async fastify(options) {
    const app = createFastify();
    await app.register(fastify.kinde, options);
    await addAll('fastify', app);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return app.server;
  },
};

describe('the snippets run', () => {
  test.each(['express', 'fastify'] as const)(
    'on %s, for Ada in Acme and for nobody',
    async (framework) => {
      const emulator = await createEmulator({ siteUrl: SITE });
      const server = await start[framework](optionsFor(emulator));
      const ada = createBrowser(server, emulator);
      const nobody = createBrowser(server, emulator);
      await ada.signIn('ada@example.com', '/login', 'org_acme0rockets');
      const api = { headers: { accept: 'application/json' } };
      const status = async (path: string, method = 'GET') =>
        Promise.all(
          [ada, nobody].map(
            async (browser) => (await browser.open(path, { ...api, method })).status,
          ),
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
    },
  );
});
