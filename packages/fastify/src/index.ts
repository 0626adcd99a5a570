import {
  checkGuard,
  createKinde,
  mayPass,
  mergeCookies,
  optionsFromEnv,
  withRefresh,
  type Authentication,
  type Guard,
  type HttpRequest,
  type Kinde,
  type KindeOptions,
  type Reply,
  type RequestAuth,
  type Rule,
} from '@kindling/core';
import type { FastifyPluginAsync, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import plugin from 'fastify-plugin';

export * from '@kindling/core';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling. Set by the `kinde` plugin, before your handlers run. */
    kinde: RequestAuth;
    /** @internal The instance that this request went through, so that `protect()` needs no argument for it. */
    [INSTANCE]: Kinde | null;
  }
}

const INSTANCE = Symbol('kinde');

const mount: FastifyPluginAsync<Partial<KindeOptions> | Kinde> = async (app, options) => {
  const instance = Object.hasOwn(options, 'authenticate')
    ? (options as Kinde)
    : createKinde(optionsFromEnv(undefined, options as Partial<KindeOptions>));
  await app.register(async (auth) => {
    // The auth routes take any kind of body and leave it to the core, which reads one where it needs it.
    auth.removeAllContentTypeParsers();
    auth.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const { path, handle } of instance.routes) {
      auth.all(path, async (request, reply) => send(reply, await handle(toHttpRequest(request))));
    }
  });
  app.decorateRequest('kinde', null as never);
  app.decorateRequest(INSTANCE, null);
  app.addHook('onRequest', (request, reply, done) => {
    const refresh = async () => accept(await instance.refresh(toHttpRequest(request)));
    const accept = ({ auth, cookies }: Authentication) => {
      setCookies(reply, cookies);
      return (request.kinde = withRefresh(auth, refresh));
    };
    const vary = reply.getHeader('vary');
    reply.header('vary', vary === undefined ? 'Cookie' : [vary, 'Cookie'].flat().join(', '));
    request[INSTANCE] = instance;
    const known = instance.recall(request.headers, refresh);
    if (known) {
      request.kinde = known;
      return done();
    }
    return instance.authenticate(toHttpRequest(request)).then(accept);
  });
};

/**
 * Mounts the auth routes and sets `request.kinde` on every request. Options win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 * @example await app.register(kinde)
 */
export const kinde = plugin(mount, { name: '@kindling/fastify', fastify: '5.x' });

/**
 * Lets callers through who meet the requirement: people looking at a page are sent to sign in, others get 401 or 403.
 * Works as `onRequest` and as `preHandler`.
 * @throws TypeError at set-up for a requirement that can only be a mistake.
 * @example app.post('/todos', { onRequest: protect({ permissions: 'create:todos' }) }, createTodo)
 */
export function protect(allow: Guard = {}, { live = false }: Pick<Rule, 'live'> = {}): onRequestHookHandler {
  checkGuard(allow);
  const rule = { allow, live };
  return (request, reply, done) => {
    const instance = request[INSTANCE];
    if (!instance)
      throw new Error('protect() found no Kinde on this request: await app.register(kinde) before your routes.');
    if (mayPass(request.kinde, rule)) return done();
    return instance
      .guard(toHttpRequest(request), request.kinde, rule)
      .then((refused) => refused && send(reply, refused));
  };
}

/** A request as the core wants it, for calling its verbs from your own routes. */
export function toHttpRequest(request: FastifyRequest): HttpRequest {
  return {
    method: request.method,
    url: request.originalUrl,
    headers: { get: (name) => request.headers[name]?.toString() ?? null },
    get body() {
      return request.raw.iterator({ destroyOnReturn: false });
    },
    get bodyUsed() {
      return request.raw.readableDidRead;
    },
  };
}

/** Writes an answer of the core as it is. */
export function send(reply: FastifyReply, { status, headers, cookies, body }: Reply): FastifyReply {
  setCookies(reply, cookies);
  return reply.code(status).headers(headers).send(body);
}

function setCookies(reply: FastifyReply, cookies: readonly string[]): void {
  if (cookies.length === 0) return;
  const merged = mergeCookies(reply.getHeader('set-cookie'), cookies);
  reply.removeHeader('set-cookie').header('cache-control', 'private, no-store').header('set-cookie', merged);
}
