import fastifyCors from '@fastify/cors';
import { createEmulator, type Emulator } from '@kindling/emulator';
import cors from 'cors';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { FRAMEWORKS, SITE, startSite, type Framework, type Plan, type Site } from './kit/site.js';
import { createVisitor, later, type Visitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
const SPA = 'http://localhost:5173';
const ROUTES = [
  '/login',
  '/register',
  '/callback',
  '/logout',
  '/create-organization',
  '/switch-organization',
  '/user',
];

let emulator: Emulator;
let site: Site;
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(async () => {
  vi.useRealTimers();
  emulator.faults.clear();
  await site.close();
});
const start = async (framework: Framework, plan: Plan = {}, at = emulator) => {
  site = await startSite(framework, at, plan);
  return createVisitor(site, at);
};

/** Where the link of a page leads that begins a login again. */
function retry(body: string): URL | undefined {
  const links = [...body.matchAll(/href="([^"]*)"/g)].map(([, href]) =>
    href!
      .replace(/&#(\d+);/g, (_all, code: string) => String.fromCodePoint(Number(code)))
      .replaceAll('&amp;', '&'),
  );
  const found = links.find((href) => new URL(href, SITE).pathname === '/login');
  return found === undefined ? undefined : new URL(found, SITE);
}

describe.each(FRAMEWORKS)('small things, on %s', (framework) => {
  test('FD-25 a: in development the page names the error that Kinde sent without a state', async () => {
    const visitor = await start(framework);
    for (const code of ['invalid_request', 'access_denied', 'temporarily_unavailable']) {
      const page = await visitor.open(`/callback?error=${code}&error_description=Org+not+found`);
      expect([page.status, page.body.includes(code)], code).toEqual([400, true]);
      expect(page.body).not.toContain('Org not found');
    }
  });

  test('FD-25 a: an error that is none is not repeated, and production names no code of Kinde’s', async () => {
    const visitor = await start(framework);
    for (const code of ['<script>alert(1)</script>', 'x'.repeat(400), 'a"b', 'a b\r\nx: y']) {
      expect(
        (await visitor.open(`/callback?error=${encodeURIComponent(code)}`)).body,
      ).not.toContain(code);
    }
    await site.close();
    const options = {
      production: true,
      allowPrivateIssuer: true,
      issuer: 'https://todos.kinde.com',
    };
    const live = await start(framework, { options });
    expect((await live.open('/callback?error=invalid_request')).body).not.toContain(
      'invalid_request',
    );
  });

  test('FD-25 b: a slash at the end and capitals count as much as they do for routes of the framework', async () => {
    const loose: Plan = {
      fastifyOptions: { routerOptions: { ignoreTrailingSlash: true, caseSensitive: false } },
    };
    const visitor = await start(framework, loose);
    for (const path of ['/login/', '/Login', '/LOGIN/', '/login']) {
      expect([path, (await visitor.open(path)).status]).toEqual([path, 302]);
    }
    const callback = await visitor.callbackFor(GRACE, '/Login/?return_to=/t/1');
    expect((await visitor.open(callback.replace('/callback?', '/callback/?'))).location).toMatch(
      /\/t\/1$/,
    );
    expect((await visitor.open('/User/')).status).toBe(200);
  });

  test('FD-25 b: where the framework is strict, so are the mounted routes', async () => {
    const visitor = await start(framework, {
      first: {
        express: (app) => void app.enable('strict routing').enable('case sensitive routing'),
      },
    });
    for (const path of ['/login/', '/Login', '/callback/']) {
      expect([path, (await visitor.open(path)).status]).toEqual([path, 404]);
    }
    expect((await visitor.open('/login')).status).toBe(302);
  });

  test('FD-25 b: a target in another spelling of a route of ours is still none', async () => {
    const visitor = await start(framework);
    for (const target of ['/logout/', '/Logout', '/LOGIN/?x=1', '/callback/']) {
      const landed = await visitor.signIn(GRACE, `/login?return_to=${encodeURIComponent(target)}`);
      if (framework === 'express') {
        expect(new URL(landed.location, SITE).pathname, target).toBe('/');
      } else {
        expect(landed.status).toBe(302);
      }
    }
  });

  test('FD-25 c: OPTIONS is left to whoever comes next, such as cors()', async () => {
    const policy = { origin: SPA, credentials: true };
    const visitor = await start(framework, {
      express: (app) => void app.use(cors(policy)),
      fastify: (app) => app.register(fastifyCors, policy),
    });
    const headers = {
      origin: SPA,
      'access-control-request-method': 'GET',
      'sec-fetch-mode': 'cors',
      accept: '*/*',
    };
    for (const path of ROUTES) {
      const answer = await visitor.open(path, { method: 'OPTIONS', headers });
      expect([path, answer.status, answer.headers['access-control-allow-origin']]).toEqual([
        path,
        204,
        SPA,
      ]);
      expect(answer.setCookies).toEqual([]);
    }
  });

  test('FD-25 c: where nobody comes next, a preflight is no error of ours', async () => {
    const visitor = await start(framework);
    for (const path of ROUTES) {
      const headers = { origin: SPA, 'access-control-request-method': 'GET' };
      const answer = await visitor.open(path, { method: 'OPTIONS', headers });
      expect([path, answer.status === 405, answer.status < 500]).toEqual([path, false, true]);
    }
  });

  const endings: Record<string, (visitor: Visitor, callback: string) => Promise<string>> = {
    cancelled: async (visitor, callback) => {
      const { searchParams } = new URL(callback, SITE);
      return (
        await visitor.open(`/callback?error=access_denied&state=${searchParams.get('state')}`)
      ).body;
    },
    'not finished in time': async (visitor, callback) => {
      later(700);
      return (await visitor.open(callback)).body;
    },
    'ended by Kinde being away': async (visitor, callback) => {
      emulator.faults.always('/oauth2/token', () => new Response('away', { status: 503 }));
      return (await visitor.open(callback)).body;
    },
    'ended by a code that is none': async (visitor, callback) =>
      (await visitor.open(callback.replace(/code=[^&]+/, 'code=nonsense'))).body,
  };

  test.each(Object.keys(endings))(
    'FD-25 d: “Sign in again” keeps the target of a login that was %s',
    async (ending) => {
      const visitor = await start(framework);
      const callback = await visitor.callbackFor(GRACE, '/t/7?a=1&b=2');
      const link = retry(await endings[ending]!(visitor, callback));
      expect(link?.origin).toBe(SITE);
      emulator.faults.clear();
      vi.useRealTimers();
      const landed = await visitor.signIn(GRACE, link!.pathname + link!.search);
      expect(new URL(landed.location, SITE).href).toBe(`${SITE}/t/7?a=1&b=2`);
    },
  );

  test('FD-25 e: a long target is kept by its path at least', async () => {
    const visitor = await start(framework);
    const long = `/t/1?f=${'x'.repeat(2100)}`;
    for (const path of [long, `/login?return_to=${encodeURIComponent(long)}`]) {
      expect((await visitor.signIn(GRACE, path)).location).toContain('/t/1');
    }
  });

  test.each([
    ['behind', 180],
    ['far behind', 7200],
    ['ahead', -90_000],
  ])(
    'FD-25 f: in development the page says that the app’s clock is %s',
    async (_where, seconds) => {
      const clock = { now: () => Math.floor(Date.now() / 1000) + seconds };
      const other = await createEmulator({ strict: true, siteUrl: SITE, clock });
      const visitor = await start(framework, {}, other);
      const page = await visitor.signIn(GRACE);
      expect(page.status).toBeGreaterThanOrEqual(400);
      expect(page.body).toMatch(/clock/i);
      expect(visitor.jar.names()).toEqual([]);
    },
  );
});
