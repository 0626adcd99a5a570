import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import { jwtVerify } from 'jose';
import type { State } from '../state/state.js';
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

/** What the caller's token may do. Bad credentials are 403 at Kinde, never 401, and are looked at before the route. */
async function authenticate(request: Request, state: State): Promise<readonly string[] | Response> {
  const header = request.headers.get('authorization');
  if (header === null) {
    return denied('INVALID_AUTHORIZATION_HEADER', 'Invaild authorization header');
  }
  const token = /^bearer +(\S+)$/i.exec(header)?.[1];
  if (token?.split('.').length !== 3) {
    return denied('TOKEN_INVALID', 'token contains an invalid number of segments');
  }
  try {
    const { payload } = await jwtVerify(token, state.key.find, {
      issuer: state.issuer,
      audience: `${state.issuer}/api`,
      currentDate: new Date(state.clock.now() * 1000),
      requiredClaims: ['exp'],
    });
    const { scp, gty, jti } = payload as {
      scp?: unknown;
      gty?: unknown;
      jti?: string;
    };
    if (
      !Array.isArray(gty) ||
      !gty.includes('client_credentials') ||
      !Array.isArray(scp) ||
      state.revoked.has(token)
    ) {
      return denied('TOKEN_INVALID', 'token is not one of an application');
    }
    if (jti === undefined) {
      return denied('TOKEN_INVALID', 'token has no id');
    }
    return scp as string[];
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ERR_JWKS_NO_MATCHING_KEY') {
      return denied(
        'TOKEN_INVALID',
        'the JWT has an invalid kid: could not find kid in JWT header',
      );
    }
    return denied(
      'TOKEN_INVALID',
      code === 'ERR_JWT_EXPIRED' ? 'token is expired' : 'token is not valid here',
    );
  }
}

function denied(code: string, message: string): Response {
  return refused(403, [
    { code: 'INVALID_CREDENTIALS', message: 'Invalid credentials used to access API' },
    { code, message },
  ]);
}
