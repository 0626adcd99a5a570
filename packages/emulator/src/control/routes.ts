import { Hono, type Context } from 'hono';
import type { Journal } from '../journal/journal.js';
import { checkInput } from './check.js';
import { operations } from './contract.js';
import type { Control } from './control.js';
import { ControlError } from './error.js';
import { hasToken, HEADERS, refuseForeign, type ControlAccess } from './guard.js';
import { unknownName } from './lookup.js';
import { argumentsOf, routeOf, type Operation, type OperationName } from './op.js';
import { ofPackage } from './package-file.js';
import { readInput } from './read.js';
import { createStreams } from './stream.js';

/** Where the control API is. */
export const CONTROL_PATH = '/emulator/api/v1';

/** What the routes need beside the control API itself. */
export interface RoutesOptions {
  /** Who may. */
  readonly access: ControlAccess;
  /** The journal that `GET /journal/stream` follows. */
  readonly journal: Journal;
}

/** The control API over HTTP: every operation of the contract, a stream of the journal, and the OpenAPI document. */
export function createControlRoutes(control: Control, options: RoutesOptions): Hono {
  const app = new Hono().basePath(CONTROL_PATH);
  app.use('*', async (c, next) => {
    await next();
    Object.entries(HEADERS).forEach(([name, value]) => c.res.headers.set(name, value));
  });
  app.use('*', async (c, next) => {
    refuseForeign(c.req.raw);
    if (hasToken(c.req.raw, options.access)) {
      return next();
    }
    if (c.req.method === 'GET' && c.req.path === `${CONTROL_PATH}/status`) {
      const { ready, version } = await control.status();
      return c.json({ ready, version });
    }
    throw new ControlError(
      'invalid_token',
      'The control API needs its token: Authorization: Bearer <token>.',
    );
  });
  app.get('/openapi.json', (c) => c.json(ofPackage('openapi.json') as object));
  app.get('/journal/stream', createStreams(options.journal));
  for (const [name, operation] of sorted()) {
    const { method, path } = routeOf(operation);
    app.on(method, path.replaceAll(/\{(\w+)(\??)\}/g, ':$1$2'), async (c) =>
      c.json(await call(control, [name, operation], c)),
    );
  }
  app.all('*', (c) => {
    throw noOperation(c);
  });
  app.onError((error, c) => problem(error, c));
  return app as unknown as Hono;
}

/** Paths without parameters come first: `/requests/count` is no id. */
function sorted(): [OperationName, Operation][] {
  const parameters = ({ route }: Operation) => route.split('{').length;
  return [...operations].sort(([, one], [, other]) => parameters(one) - parameters(other));
}

async function call(
  control: Control,
  [name, operation]: [OperationName, Operation],
  c: Context,
): Promise<object> {
  const given = await readInput(operation, c.req.raw, c.req.param());
  const input = checkInput(operation, given);
  const method = control[name] as (...given: unknown[]) => Promise<object>;
  return method(...argumentsOf(operation, input));
}

function noOperation({ req }: Context): ControlError {
  const known = operations.map(([, { route }]) => route);
  const given = `${req.method} ${req.path.slice(CONTROL_PATH.length)}`;
  return unknownName('unknown_operation', 'operation', {
    given,
    known,
  });
}

/** A problem document (RFC 9457). */
function problem(error: Error, c: Context): Response {
  const known =
    error instanceof ControlError
      ? error
      : new ControlError('failed', `The local Kinde failed: ${error.message}`);
  const { code, status, message: detail } = known;
  const body = {
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    status,
    detail,
    code,
  };
  const challenge = code === 'invalid_token' && { 'www-authenticate': 'Bearer' };
  return c.body(JSON.stringify(body), status as never, {
    'content-type': 'application/problem+json',
    ...HEADERS,
    ...challenge,
  });
}
