import type { AddressInfo } from 'node:net';
import { describeCaller, type RunningApp } from '@kindling/core/adapter-conformance';
import createFastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import {
  createKinde,
  kinde,
  protect,
  toHttpRequest,
  type KindeError,
  type KindeOptions,
} from '../src/index.js';

/** The adapter, or one that is wrong in some way; and what the app has before it. */
export interface Parts {
  readonly kinde: typeof kinde;
  readonly protect: typeof protect;
  readonly first?: (app: FastifyInstance) => void;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Something was waited for since the request arrived. */
    hasWaited: boolean;
  }
}

/** Starts an app with all routes of the conformance suite. */
export function starter(given: Partial<Parts> = {}) {
  const parts: Parts = { kinde, protect, ...given };
  return async (options: KindeOptions): Promise<RunningApp> => {
    const app = createFastify();
    app.decorateRequest('hasWaited', false);
    app.addHook('onRequest', (request, _reply, done) => {
      void Promise.resolve().then(() => (request.hasWaited = true));
      done();
    });
    parts.first?.(app);
    const sdk = createKinde(options);
    await app.register(parts.kinde, sdk);
    addPages(app, parts.protect);
    addResponses(app, parts.protect);
    app.get('/sign-out', async (request, reply) => {
      const { location, cookies } = await sdk.logout(toHttpRequest(request));
      return reply.header('set-cookie', [...cookies]).redirect(location, 303);
    });
    app.setErrorHandler((error: Error, _request, reply) => {
      void reply.code(500).type('text/plain').send(`handled: ${error.message}`);
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => app.close() };
  };
}

/** Pages that tell who is calling. */
function addPages(app: FastifyInstance, guard: typeof protect): void {
  const tell = async (request: FastifyRequest) => describeCaller(request.kinde);
  app.get('/', tell);
  app.get('/private', { onRequest: guard() }, tell);
  app.register(async (part) => void part.get('/private', { preHandler: guard() }, tell), {
    prefix: '/nested',
  });
  app.get('/live', { onRequest: guard({ permissions: 'create:todos' }, { live: true }) }, tell);
  app.get('/at-once', { onRequest: guard() }, (request, reply) => reply.send(!request.hasWaited));
  let count = 0;
  const add = async (_request: FastifyRequest, reply: FastifyReply) =>
    reply.code(201).send({ count: (count += 1) });
  const allow = { permissions: 'create:todos' };
  app.post('/todos', { onRequest: guard(allow) }, add);
  app.post('/todos/anywhere', { onRequest: guard(allow, { crossOrigin: true }) }, add);
}

/** Pages that write something of their own on the response. */
function addResponses(app: FastifyInstance, guard: typeof protect): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (request.method === 'OPTIONS') {
      return reply.code(204).header('x-app', 'preflight').send();
    }
    return done();
  });
  app.get('/cached', async (_request, reply) => {
    const vary = [reply.getHeader('vary'), 'Accept'].join(', ');
    return reply.header('cache-control', 'public, max-age=60').header('vary', vary).send('cached');
  });
  app.get('/late-cookies', async (_request, reply) => {
    reply.hijack();
    reply.raw.writeHead(200, { 'Set-Cookie': 'own=1' }).end('cookies');
  });
  app.get('/refresh', async (request) => {
    await request.kinde.refresh();
    return describeCaller(request.kinde);
  });
  app.get('/refresh-late', async (request, reply) => {
    reply.hijack();
    reply.raw.write('head sent ');
    const code = await request.kinde.refresh().then(
      () => 'refreshed',
      (error: KindeError) => error.code,
    );
    reply.raw.end(code);
  });
  app.get('/throws', async () => {
    throw new Error('as it should');
  });
  const throwing = async (): Promise<boolean> => {
    throw new Error('as it should');
  };
  app.get('/guard-throws', { onRequest: guard(throwing) }, async () => 'passed');
}
