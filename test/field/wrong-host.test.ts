import { createEmulator, type Emulator } from '@kindling/emulator';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { hasNginx, startNginx, type Proxy } from '../kit/proxies.js';
import { freePort } from '../kit/services.js';
import { FRAMEWORKS, register, SITE, startSite, type Framework, type Site } from './kit/site.js';
import { createVisitor, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
const ELSEWHERE = [
  '127.0.0.1:4000',
  'www.app.example',
  'app.example:8443',
  'app.example.evil.example',
  'example',
];
/** Where a login begins without a session, which another host could not have. */
const BEGINNINGS = ['/login', '/register', '/create-organization'];
const QUERY = 'org_code=org_acme0rockets&lang=de&return_to=%2Ft%2F1%3Fa%3D1%26b%3D2';

let emulator: Emulator;
const sites: Site[] = [];
const proxies: Proxy[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) {
    await proxy.stop();
  }
  for (const site of sites.splice(0)) {
    await site.close();
  }
});

const start = async (framework: Framework, options = {}) => {
  const site = await startSite(framework, emulator, { options });
  sites.push(site);
  return createVisitor(site, emulator);
};
const isAtKinde = (location: string) => location.startsWith(`${emulator.issuer}/oauth2/auth?`);

/** Follows redirects until they leave the site, as a browser does that always arrives by the same way. */
async function leave(visitor: Visitor, path: string, headers: Record<string, string>) {
  let answer = await visitor.open(path, { headers });
  let hops = 0;
  while (answer.location && !isAtKinde(answer.location)) {
    expect((hops += 1), `from ${path}: ${answer.location}`).toBeLessThanOrEqual(3);
    answer = await visitor.open(answer.location, { headers });
  }
  return answer.location;
}

