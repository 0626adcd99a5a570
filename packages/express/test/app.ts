import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describeCaller, type RunningApp } from '@kindling/core/adapter-conformance';
import type { ErrorRequestHandler, Express, RequestHandler, Router } from 'express';
import {
  createKinde,
  kinde,
  protect,
  toHttpRequest,
  type KindeError,
  type KindeOptions,
} from '../src/index.js';

/** What makes apps: Express, of one version or the other. */
export interface Framework {
  (): Express;
  Router(): Router;
}

/** The adapter, or one that is wrong in some way; and what stands in front of it. */
export interface Parts {
  readonly kinde: typeof kinde;
  readonly protect: typeof protect;
  readonly first?: RequestHandler;
}

/** Starts an app with all routes of the conformance suite. */
export function starter(create: Framework, given: Partial<Parts> = {}) {
  const parts: Parts = { kinde, protect, ...given };
  return async (options: KindeOptions): Promise<RunningApp> => {
    const app = create();
    app.use((_req, res, next) => {
      void Promise.resolve().then(() => (res.locals['hasWaited'] = true));
      next();
    });
    if (parts.first) {
      app.use(parts.first);
    }
    const sdk = createKinde(options);
    app.use(parts.kinde(sdk));
    addPages(app, create, parts.protect);
    addResponses(app, parts.protect);
    app.get('/sign-out', async (req, res) => {
      const { location, cookies } = await sdk.logout(toHttpRequest(req));
      res.append('Set-Cookie', [...cookies]).redirect(303, location);
    });
    app.use(handleError);
    return listen(app);
  };
}

/** Pages that tell who is calling. */
function addPages(app: Express, create: Framework, guard: typeof protect): void {
  const tell: RequestHandler = (req, res) => void res.json(describeCaller(req.kinde));
  app.get('/', tell);
  app.get('/private', guard(), tell);
  app.use('/nested', create.Router().get('/private', guard(), tell));
  app.get('/live', guard({ permissions: 'create:todos' }, { live: true }), tell);
  app.get('/at-once', guard(), (_req, res) => void res.json(res.locals['hasWaited'] !== true));
  let count = 0;
  const add: RequestHandler = (_req, res) => void res.status(201).json({ count: (count += 1) });
  app.post('/todos', guard({ permissions: 'create:todos' }), add);
  app.post('/todos/anywhere', guard({ permissions: 'create:todos' }, { crossOrigin: true }), add);
}

/** Pages that write something of their own on the response. */
function addResponses(app: Express, guard: typeof protect): void {
  app.use((req, res, next) =>
    req.method === 'OPTIONS' ? void res.status(204).set('X-App', 'preflight').end() : next(),
  );
  app.get('/cached', (_req, res) => {
    res.set('Cache-Control', 'public, max-age=60').vary('Accept').send('cached');
  });
  app.get(
    '/late-cookies',
    (_req, res) => void res.writeHead(200, { 'Set-Cookie': 'own=1' }).end('cookies'),
  );
  app.get('/refresh', async (req, res) => {
    await req.kinde.refresh();
    res.json(describeCaller(req.kinde));
  });
  app.get('/refresh-late', async (req, res) => {
    res.write('head sent ');
    const code = await req.kinde.refresh().then(
      () => 'refreshed',
      (error: KindeError) => error.code,
    );
    res.end(code);
  });
  app.get('/throws', () => {
    throw new Error('as it should');
  });
  const throwing = async (): Promise<boolean> => {
    throw new Error('as it should');
  };
  app.get('/guard-throws', guard(throwing), (_req, res) => void res.send('passed'));
}

const handleError: ErrorRequestHandler = (error: Error, _req, res, _next) => {
  res.status(500).type('text').send(`handled: ${error.message}`);
};

/** Lets an app listen on a free port of this machine. */
export async function listen(app: Express): Promise<RunningApp> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => void server.close(),
  };
}
