import {
  isKinde,
  mountsRoutes,
  refuseSecond,
  toKinde,
  toRule,
  type ProtectOptions,
} from '@kindling/core/adapter';
import { sendReply, setErrorCookies, toHttpRequest, toOutlet } from '@kindling/core/node';
import type { Entered, Guard, Kinde, KindeOptions, Reply, RequestAuth } from '@kindling/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';

export * from '@kindling/core';
export { sendReply as send, toHttpRequest } from '@kindling/core/node';

declare global {
  namespace Express {
    interface Request {
      /** The caller of this request, signed in or not. Set by `kinde()` before your handlers run. */
      kinde: RequestAuth;
    }
  }
}

/** The instance that a request went through, so that `protect()` needs no argument for it. */
const INSTANCE = Symbol('kinde');

type Marked = Request & { [INSTANCE]?: Kinde };

/**
 * Creates middleware that mounts the auth routes and sets `req.kinde` on every request. Options win over the environment.
 * Works with every server that accepts Node's request and response, such as Connect and Socket.IO (`io.engine.use(kinde())`).
 * @throws KindeError `config_invalid`, listing everything that is wrong.
 * @example app.use(kinde())
 */
export function kinde(options: Partial<KindeOptions> | Kinde = {}): RequestHandler {
  const instance = toKinde(options);
  // A shared instance may be mounted anywhere, to authenticate requests: its routes answer at their own paths.
  let isChecked = false;
  return (req, res, next) => {
    if (!isChecked) {
      refuseSecond((req as Marked)[INSTANCE], instance);
      isChecked = isKinde(options) || mountsRoutes(req.baseUrl ?? '', instance, false);
    }
    (req as Marked)[INSTANCE] = instance;
    const entered = instance.enter(toHttpRequest(req), toOutlet(req, res, asRouted));
    if (!(entered instanceof Promise)) {
      return accept(entered, req, res, next);
    }
    return entered.then((found) => accept(found, req, res, next)).then(undefined, next);
  };
}

function accept({ reply, caller }: Entered, req: Request, res: Response, next: NextFunction): void {
  if (reply) {
    return sendReply(res, reply);
  }
  req.kinde = caller;
  next();
}

/** Normalizes a path as the app compares it, by its settings. */
function asRouted({ app }: Request, path: string): string {
  const cased = app?.enabled('case sensitive routing') ? path : path.toLowerCase();
  if (app?.enabled('strict routing')) {
    return cased;
  }
  return cased.replace(/\/$/, '');
}

/**
 * Creates middleware that lets callers through who meet the requirement. Page loads of other users are redirected to sign-in,
 * other requests get 401 or 403. Requests that change something are refused where a page of another origin makes them with
 * the user's session.
 * @throws TypeError at set-up for a requirement that can only be a mistake.
 * @example app.post('/todos', protect({ permissions: 'create:todos' }), createTodo)
 */
export function protect(allow: Guard = {}, options: ProtectOptions = {}): RequestHandler {
  const rule = toRule(allow, options);
  return (req, res, next) => {
    const instance = (req as Marked)[INSTANCE];
    if (!instance) {
      throw new Error(
        'protect() found no Kinde on this request: put app.use(kinde()) before your routes.',
      );
    }
    const refused = instance.guard(toHttpRequest(req), req.kinde, rule);
    if (!refused) {
      return next();
    }
    if (!(refused instanceof Promise)) {
      return sendReply(res, refused);
    }
    return refused
      .then((reply) => pass(reply, res, next))
      .then(undefined, (error: unknown) => fail(error, res, next));
  };
}

/** Passes an error to the app's error handler. */
function fail(error: unknown, res: Response, next: NextFunction): void {
  setErrorCookies(res, error);
  next(error);
}

function pass(reply: Reply | undefined, res: Response, next: NextFunction): void {
  if (reply) {
    sendReply(res, reply);
  } else {
    next();
  }
}