describe.each(FRAMEWORKS)('an app that is opened at another host, on %s', (framework) => {
  const same = { 'sec-fetch-site': 'same-origin' };

  test.each(BEGINNINGS)(
    'FD-13 %s moves the browser to the configured site first, with all that was asked',
    async (path) => {
      const visitor = await start(framework);
      for (const host of ELSEWHERE) {
        const moved = await visitor.open(`${path}?${QUERY}`, { headers: { host, ...same } });
        expect(moved.status, host).toBeLessThan(400);
        const { origin, pathname, searchParams } = new URL(moved.location);
        expect([origin, pathname], host).toEqual([SITE, path]);
        expect(Object.fromEntries(searchParams)).toEqual({
          ...Object.fromEntries(new URLSearchParams(QUERY)),
          moved: '1',
        });
        expect(moved.setCookies, host).toEqual([]);
        // There, or where a proxy tells another host for ever, it proceeds.
        for (const there of ['app.example', host]) {
          const begun = await visitor.open(moved.location, { headers: { host: there, ...same } });
          expect(isAtKinde(begun.location), there).toBe(true);
          expect(new URL(begun.location).searchParams.has('moved')).toBe(false);
        }
      }
    },
  );

  test('FD-13 a login that was moved ends at its page, without a trace of the move', async () => {
    const visitor = await start(framework);
    const moved = await visitor.open(`/login?${QUERY}`, { headers: { host: '127.0.0.1:4000' } });
    const { pathname, search } = new URL(moved.location);
    const landed = await visitor.signIn(GRACE, pathname + search);
    expect(new URL(landed.location, SITE).href).toBe(`${SITE}/t/1?a=1&b=2`);
  });

  test('FD-13 a guarded page begins no login at another host either, and never loops', async () => {
    const visitor = await start(framework);
    for (const host of ELSEWHERE) {
      const first = await visitor.open('/t/1?a=1', { headers: { host } });
      expect(first.status, host).toBe(302);
      expect(new URL(first.location).origin, host).toBe(SITE);
      expect(first.setCookies, host).toEqual([]);
      expect(await leave(visitor, '/t/1?a=1', { host }), host).toBeTruthy();
    }
  });

  test('FD-13 the same host in another spelling is the same host', async () => {
    const visitor = await start(framework);
    for (const host of ['APP.example', 'app.example:443', 'App.Example:443']) {
      for (const path of ['/login', '/private']) {
        expect(
          isAtKinde((await visitor.open(path, { headers: { host } })).location),
          `${host}${path}`,
        ).toBe(true);
      }
    }
  });

  test('FD-13 only a GET that is a navigation is moved', async () => {
    const visitor = await start(framework);
    const host = '127.0.0.1:4000';
    const asks = [
      { method: 'HEAD', headers: { host } },
      { method: 'POST', headers: { host, ...same } },
      { method: 'OPTIONS', headers: { host } },
      { headers: { host, accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } },
      { headers: { host, 'sec-purpose': 'prefetch' } },
    ];
    for (const path of ['/login', '/register', '/private']) {
      for (const ask of asks) {
        expect((await visitor.open(path, ask)).location, `${path} ${JSON.stringify(ask)}`).toBe('');
      }
    }
  });

  test('FD-13 everything else answers at every host as it did', async () => {
    const visitor = await start(framework);
    await visitor.signIn();
    for (const host of ELSEWHERE) {
      for (const path of ['/', '/private', '/user']) {
        expect((await visitor.open(path, { headers: { host } })).status).toBe(200);
      }
    }
    const out = await visitor.open('/logout', { headers: { host: '127.0.0.1:4000', ...same } });
    expect([out.location.startsWith(emulator.issuer), visitor.jar.names()]).toEqual([true, []]);
  });

  test('FD-13 forwarding headers are not read, and no host that a request tells is repeated', async () => {
    const visitor = await start(framework);
    const forwarded = {
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
      'x-original-host': 'evil.example',
    };
    expect(isAtKinde((await visitor.open('/login', { headers: forwarded })).location)).toBe(true);
    const right = {
      host: '127.0.0.1:4000',
      'x-forwarded-host': 'app.example',
      forwarded: 'host=app.example',
    };
    expect((await visitor.open('/login', { headers: right })).location).toMatch(
      /^https:\/\/app\.example\/login\?/,
    );
    for (const host of [
      'evil.example',
      'evil.example/x',
      'a b',
      '[::1',
      'x"><script>',
      'user@evil.example',
      '',
    ]) {
      const answer = await visitor.open('/login?return_to=/t/1', { headers: { host } });
      expect(answer.status, host).toBeLessThan(500);
      expect(answer.location + answer.body, host).not.toMatch(/evil|script>/);
      if (answer.location) {
        expect([SITE, emulator.issuer]).toContain(new URL(answer.location).origin);
      }
    }
  });

  test('FD-13 under a path, the browser is moved to that path', async () => {
    register(emulator, `${SITE}/app`);
    const visitor = await start(framework, { siteUrl: `${SITE}/app` });
    const moved = await visitor.open('/app/login?lang=de', { headers: { host: '127.0.0.1:4000' } });
    expect(moved.location).toMatch(/^https:\/\/app\.example\/app\/login\?/);
    expect(isAtKinde((await visitor.open(moved.location)).location)).toBe(true);
  });

  test('FD-13 a callback without its cookie names the other host as a cause, and sends nobody where they are', async () => {
    const visitor = await start(framework);
    const begun = await visitor.open('/login?moved=1', { headers: { host: '127.0.0.1:4000' } });
    const back = await emulator.signIn(begun.location, { email: GRACE });
    const target = back.pathname + back.search;
    for (const headers of [
      { cookie: 'theme=dark' },
      { cookie: [] },
      { cookie: 'theme=dark', host: '127.0.0.1:4000' },
    ]) {
      const page = await visitor.open(target, { headers });
      expect(page.status).toBe(400);
      expect(page.body).toMatch(/\bhosts?\b/i);
      expect(page.body).not.toMatch(new RegExp(`open(ed)? (it )?at ${SITE}`, 'i'));
      expect(page.body).toMatch(/href="\/login/);
    }
  });
});

for (const framework of FRAMEWORKS) {
  describe.skipIf(!hasNginx)(
    `behind nginx that tells the app another host, on ${framework}`,
    () => {
      const open = async (host?: string) => {
        const port = await freePort();
        const url = `http://localhost:${port}`;
        register(emulator, url);
        const site = await startSite(framework, emulator, { port: 0, options: { siteUrl: url } });
        sites.push(site);
        proxies.push(await startNginx({ to: site.port, port, ...(host && { host }) }));
        return createVisitor({ url, port }, emulator);
      };

      test.each([
        ['as packaged', undefined],
        ['a name of its own', 'app.internal'],
        ['without the port', '$host'],
        ['as the browser said it', '$http_host'],
      ])('FD-13 nobody loops where the host is told %s', async (_how, host) => {
        const visitor = await open(host);
        for (const path of [
          ...BEGINNINGS.map((one) => `${one}?${QUERY}`),
          '/t/1?a=1',
          '/private',
        ]) {
          expect(
            await leave(visitor, path, { 'sec-fetch-site': 'same-origin' }),
            path,
          ).toBeTruthy();
        }
      });

      test('FD-13 people sign in from a guarded page and come back to it', async () => {
        const visitor = await open();
        const location = await leave(visitor, '/t/1?a=1', {});
        const back = await emulator.signIn(location, { email: GRACE });
        const landed = await visitor.open(back.href);
        expect(landed.location).toMatch(/\/t\/1\?a=1$/);
        expect((await visitor.open('/t/1')).json()).toMatchObject({ email: GRACE });
      });
    },
  );
}
