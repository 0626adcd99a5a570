import {
  call,
  createTransport,
  send,
  type CallOptions,
  type Reply,
  type Transport,
} from './call.js';
import * as contract from './contract/index.js';
import { paged, type Paged } from './list.js';
import type { Operation } from './op.js';
import { managementOptionsFromEnv, type ManagementOptions } from './options.js';
import { prepareUntyped } from './request.js';

/** An answer on its way; `withResponse()` also tells status, headers and attempts. */
export interface Pending<Out> extends Promise<Out> {
  withResponse(): Promise<Reply<Out>>;
}

type Arguments<In> = {} extends In
  ? [input?: In, options?: CallOptions]
  : [input: In, options?: CallOptions];
type Method<Op> =
  Op extends Operation<infer In, infer Out, infer Item>
    ? (...args: Arguments<In>) => [Item] extends [never] ? Pending<Out> : Paged<Item, Out>
    : never;

/** The operations of one resource, as methods. */
export type Resource<Operations> = {
  readonly [Name in keyof Operations]: Method<Operations[Name]>;
};

/** Kinde's Management API: every operation, by resource. Safe to share. */
export interface Management extends Resources {
  /** What the contract does not know yet: same token, retries and errors, no types. */
  request<Out = unknown>(
    route: `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`,
    input?: {
      query?: object;
      body?: unknown;
      repeatable?: boolean;
    },
    options?: CallOptions,
  ): Pending<Out>;
}

type Contract = typeof contract;
type Resources = { readonly [Name in keyof Contract]: Resource<Contract[Name]> };

/**
 * A client of the Management API. Nothing is sent before the first call.
 * @throws KindeApiError `config_invalid`
 * @example
 * const management = createManagement({ issuer: 'https://acme.kinde.com', clientId, clientSecret });
 * for await (const user of management.users.list()) remember(user.email);
 */
export function createManagement(options: ManagementOptions): Management {
  const transport = createTransport(options);
  const resources = Object.entries(contract).map(([name, operations]) => [
    name,
    Object.freeze(
      Object.fromEntries(
        Object.entries(operations).map(([verb, op]) => [verb, method(transport, op as never)]),
      ),
    ),
  ]);
  return Object.freeze({
    ...(Object.fromEntries(resources) as Resources),
    request: (route, input = {}, given = {}) =>
      pending(untyped(transport, route, { input, options: given })),
  } satisfies Management);
}

/**
 * A client as the environment says: `KINDE_MANAGEMENT_CLIENT_ID` and `KINDE_MANAGEMENT_CLIENT_SECRET` (or
 * `MGMT_API_CLIENT_ID`, `MGMT_API_CLIENT_SECRET`), and the tenant's domain. Options win.
 * @throws KindeApiError `config_invalid`
 */
export function managementFromEnv(
  env?: Readonly<Record<string, string | undefined>>,
  options?: Partial<ManagementOptions>,
): Management {
  return createManagement(managementOptionsFromEnv(env, options));
}

function method(
  transport: Transport,
  operation: Operation<object | undefined>,
): (input?: object, options?: CallOptions) => unknown {
  if (operation.paging) {
    return (input, options) => paged(transport, operation, { ...options, input });
  }
  return (input, options) => pending(call(transport, operation, { ...options, input }));
}

function pending<Out>(whole: Promise<Reply<unknown>>): Pending<Out> {
  const data = whole.then((reply) => reply.data as Out);
  return Object.assign(data, {
    withResponse() {
      data.catch(() => {});
      return whole as Promise<Reply<Out>>;
    },
  });
}

async function untyped(
  transport: Transport,
  route: string,
  {
    input,
    options,
  }: {
    input: {
      query?: object;
      body?: unknown;
      repeatable?: boolean;
    };
    options: CallOptions;
  },
): Promise<Reply<unknown>> {
  return send(transport, prepareUntyped(transport.settings.issuer, route, input), options);
}
