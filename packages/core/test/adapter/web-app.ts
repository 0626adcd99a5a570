import { createServer, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describeCaller, type RunningApp } from '../../src/adapter/conformance.js';
import { createKinde, type KindeError, type KindeOptions } from '../../src/index.js';
import { listen } from './listen.js';
import { adapter, type Handler } from './web.js';

/** An app that answers a `Request` with a `Response`, behind a bridge to Node's server. */
export async function startWebApp(options: KindeOptions): Promise<RunningApp> {
  const sdk = createKinde(options);
  const routes = routesOf(sdk);
  const handler: Handler = (request, visit) => {
    if (request.method === 'OPTIONS') {
      return new Response(null, { status: 204, headers: { 'x-app': 'preflight' } });
    }
    const { pathname } = new URL(request.url);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = routes[`${method} ${pathname}`];
    return route ? route(request, visit) : new Response('not found', { status: 404 });
  };
  const handle = adapter(sdk)(
    handler,
    ({ message }) => new Response(`handled: ${message}`, { status: 500 }),
  );
  const server = createServer(async (req, res) => {
    const response = await handle(toRequest(req));
    res.statusCode = response.status;
    for (const [name, value] of response.headers) {
      res.appendHeader(name, value);
    }
    if (!response.body) {
      return void res.end();
    }
    await pipeline(Readable.fromWeb(response.body as never), res);
  });
  return listen(server);
}

function toRequest(req: IncomingMessage): Request {
  const { method = 'GET', url = '/', rawHeaders } = req;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  }
  const body = ['GET', 'HEAD'].includes(method) ? null : (Readable.toWeb(req) as ReadableStream);
  return new Request(`http://${req.headers.host}${url}`, {
    method,
    headers,
    body,
    duplex: 'half',
  } as RequestInit);
}

function routesOf(sdk: ReturnType<typeof createKinde>): Record<string, Handler> {
  const tell: Handler = (_request, { kinde }) => Response.json(describeCaller(kinde));
  const guarded =
    (
      ...[allow, more, handler = tell]: [...Parameters<Parameters<Handler>[1]['protect']>, Handler?]
    ): Handler =>
    async (request, visit) =>
      (await visit.protect(allow, more)) ?? handler(request, visit);
  let count = 0;
  const add: Handler = () => Response.json({ count: (count += 1) }, { status: 201 });
  const allow = { permissions: 'create:todos' };
  const fail = async (): Promise<never> => {
    throw new Error('as it should');
  };
  return {
    'GET /': tell,
    'GET /private': guarded(),
    'GET /live': guarded(allow, { live: true }),
    'POST /todos': guarded(allow, {}, add),
    'POST /todos/anywhere': guarded(allow, { crossOrigin: true }, add),
    'GET /cached': () =>
      new Response('x', { headers: { 'cache-control': 'public, max-age=60', vary: 'Accept' } }),
    'GET /late-cookies': () => new Response('x', { headers: { 'set-cookie': 'own=1' } }),
    'GET /refresh': async (request, visit) => {
      await visit.kinde.refresh();
      return tell(request, visit);
    },
    'GET /refresh-late': (_request, { kinde }) => new Response(lateRefresh(kinde)),
    'GET /sign-out': async (request) => {
      const { location, cookies } = await sdk.logout(request);
      const headers = new Headers({ location });
      for (const line of cookies) {
        headers.append('set-cookie', line);
      }
      return new Response(null, { status: 303, headers });
    },
    'GET /throws': fail,
    'GET /guard-throws': guarded(fail),
  };
}

/** A body that is still being made when the head has been sent. */
function lateRefresh(kinde: { refresh(): Promise<unknown> }): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      controller.enqueue(encoder.encode('head sent '));
      await new Promise((resolve) => setImmediate(resolve));
      const code = await kinde.refresh().then(
        () => 'refreshed',
        (error: KindeError) => error.code,
      );
      controller.enqueue(encoder.encode(code));
      controller.close();
    },
  });
}
