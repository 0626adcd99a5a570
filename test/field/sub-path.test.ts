import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as onExpress from '@kindling/express';
import * as onFastify from '@kindling/fastify';
import express from 'express';
import fastify from 'fastify';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { SAME_SITE } from '../kit/http.js';
import { hasNginx, startNginx, type Proxy } from '../kit/proxies.js';
import { freePort } from '../kit/services.js';
import { callerOf, close, FRAMEWORKS, register, startSite, type Framework } from './kit/site.js';
import { createJar, createVisitor } from './kit/visitor.js';

const GRACE = 'grace@example.com';
/** How an app comes to live under `/app`, and the page `/me` of it where the app itself sees it. */
type Arrangement = (sdk: onExpress.Kinde) => Server | Promise<Server>;

const onExpressAt = (add: (app: express.Express, sdk: onExpress.Kinde) => void): Arrangement => {
  return (sdk) => {
    const app = express();
    add(app, sdk);
    return createServer(app);
  };
};
const onFastifyAt = (
  add: (app: fastify.FastifyInstance, sdk: onExpress.Kinde) => unknown,
): Arrangement => {
  return async (sdk) => {
    const app = fastify();
    await add(app, sdk);
    await app.ready();
    return app.server;
  };
};
const me: express.RequestHandler = (req, res) => void res.json(callerOf(req.kinde));
const fastifyMe = async (request: fastify.FastifyRequest) => callerOf(request.kinde);
const guarded = { onRequest: onFastify.protect() };

const below: Record<Framework, Record<string, Arrangement>> = {
  express: {
    'mounted at the root': onExpressAt((app, sdk) => {
      app.use(onExpress.kinde(sdk)).get('/app/me', onExpress.protect(), me);
      app.post('/app/todos', onExpress.protect(), me);
    }),
    'mounted below the path': onExpressAt((app, sdk) => {
      app.use('/app', onExpress.kinde(sdk)).get('/app/me', onExpress.protect(), me);
      app.post('/app/todos', onExpress.protect(), me);
    }),
    'in a router below the path': onExpressAt((app, sdk) => {
      const router = express.Router().use(onExpress.kinde(sdk)).get('/me', onExpress.protect(), me);
      app.use('/app', router.post('/todos', onExpress.protect(), me));
    }),
  },
  fastify: {
    'registered at the root': onFastifyAt(async (app, sdk) => {
      await app.register(onFastify.kinde, sdk);
      app.get('/app/me', guarded, fastifyMe).post('/app/todos', guarded, fastifyMe);
    }),
    'registered in a plugin with the prefix': onFastifyAt((app, sdk) =>
      app.register(
        async (scope) => {
          await scope.register(onFastify.kinde, sdk);
          scope.get('/me', guarded, fastifyMe).post('/todos', guarded, fastifyMe);
        },
        { prefix: '/app' },
      ),
    ),
  },
};
const stripped: Record<Framework, Arrangement> = {
  express: onExpressAt((app, sdk) => {
    app.use(onExpress.kinde(sdk)).get('/me', onExpress.protect(), me);
    app.post('/todos', onExpress.protect(), me);
  }),
  fastify: onFastifyAt(async (app, sdk) => {
    await app.register(onFastify.kinde, sdk);
    app.get('/me', guarded, fastifyMe).post('/todos', guarded, fastifyMe);
  }),
};

/** Each arrangement by itself, and the ways in which nginx can stand in front. */
const rows = FRAMEWORKS.flatMap((framework) => [
  ...Object.entries(below[framework]).map(([name, arrange]) => ({
    name: `${framework}, ${name}`,
    arrange,
    by: 'itself',
  })),
  { name: `${framework}, behind nginx`, arrange: Object.values(below[framework])[0]!, by: 'nginx' },
  {
    name: `${framework}, behind nginx that strips the path`,
    arrange: stripped[framework],
    by: 'stripping nginx',
  },
]);

let emulator: Emulator;
const servers: Server[] = [];
const proxies: Proxy[] = [];
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
  for (const path of ['/app', '/app2', '/a/b']) {
    register(emulator, SITE + path);
  }
});
afterEach(async () => {
  for (const proxy of proxies.splice(0)) {
    await proxy.stop();
  }
  for (const server of servers.splice(0)) {
    await close(server);
  }
});

async function open({ arrange, by }: Pick<(typeof rows)[number], 'arrange' | 'by'>) {
  const front = by === 'itself' ? undefined : await freePort();
  const url = front ? `http://localhost:${front}/app` : `${SITE}/app`;
  register(emulator, url);
  const server = await arrange(onExpress.createKinde(optionsFor(emulator, { siteUrl: url })));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  if (front) {
    proxies.push(
      await startNginx({ to: port, port: front, path: '/app', strip: by.startsWith('stripping') }),
    );
  }
  return {
    url,
    origin: new URL(url).origin,
    visitor: createVisitor({ url, port: front ?? port }, emulator),
  };
}

