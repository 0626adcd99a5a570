import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import type { State } from '../state/state.js';
import { authenticate } from './credentials.js';
import { refused, respond, routeNotFound, type Answered } from './envelope.js';
import { handlers } from './handlers.js';
import { readInput } from './input.js';
import { checkRateLimit } from './rate-limit.js';
import { inMode } from './response-modes.js';

/** An operation of the contract, with its route and its handler. */
interface Route {
  /** Such as `roles.create`. */
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly operation: Operation;
  /** Absent where it is not emulated. */
  readonly handle: ((input: never, state: State) => Answered | Promise<Answered>) | undefined;
}

/** Creates the Management API. It checks as Kinde does: credentials, route, scope, input; then a handler answers. */
export function createManagementApi(): (request: Request, state: State) => Promise<Response> {
  const routes = createRoutes();
  return async (request, state) => {
    const { pathname } = new URL(request.url);
    const route = routes.find((one) => one.method === request.method && one.path.test(pathname));
    const scopes = await grantedScopes(request, state, route);
    if (scopes instanceof Response) {
      return scopes;
    }
    if (!route) {
      return routeNotFound();
    }
    const { scope } = route.operation;
    if (scope !== null && !scopes.includes(scope)) {
      return refused(403, 'INSUFFICIENT_SCOPE', `Scope missing: ${scope} is needed.`);
    }
    return run(route, request, state);
  };
}

async function grantedScopes(
  request: Request,
  state: State,
  route: Route | undefined,
): Promise<readonly string[] | Response> {
  const limited = checkRateLimit(state);
  if (limited) {
    return limited;
  }
  const isPublic = route?.operation.scope === null;
  return isPublic ? [] : authenticate(request, state);
}

async function run(route: Route, request: Request, state: State): Promise<Response> {
  const { name, operation, handle } = route;
  const { pathname } = new URL(request.url);
  const input = await readInput(request, operation, route.path.exec(pathname)?.groups ?? {});
  if (input instanceof Response) {
    return input;
  }
  if (!handle) {
    const why = `The local Kinde does not emulate ${name} (${operation.route}).`;
    return refused(501, 'NOT_EMULATED', why);
  }
  const { status = 200 } = operation;
  const answer = inMode(name, await handle(input as never, state), state.managementMode);
  return respond(answer, { status, observed: state.managementMode === 'observed' });
}

function createRoutes(): Route[] {
  const all = Object.entries(contract).flatMap(([resource, operations]) => {
    const own = handlersOf(resource);
    return Object.entries(operations).map(([verb, operation]) => {
      const handle = Object.hasOwn(own, verb) ? own[verb] : undefined;
      return createRoute(`${resource}.${verb}`, operation as Operation, handle);
    });
  });
  // `/api_keys/verify` before `/api_keys/{key_id}`.
  return all.sort((a, b) => parametersOf(a) - parametersOf(b));
}

function handlersOf(resource: string): Readonly<Record<string, Route['handle']>> {
  const all = handlers as Readonly<Record<string, object | undefined>>;
  return (all[resource] ?? {}) as Record<string, Route['handle']>;
}

function createRoute(name: string, operation: Operation, handle: Route['handle']): Route {
  const [method = '', template = ''] = operation.route.split(' ');
  const pattern = template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
  return {
    name,
    method,
    path: new RegExp(`^${pattern}$`),
    operation,
    handle,
  };
}

function parametersOf({ operation }: Route): number {
  return operation.route.split('{').length;
}
