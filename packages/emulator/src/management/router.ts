import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import type { State } from '../state/state.js';
import { authenticate } from './credentials.js';
import { refused, respond, routeNotFound, type Answered } from './envelope.js';
import { handlers } from './handlers.js';
import { readInput } from './input.js';
import { checkRateLimit } from './rate-limit.js';
import { inMode } from './response-modes.js';

/** An operation of the contract, found by its route. */
interface Route {
  /** Such as `roles.create`. */
  readonly name: string;
  readonly method: string;
  readonly path: RegExp;
  readonly operation: Operation;
  /** Absent where it is not emulated. */
  readonly handle: ((input: never, state: State) => Answered | Promise<Answered>) | undefined;
}

/** The Management API: checks as Kinde does (credentials, route, scope, input), then the state decides. */
export function createManagementApi(): (request: Request, state: State) => Promise<Response> {
  const operations = createRoutes();
  return async (request, state) => {
    const { pathname } = new URL(request.url);
    const known = operations.find(
      ({ method, path }) => method === request.method && path.test(pathname),
    );
    const isPublic = known?.operation.scope === null;
    const scopes = checkRateLimit(state) ?? (isPublic ? [] : await authenticate(request, state));
    if (scopes instanceof Response) {
      return scopes;
    }
    if (!known) {
      return routeNotFound();
    }
    const { name, operation, handle } = known;
    const { scope, status = 200 } = operation;
    if (scope !== null && !scopes.includes(scope)) {
      return refused(403, 'INSUFFICIENT_SCOPE', `Scope missing: ${scope} is needed.`);
    }
    const input = await readInput(request, operation, known.path.exec(pathname)?.groups ?? {});
    if (input instanceof Response) {
      return input;
    }
    if (!handle) {
      return refused(
        501,
        'NOT_EMULATED',
        `The local Kinde does not emulate ${name} (${operation.route}).`,
      );
    }
    const answer = inMode(name, await handle(input as never, state), state.managementMode);
    return respond(answer, { status, observed: state.managementMode === 'observed' });
  };
}

function createRoutes(): Route[] {
  const all = Object.entries(contract).flatMap(([resource, operations]) =>
    Object.entries(operations).map(([verb, operation]): Route => {
      const [method, template] = (operation as Operation).route.split(' ') as [string, string];
      const own = (handlers as Readonly<Record<string, object | undefined>>)[resource] ?? {};
      return {
        name: `${resource}.${verb}`,
        method,
        path: new RegExp(`^${template.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
        operation: operation as Operation,
        handle: Object.hasOwn(own, verb)
          ? (own as Record<string, Route['handle']>)[verb]
          : undefined,
      };
    }),
  );
  // `/api_keys/verify` before `/api_keys/{key_id}`.
  return all.sort(
    (a, b) => a.operation.route.split('{').length - b.operation.route.split('{').length,
  );
}
