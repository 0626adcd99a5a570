import * as adapter from '@kindling/core/adapter';
import * as node from '@kindling/core/node';
import type {
  Entered,
  Guard,
  HttpRequest,
  Kinde,
  KindeOptions,
  Reply,
  RequestAuth,
} from '@kindling/core';
import type {
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
} from 'fastify';
import plugin from 'fastify-plugin';

export * from '@kindling/core';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller of this request, signed in or not. Set by the `kinde` plugin before your handlers run. */
    kinde: RequestAuth;
    /** @internal The instance that this request went through, so that `protect()` needs no argument for it. */
    [INSTANCE]: Kinde | null;
  }
}

const INSTANCE = Symbol('kinde');

const mount: FastifyPluginAsync<Partial<KindeOptions> | Kinde> = async (app, options) => {
  adapter.checkPlugin(app);
  const instance = adapter.toKinde(options);
  app.decorateRequest('kinde', null as never);
  app.decorateRequest(INSTANCE, null);
  if (adapter.mountsRoutes(app.prefix, instance, adapter.isKinde(options))) {
    await app.register(async (auth) => addRoutes(auth, app, instance));
  }
  app.addHook('onRequest', (request, reply, done) => {
    if (request[INSTANCE] === instance) {
      return done();
    }
    request[INSTANCE] = instance;
    const entered = instance.enter(toHttpRequest(request), node.toReplyOutlet(request, reply));
    if (entered instanceof Promise) {
      return entered.then((found) => accept(found, request, reply));
    }
    accept(entered, request, reply);
    return done();
  });
};

/** Adds the auth routes to a context of their own. */
function addRoutes(auth: FastifyInstance, app: FastifyInstance, instance: Kinde): void {
  // The auth routes accept any kind of body and leave it to core, which reads one where it needs it.
  auth.removeAllContentTypeParsers();
  auth.addContentTypeParser('*', (_request, _payload, done) => done(null));
  // Looked up at the time of an error: apps set their handler after they have registered their plugins. One from before is
  // next in line, and thrown to: called from here, Fastify's own would log the error twice.
  const { errorHandler: known } = app;
  auth.setErrorHandler((error, request, reply) => {
    if (app.errorHandler === known) {
      throw error;
    }
    return app.errorHandler(error, request, reply);
  });
  // Runs before the hook of the app, which skips these requests then: no auth route begins with a refresh.
  auth.addHook('onRequest', (request, _reply, done) => {
    request[INSTANCE] = instance;
    done();
  });
  for (const { path, handle } of instance.routes) {
    auth.all(adapter.pathBelow(app.prefix, path), (request, reply) =>
      answer(reply, handle(toHttpRequest(request))),
    );
  }
}

/** Answers a route only where the framework does not know it: behind a proxy that removes the path of the app. */
function accept(
  { reply: found, caller }: Entered,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | void {
  if (found) {
    return send(reply, found);
  }
  request.kinde = caller;
}

/**
 * Plugin that mounts the auth routes and sets `request.kinde` on every request. Options win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 * @example await app.register(kinde)
 */
export const kinde = plugin(mount, { name: '@kindling/fastify', fastify: '5.x' });

/**
 * Creates a hook that lets callers through who meet the requirement. Page loads of other users are redirected to sign-in,
 * other requests get 401 or 403. Requests that change something are refused where a page of another origin makes them with
 * the user's session. Works as `onRequest` and as `preHandler`.
 * @throws TypeError at set-up for a requirement that can only be a mistake.
 * @example app.post('/todos', { onRequest: protect({ permissions: 'create:todos' }) }, createTodo)
 */
export function protect(
  allow: Guard = {},
  options: adapter.ProtectOptions = {},
): onRequestHookHandler {
  const rule = adapter.toRule(allow, options);
  return (request, reply, done) => {
    const instance = request[INSTANCE];
    if (!instance) {
      throw new Error(
        'protect() found no Kinde on this request: await app.register(kinde) before your routes.',
      );
    }
    const refused = instance.guard(toHttpRequest(request), request.kinde, rule);
    if (!refused) {
      return done();
    }
    if (!(refused instanceof Promise)) {
      return send(reply, refused);
    }
    return answer(reply, refused);
  };
}

/** Sends a reply when it is there. Errors go to the app's error handler, with their cookies. */
async function answer(
  reply: FastifyReply,
  pending: Promise<Reply | undefined>,
): Promise<FastifyReply | undefined> {
  try {
    const found = await pending;
    return found && send(reply, found);
  } catch (error) {
    node.setErrorCookies(reply.raw, error);
    throw error;
  }
}

/** Converts a request for the methods of `createKinde()`, for routes of your own. */
export function toHttpRequest(request: FastifyRequest): HttpRequest {
  return node.toHttpRequest(request.raw, request);
}

/** Sends a reply of core: status, headers, cookies and body. */
export function send(reply: FastifyReply, { status, headers, cookies, body }: Reply): FastifyReply {
  node.setCookies(reply.raw, cookies);
  return reply
    .code(status)
    .headers(headers)
    .send(body ?? undefined);
}
