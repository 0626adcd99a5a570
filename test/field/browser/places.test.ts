import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasChromium, launch } from '../../kit/chromium.js';
import { hasNginx, startNginx, type Proxy } from '../../kit/proxies.js';
import { freePort } from '../../kit/services.js';
import { close, FRAMEWORKS, type Plan, type Site } from '../kit/site.js';
import { becomes, choose, startPages, watch, who } from './kit.js';

const ENTRY = { path: '/guarded', guard: {}, handle: () => 'guarded' };

describe.skipIf(!hasChromium).each(FRAMEWORKS)('people at a real browser, on %s', (framework) => {
  let browser: Browser;
  let emulator: Emulator;
  let context: BrowserContext;
  let page: Page;
  const sites: Site[] = [];
  const proxies: Proxy[] = [];
  const others: Server[] = [];
  beforeAll(async () => {
    browser = await launch();
    emulator = await createEmulator({ strict: true });
    await emulator.listen({ port: 0 });
  });
  afterAll(async () => {
    await browser.close();
    await emulator.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
    ({ page } = await watch(context));
  });
  afterEach(async () => {
    await context.close();
    for (const proxy of proxies.splice(0)) {
      await proxy.stop();
    }
    for (const site of sites.splice(0)) {
      await site.close();
    }
    for (const other of others.splice(0)) {
      await close(other);
    }
  });
  const start = async (plan: Plan & { url?: string } = {}) => {
    const site = await startPages(framework, emulator, {
      ...plan,
      places: [ENTRY, ...(plan.places ?? [])],
    });
    sites.push(site);
    return site;
  };
  const signIn = async (url: string) => {
    await page.goto(url);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await choose(page, 'Grace Hopper');
    expect(await who(page)).toContain('grace@example.com');
  };
  const loginCookies = async () =>
    (await context.cookies()).filter(({ name }) => /kinde.*login/.test(name));

  test.skipIf(!hasNginx)(
    'FD-01 FD-13 sign in and out through nginx as packaged, as everybody of the seed',
    async () => {
      const port = await freePort();
      const url = `http://localhost:${port}`;
      const site = await start({ url, port: 0 });
      proxies.push(await startNginx({ to: site.port, port }));
      for (const [name, organization] of [
        ['Ada Lovelace', 'Acme Rockets'],
        ['Ada Lovelace', 'Globex Gardens'],
        ['Grace Hopper', undefined],
        ['Alan Turing', undefined],
      ] as const) {
        await page.goto(`${url}/guarded?x=1`);
        await choose(page, name, organization);
        expect(page.url()).toBe(`${url}/guarded?x=1`);
        expect(await page.textContent('body')).toContain('guarded');
        await page.goto(url);
        expect(await who(page)).toContain(name.split(' ')[0]!.toLowerCase());
        await page.getByRole('button', { name: 'Sign out' }).click();
        await becomes(page, 'nobody');
        expect(page.url().startsWith(url)).toBe(true);
        expect(
          (await context.cookies(url)).filter(({ name: cookie }) => cookie.includes('kinde')),
        ).toEqual([]);
      }
    },
  );

  test('FD-13 somebody who opened 127.0.0.1 is signed in at localhost', async () => {
    const site = await start();
    await page.goto(site.url.replace('localhost', '127.0.0.1'));
    await page.getByRole('link', { name: 'Sign in' }).click();
    await choose(page, 'Grace Hopper');
    expect(page.url()).toBe(`${site.url}/?x=1`);
    expect(await who(page)).toContain('grace@example.com');
  });

  /** A page of somebody else, on another port of this host: the same site to browsers, another origin. */
  const foreign = async (html: string): Promise<string> => {
    const other = createServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end(html),
    );
    others.push(other);
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    return `http://localhost:${(other.address() as AddressInfo).port}/`;
  };

  test('FD-16 a page of another origin can neither save nor sign out by form or script', async () => {
    const saved: string[] = [];
    const site = await start({
      places: [
        {
          path: '/save',
          methods: ['POST', 'PUT'],
          guard: {},
          handle: () => String(saved.push('x')),
        },
      ],
    });
    await signIn(site.url);
    for (const action of ['/save', '/logout']) {
      await page.goto(
        await foreign(
          `<form method="post" action="${site.url}${action}"><button>Win</button></form>`,
        ),
      );
      await page.getByRole('button', { name: 'Win' }).click();
      await page.waitForURL(`${site.url}${action}`);
      expect(await page.textContent('body')).toContain('403');
    }
    await page.goto(await foreign('<p>scripts</p>'));
    for (const path of ['/save', '/logout']) {
      const ask = (to: string) =>
        fetch(to, { method: 'POST', mode: 'no-cors', credentials: 'include' }).then(() => {});
      await page.evaluate(ask, site.url + path);
    }
    expect(saved).toEqual([]);
    await page.goto(site.url);
    expect(await who(page)).toContain('grace@example.com');
  });

  test('FD-17 what the browser fetches in advance signs nobody out and begins no login', async () => {
    const site = await start({
      places: [
        {
          path: '/hints',
          handle: ({ header }) => {
            header('Content-Type', 'text/html');
            const urls = ['/logout', '/login', '/register', '/guarded'];
            const rules = {
              prefetch: [{ urls, eagerness: 'immediate' }],
              prerender: [{ urls: urls.slice(0, 2), eagerness: 'immediate' }],
            };
            return `<!doctype html>${urls.map((url) => `<link rel="prefetch" href="${url}">`).join('')}
              <script type="speculationrules">${JSON.stringify(rules)}</script><img src="/logout"><img src="/login">`;
          },
        },
      ],
    });
    await signIn(site.url);
    const seen = new Set<string>();
    site.server.on('request', ({ url, headers }) => {
      if (headers['sec-purpose'] || headers['sec-fetch-dest'] === 'image') {
        seen.add(url!);
      }
    });
    await page.goto(`${site.url}/hints`);
    await expect
      .poll(() => seen.has('/logout') && seen.has('/login'), { timeout: 5000 })
      .toBe(true);
    await page.goto(site.url);
    expect(await who(page)).toContain('grace@example.com');
    expect(await loginCookies()).toEqual([]);
  });

  test('FD-18 many tabs are all signed in where they wanted to be', async () => {
    const site = await start({ places: [{ path: '/tab/:n', guard: {}, handle: () => 'guarded' }] });
    const tabs = [];
    for (let tab = 1; tab <= 7; tab += 1) {
      const opened = await context.newPage();
      await opened.goto(`${site.url}/tab/${tab}`);
      tabs.push(opened);
    }
    for (const [index, opened] of tabs.entries()) {
      await choose(opened, 'Grace Hopper');
      expect(opened.url()).toBe(`${site.url}/tab/${index + 1}`);
      expect(await opened.textContent('body')).toContain('guarded');
    }
  });
});