for (const row of rows) {
  describe.skipIf(row.by !== 'itself' && !hasNginx)(`an app under a path, on ${row.name}`, () => {
    test('FD-12 a guarded page is come back to, by way of routes and callback below the path', async () => {
      const { visitor, origin, url } = await open(row);
      const landed = await visitor.signIn(GRACE, '/app/me?x=1');
      expect(new URL(landed.location, origin).href).toBe(`${url}/me?x=1`);
      expect((await visitor.open('/app/me')).json()).toMatchObject({ email: GRACE });
      expect((await visitor.open('/app/user')).status).toBe(200);
    });

    test('FD-12 cookies have the path, and the prefix that goes with it', async () => {
      const { visitor, url } = await open(row);
      const callback = await visitor.callbackFor(GRACE, '/app/login');
      const answer = await visitor.open(callback);
      for (const line of answer.setCookies) {
        expect(line).toMatch(/;\s*path=\/app(;|$)/i);
        expect(line.split('=')[0]).toMatch(url.startsWith('https') ? /^__Secure-/ : /^(?!__)/);
      }
      expect(answer.setCookies.length).toBeGreaterThan(0);
    });

    test('FD-12 without a target people land below the path, and the app’s own routes are no targets', async () => {
      const { visitor, origin, url } = await open(row);
      for (const target of ['', '/app/logout', '/app/login', '/app/callback', '/app/register']) {
        const landed = await visitor.signIn(
          GRACE,
          `/app/login?return_to=${encodeURIComponent(target)}`,
        );
        const { href } = new URL(landed.location, origin);
        expect([url, `${url}/`], target).toContain(href);
      }
    });

    test('FD-12 pages of ours lead on below the path', async () => {
      const { visitor } = await open(row);
      const failed = await visitor.open('/app/callback?code=x&state=y');
      expect(failed.status).toBe(400);
      expect(failed.body).toMatch(/href="\/app\/login/);
      expect(failed.body).toMatch(/href="\/app\/?"/);
      const form = { ...SAME_SITE, 'content-type': 'application/x-www-form-urlencoded' };
      const posted = await visitor.open('/app/todos', { method: 'POST', headers: form });
      expect([posted.status, /href="\/app\/login/.test(posted.body)]).toEqual([401, true]);
    });

    test('FD-12 sign-out takes the cookie of the path away and comes back below it', async () => {
      const { visitor, url } = await open(row);
      await visitor.signIn(GRACE, '/app/login');
      const out = await visitor.open('/app/logout', { headers: SAME_SITE });
      expect(visitor.jar.names()).toEqual([]);
      expect(decodeURIComponent(out.location)).toContain(url);
      expect((await visitor.open('/app/me')).status).toBe(302);
    });
  });
}

describe.each(FRAMEWORKS)('the path of a site, on %s', (framework) => {
  const at = async (siteUrl: string) => {
    const site = await startSite(framework, emulator, { options: { siteUrl } });
    servers.push(site.server);
    return site;
  };

  test('FD-12 apps under other paths of one host do not disturb each other', async () => {
    const sites = [await at(SITE), await at(`${SITE}/app`), await at(`${SITE}/app2`)];
    const jar = createJar();
    for (const site of sites) {
      const visitor = createVisitor(site, emulator, jar);
      await visitor.signIn(GRACE, `${new URL(site.url).pathname.replace(/\/$/, '')}/login`);
    }
    expect(new Set(jar.names()).size).toBe(3);
    await createVisitor(sites[1]!, emulator, jar).open('/app/logout', { headers: SAME_SITE });
    expect(jar.names()).toHaveLength(2);
    expect(jar.header('/app2/x').split('; ')).toHaveLength(2);
    expect(jar.header('/app/x').split('; ')).toHaveLength(1);
  });

  test('FD-12 a path of several parts, with or without a slash at its end, means the same', async () => {
    for (const siteUrl of [`${SITE}/a/b`, `${SITE}/a/b/`]) {
      const visitor = createVisitor(await at(siteUrl), emulator);
      expect((await visitor.signIn(GRACE, '/a/b/login')).status).toBe(302);
      expect((await visitor.open('/a/b/user')).status).toBe(200);
    }
  });

  test.each([
    [{ siteUrl: `${SITE}/app`, redirectUri: `${SITE}/callback` }],
    [{ siteUrl: `${SITE}/app`, redirectUri: `${SITE}/application/callback` }],
    [{ siteUrl: SITE + '/app?x=1' }],
    [{ siteUrl: SITE + '/app#x' }],
    [{ siteUrl: 'https://user:pass@app.example/app' }],
  ])('FD-12 a contradiction is a start-up error: %j', (options) => {
    expect(() => onExpress.createKinde(optionsFor(emulator, options))).toThrow(
      /siteUrl|redirectUri/,
    );
  });
});

test('FD-12 a prefix of Fastify that is not the path of the site is a start-up error', async () => {
  const sdk = onFastify.createKinde(optionsFor(emulator, { siteUrl: `${SITE}/app` }));
  const app = fastify();
  const start = async () => {
    await app.register(async (scope) => void (await scope.register(onFastify.kinde, sdk)), {
      prefix: '/other',
    });
    await app.ready();
  };
  await expect(start()).rejects.toThrow(/\/other|\/app/);
});
