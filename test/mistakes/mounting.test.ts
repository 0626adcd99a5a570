import { createServer, type Server } from 'node:http';
import { createEmulator, type Emulator } from '@kindling/emulator';
import * as express from '@kindling/express';
import * as fastify from '@kindling/fastify';
import createExpress, { type ErrorRequestHandler, type Express } from 'express';
import createFastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { optionsFor, SITE } from '../kit/apps.js';
import { createServers } from '../kit/servers.js';
import { send } from '../kit/http.js';

let emulator: Emulator;
const servers = createServers();
beforeAll(async () => {
  emulator = await createEmulator({ strict: true, siteUrl: SITE });
});
afterEach(servers.close);

const tellError: ErrorRequestHandler = (error: Error, _req, res, _next) =>
  void res.status(500).type('text').send(error.message);

/** The answer of an Express app to a request, with the message of an error as its body. */
async function onExpress(build: (app: Express) => void, path = '/'): Promise<string> {
  const app = createExpress();
  build(app);
  app.get('/', (_req, res) => void res.send('as usual'));
  app.use(tellError);
  const server: Server = servers.add(createServer(app));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (await send(server, path)).body;
}

/** The answer of a Fastify app to a request, or the message with which it does not start. */
async function onFastify(build: (app: FastifyInstance) => unknown): Promise<string> {
  const app = createFastify();
  try {
    await build(app);
    return (await app.inject('/')).body;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await app.close();
  }
}

describe('Kinde that is mounted wrongly is told how to mount it', () => {
  const middleware = () => express.kinde(optionsFor(emulator));

  test('on Express without a call', async () => {
    expect(await onExpress((app) => app.use(express.kinde as never))).toContain('app.use(kinde())');
  });

  test.each([
    ['without options', () => (fastify.kinde as any)()],
    ['with options', () => (fastify.kinde as any)(optionsFor(emulator))],
  ])('on Fastify with a call %s', async (_title, call) => {
    expect(await onFastify((app) => app.register(call()))).toContain(
      'app.register(kinde, options)',
    );
  });

  test('twice on Express, as two instances', async () => {
    const message = await onExpress((app) => app.use(middleware(), middleware()));
    expect(message).toContain('Two instances');
    expect(message).toContain('createKinde');
  });

  test('one instance may be mounted twice on Express, and two that share no route', async () => {
    const shared = express.createKinde(optionsFor(emulator));
    expect(await onExpress((app) => app.use(express.kinde(shared), express.kinde(shared)))).toBe(
      'as usual',
    );
    const names = Object.keys({
      login: 1,
      register: 1,
      callback: 1,
      logout: 1,
      user: 1,
      portal: 1,
    });
    const paths = Object.fromEntries(names.map((name) => [name, `/staff/${name}`]));
    const others = {
      ...paths,
      createOrganization: false as const,
      switchOrganization: false as const,
    };
    const staff = express.kinde(optionsFor(emulator, { paths: others }));
    expect(await onExpress((app) => app.use(middleware(), staff))).toBe('as usual');
  });

  test('twice on Fastify', async () => {
    const message = await onFastify(async (app) => {
      await app.register(fastify.kinde, optionsFor(emulator));
      await app.register(fastify.kinde, optionsFor(emulator));
    });
    expect(message).toMatch(/registered already.*once/);
  });

  test('below a path that is not in the URL of the site', async () => {
    const message = await onExpress((app) => app.use('/auth', middleware()), '/auth/callback');
    expect(message).toContain('siteUrl');
    expect(message).toContain('/auth');
    const prefixed = await onFastify((app) =>
      app.register((inner) => inner.register(fastify.kinde, optionsFor(emulator)), {
        prefix: '/auth',
      }),
    );
    expect(prefixed).toContain('siteUrl');
  });
});

describe('an app without Kinde is told where to put it', () => {
  test('by protect()', async () => {
    expect(await onExpress((app) => app.use(express.protect()))).toContain('app.use(kinde())');
    expect(
      await onFastify((app) => app.get('/', { onRequest: fastify.protect() }, async () => 'x')),
    ).toContain('app.register(kinde)');
  });

  test('by assertSignedIn()', async () => {
    const message = await onExpress((app) =>
      app.use((req, _res, next) => {
        express.assertSignedIn(req.kinde);
        next();
      }),
    );
    expect(message).toContain('app.use(kinde())');
    expect(message).toContain('app.register(kinde)');
  });
});

describe('a guard that is written wrongly is told how to write it', () => {
  test('without a call', async () => {
    const cure = /protect\(\).*protect\(\{ permissions:/;
    expect(await onExpress((app) => app.get('/', express.protect as never))).toMatch(cure);
    const onRequest = fastify.protect as never;
    expect(await onFastify((app) => app.get('/', { onRequest }, async () => 'x'))).toMatch(cure);
  });

  test.each(['create:todos', ['create:todos'], '', [], null, 5, true])(
    '%j instead of an object, which never grants access',
    (requirement) => {
      for (const { protect } of [express, fastify]) {
        expect(() => protect(requirement as never)).toThrow(
          "protect({ permissions: 'create:todos' })",
        );
      }
    },
  );

  test('with a misspelt word', () => {
    expect(() => express.protect({ permision: 'create:todos' } as never)).toThrow(
      /"permision".*did you mean "permissions"/,
    );
  });
});
