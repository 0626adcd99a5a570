import { Readable } from 'node:stream';
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
import type { Request, RequestHandler, Response } from 'express';

export * from '@kindling/core';

declare global {
  namespace Express {
    interface Request {
      /** Who is calling. Set by `kinde()`, before your handlers run. */
      kinde: RequestAuth;
    }
  }
}

/** The instance that a request went through, so that `protect()` needs no argument for it. */
const INSTANCE = Symbol('kinde');

type Marked = Request & { [INSTANCE]?: Kinde };

/**
 * Mounts the auth routes and sets `req.kinde` on every request. Options win over the environment.
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 * @example app.use(kinde())
 */
export function kinde(options: Partial<KindeOptions> | Kinde = {}): RequestHandler {
  const instance = Object.hasOwn(options, 'authenticate')
    ? (options as Kinde)
    : createKinde(optionsFromEnv(undefined, options as Partial<KindeOptions>));
  return (req, res, next) => {
    const route = instance.routes.find(({ path }) => path === req.path);
    if (route) return route.handle(toHttpRequest(req)).then((reply) => send(res, reply));
    const refresh = async () => accept(await instance.refresh(toHttpRequest(req)));
    const accept = ({ auth, cookies }: Authentication) => {
      setCookies(res, cookies);
      return (req.kinde = withRefresh(auth, refresh));
    };
    res.vary('Cookie');
    (req as Marked)[INSTANCE] = instance;
    const known = instance.recall(req.headers, refresh);
    if (known) {
      req.kinde = known;
      return next();
    }
    const ask = async () => {
      accept(await instance.authenticate(toHttpRequest(req)));
      next();
    };
    return ask();
  };
}

/**
 * Lets callers through who meet the requirement: people looking at a page are sent to sign in, others get 401 or 403.
 * @throws TypeError at set-up for a requirement that can only be a mistake.
 * @example app.post('/todos', protect({ permissions: 'create:todos' }), createTodo)
 */
export function protect(allow: Guard = {}, { live = false }: Pick<Rule, 'live'> = {}): RequestHandler {
  checkGuard(allow);
  const rule = { allow, live };
  return (req, res, next) => {
    const instance = (req as Marked)[INSTANCE];
    if (!instance)
      throw new Error('protect() found no Kinde on this request: put app.use(kinde()) before your routes.');
    if (mayPass(req.kinde, rule)) return next();
    const ask = async () => {
      const refused = await instance.guard(toHttpRequest(req), req.kinde, rule);
      if (refused) send(res, refused);
      else next();
    };
    return ask();
  };
}

/** A request as the core wants it, for calling its verbs from your own routes. */
export function toHttpRequest(req: Request): HttpRequest {
  return {
    method: req.method,
    url: req.originalUrl,
    headers: { get: (name) => req.get(name) ?? null },
    // What a parser left as text or bytes is what was sent; what it made an object of is not.
    get body() {
      return isRaw(req.body) ? Readable.from([Buffer.from(req.body)]) : req.iterator({ destroyOnReturn: false });
    },
    get bodyUsed() {
      return req.readableDidRead && !isRaw(req.body);
    },
  };
}

function isRaw(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** Writes an answer of the core as it is. */
export function send(res: Response, { status, headers, cookies, body }: Reply): void {
  res.status(status).set({ ...headers });
  setCookies(res, cookies);
  res.end(body);
}

function setCookies(res: Response, cookies: readonly string[]): void {
  if (cookies.length === 0) return;
  res.set('Cache-Control', 'private, no-store');
  res.set('Set-Cookie', mergeCookies(res.getHeader('Set-Cookie'), cookies));
}
