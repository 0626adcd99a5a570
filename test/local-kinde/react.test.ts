import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { createEmulator, type Emulator } from '@kindling/emulator';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasChromium, launch } from '../kit/chromium.js';

const CLIENT = '0123456789abcdef0123456789abcdef';

/** A page as its author would write it: Kinde's React SDK, unchanged, and nothing of ours. */
const page = (domain: string, origin: string) => `
  import { createElement as h } from 'react';
  import { createRoot } from 'react-dom/client';
  import { KindeProvider, useKindeAuth } from '@kinde-oss/kinde-auth-react';
  function Page() {
    const { isLoading, isAuthenticated, user, login, logout, getAccessToken } = useKindeAuth();
    if (isLoading) return h('p', null, 'Loading');
    if (!isAuthenticated) return h('button', { id: 'login', onClick: () => login() }, 'Sign in');
    return h('div', null,
      h('p', { id: 'user' }, user.email),
      h('button', { id: 'profile', onClick: async () => {
        const token = await getAccessToken();
        const answer = await fetch(${JSON.stringify(domain)} + '/oauth2/v2/user_profile', { headers: { authorization: 'Bearer ' + token } });
        document.title = (await answer.json()).given_name;
      } }, 'Profile'),
      h('button', { id: 'logout', onClick: () => logout() }, 'Sign out'));
  }
  createRoot(document.getElementById('root')).render(h(KindeProvider, {
    domain: ${JSON.stringify(domain)}, clientId: '${CLIENT}', redirectUri: ${JSON.stringify(origin)},
    logoutUri: ${JSON.stringify(origin)}, useInsecureForRefreshToken: true,
  }, h(Page)));
`;

describe.skipIf(!hasChromium)('a browser app of another origin, with Kinde’s React SDK', () => {
  let emulator: Emulator;
  let app: Server;
  let browser: Browser;
  let origin: string;
  beforeAll(async () => {
    let script = '';
    app = createServer(({ url = '' }, response) => {
      const isScript = url.startsWith('/app.js');
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(
        isScript ? script : '<!doctype html><div id="root"></div><script src="/app.js"></script>',
      );
    });
    await new Promise<void>((resolve) => app.listen(0, 'localhost', resolve));
    origin = `http://localhost:${(app.address() as AddressInfo).port}`;
    emulator = await createEmulator({
      seed: {
        permissions: {},
        roles: {},
        flags: {},
        people: [{ email: 'ada@example.com', givenName: 'Ada', organizations: {} }],
        applications: [
          {
            name: 'Browser app',
            clientId: CLIENT,
            type: 'spa',
            redirectUris: [origin],
            logoutUris: [origin],
          },
        ],
      } as never,
    });
    const { url } = await emulator.listen({ port: 0 });
    const built = await build({
      stdin: { contents: page(url, origin), resolveDir: process.cwd(), loader: 'js' },
      bundle: true,
      write: false,
      format: 'iife',
      define: { 'process.env.NODE_ENV': '"development"' },
    });
    script = built.outputFiles[0]!.text;
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    app?.close();
    await emulator?.close();
  });

  test('signs in, asks for the profile across origins, stays signed in after a reload and signs out', async () => {
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on('console', (message) => {
      if (message.type() === 'error') {
        problems.push(message.text());
      }
    });
    await tab.goto(origin);
    await tab.click('#login');
    await tab.click('button:has-text("Ada")');
    await tab.waitForSelector('#user');
    expect(await tab.textContent('#user')).toBe('ada@example.com');
    await tab.click('#profile');
    await tab.waitForFunction(() => (globalThis as any).document.title === 'Ada');
    await tab.reload();
    await tab.waitForSelector('#user');
    await tab.click('#logout');
    await tab.waitForSelector('#login');
    expect(problems.filter((text) => /CORS|Access-Control/.test(text))).toEqual([]);
    await tab.close();
  }, 60_000);

  test('of an origin that registered nothing reads no token', async () => {
    const tab = await browser.newPage();
    await tab.goto(origin.replace('localhost', '127.0.0.1')).catch(() => tab.goto('about:blank'));
    const read = await tab.evaluate(
      (url) =>
        fetch(`${url}/oauth2/token`, {
          method: 'POST',
          body: new URLSearchParams({ a: 'b' }),
        }).then(
          () => 'read',
          () => 'refused',
        ),
      emulator.issuer,
    );
    expect(read).toBe('refused');
    await tab.close();
  }, 60_000);
});
