import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describeCaller, type RunningApp } from '../../src/adapter/conformance.js';
import type { ProtectOptions } from '../../src/adapter/adapter.js';
import { toHttpRequest } from '../../src/adapter/node.js';
import {
  createKinde,
  type Guard,
  type Kinde,
  type KindeError,
  type KindeOptions,
  type RequestAuth,
} from '../../src/index.js';
import { listen } from './listen.js';

type Visit = IncomingMessage & { kinde: RequestAuth };
type Handler = (req: Visit, res: ServerResponse) => unknown;

/** The adapter that `docs/how-to/write-an-adapter.md` shows. */
export type NodeAdapter = (options: Kinde) => {
  kinde(handler: Handler): (req: IncomingMessage, res: ServerResponse) => unknown;
  protect(allow: Guard, handler: Handler, more?: ProtectOptions): Handler;
};

/** An app of `node:http` alone. */
export function nodeAppStarter(adapter: NodeAdapter) {
  return async (options: KindeOptions): Promise<RunningApp> => {
    const sdk = createKinde(options);
    const { kinde, protect } = adapter(sdk);
    const routes = { ...pages(protect), ...responses(sdk, protect) };
    const listener = kinde((req, res) => {
      const path = req.url!.replace(/\?.*/, '');
      if (req.method === 'OPTIONS') {
        return res.writeHead(204, { 'X-App': 'preflight' }).end();
      }
      const handler = routes[`${req.method === 'HEAD' ? 'GET' : req.method} ${path}`];
      return handler ? handler(req, res) : send(res, 404, 'not found');
    });
    const server = createServer(async (req, res) => {
      try {
        await listener(req, res);
      } catch (error) {
        send(res, 500, `handled: ${(error as Error).message}`);
      }
    });
    return listen(server);
  };
}

type Protect = ReturnType<NodeAdapter>['protect'];

function send(res: ServerResponse, status: number, body: string): void {
  res.statusCode = status;
  res.end(body);
}

const tell: Handler = (req, res) => send(res, 200, JSON.stringify(describeCaller(req.kinde)));

function pages(protect: Protect): Record<string, Handler> {
  let count = 0;
  const add: Handler = (_req, res) => send(res, 201, JSON.stringify({ count: (count += 1) }));
  const allow = { permissions: 'create:todos' };
  return {
    'GET /': tell,
    'GET /private': protect({}, tell),
    'GET /live': protect(allow, tell, { live: true }),
    'POST /todos': protect(allow, add),
    'POST /todos/anywhere': protect(allow, add, { crossOrigin: true }),
  };
}

function responses(sdk: Kinde, protect: Protect): Record<string, Handler> {
  const fail = async (): Promise<never> => {
    throw new Error('as it should');
  };
  return {
    'GET /cached': (_req, res) => {
      res
        .appendHeader('Vary', 'Accept')
        .setHeader('Cache-Control', 'public, max-age=60')
        .end('cached');
    },
    'GET /late-cookies': (_req, res) =>
      res.writeHead(200, { 'Set-Cookie': 'own=1' }).end('cookies'),
    'GET /refresh': async (req, res) => {
      await req.kinde.refresh();
      return tell(req, res);
    },
    'GET /refresh-late': async (req, res) => {
      res.write('head sent ');
      res.end(await req.kinde.refresh().catch(({ code }: KindeError) => code));
    },
    'GET /sign-out': async (req, res) => {
      const { location, cookies } = await sdk.logout(toHttpRequest(req));
      res.writeHead(303, { Location: location, 'Set-Cookie': [...cookies] }).end();
    },
    'GET /throws': fail,
    'GET /guard-throws': protect(fail, tell),
  };
}
