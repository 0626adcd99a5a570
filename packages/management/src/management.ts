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

/** The promise of an answer. */
export interface Pending<Out> extends Promise<Out> {
  /** Resolves with the answer and its status, headers and attempts. */
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

/** A client of Kinde's Management API: every operation, by resource. It can be shared by all requests. */
export interface Management extends Resources {
  /** API keys and their verification. */
  readonly apiKeys: Resources['apiKeys'];
  /** APIs (audiences), their scopes and applications. */
  readonly apis: Resources['apis'];
  /** Applications with their URLs, connections and tokens. */
  readonly applications: Resources['applications'];
  /** Billing agreements, entitlements and usage. */
  readonly billing: Resources['billing'];
  /** The business details of the environment. */
  readonly business: Resources['business'];
  /** Connected apps and their tokens. */
  readonly connectedApps: Resources['connectedApps'];
  /** Connections: the ways to sign in. */
  readonly connections: Resources['connections'];
  /** Directories for provisioning. */
  readonly directories: Resources['directories'];
  /** The environment: its flags, logos and details. */
  readonly environment: Resources['environment'];
  /** Environment variables of workflows. */
  readonly environmentVariables: Resources['environmentVariables'];
  /** Feature flags. */
  readonly featureFlags: Resources['featureFlags'];
  /** Identities of users. */
  readonly identities: Resources['identities'];
  /** Invitations to organizations. */
  readonly invites: Resources['invites'];
  /** Members of organizations, with their roles and permissions. */
  readonly members: Resources['members'];
  /** Organizations. */
  readonly organizations: Resources['organizations'];
  /** Permissions. */
  readonly permissions: Resources['permissions'];
  /** Properties. */
  readonly properties: Resources['properties'];
  /** Categories of properties. */
  readonly propertyCategories: Resources['propertyCategories'];
  /** Roles with their permissions and scopes. */
  readonly roles: Resources['roles'];
  /** Subscribers. */
  readonly subscribers: Resources['subscribers'];
  /** Users. */
  readonly users: Resources['users'];
  /** Webhooks and event types. */
  readonly webhooks: Resources['webhooks'];
  /** Sends a request that the contract does not contain: same token, retries and errors, without types. @throws KindeApiError */
  request<Out = unknown>(route: Route, input?: RequestInput, options?: CallOptions): Pending<Out>;
}

type Route = `${'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'} /${string}`;

/** Input of `request`. */
interface RequestInput {
  /** Query parameters: text, lists, or objects of these. */
  query?: object;
  /** Body: a `FormData`, or a value that becomes JSON. */
  body?: unknown;
  /** Whether a request that failed may be sent again. @default true for GET, PUT and DELETE */
  repeatable?: boolean;
}

type Contract = typeof contract;
type Resources = { readonly [Name in keyof Contract]: Resource<Contract[Name]> };

/**
 * Creates a client of the Management API. Nothing is sent before the first call.
 * @throws KindeApiError `config_invalid`
 * @example
 * const management = createManagement({ issuer: 'https://acme.kinde.com', clientId, clientSecret });
 * for await (const user of management.users.list()) remember(user.email);
 */
export function createManagement(options: ManagementOptions): Management {
  const transport = createTransport(options);
  const resources = Object.entries(contract).map(([name, operations]) => {
    const methods = Object.entries(operations).map(([verb, operation]) => [
      verb,
      methodOf(transport, operation as never),
    ]);
    return [name, Object.freeze(Object.fromEntries(methods))];
  });
  return Object.freeze({
    ...(Object.fromEntries(resources) as Resources),
    request: (route, input = {}, given = {}) =>
      pending(sendUntyped(transport, route, { input, options: given })),
  } satisfies Management);
}

/**
 * Creates a client from environment variables: `KINDE_MANAGEMENT_CLIENT_ID` and `KINDE_MANAGEMENT_CLIENT_SECRET` (or
 * `MGMT_API_CLIENT_ID`, `MGMT_API_CLIENT_SECRET`), and the domain of the tenant. Options win over variables.
 * @throws KindeApiError `config_invalid`, naming every variable that is missing
 */
export function managementFromEnv(
  env?: Readonly<Record<string, string | undefined>>,
  options?: Partial<ManagementOptions>,
): Management {
  return createManagement(managementOptionsFromEnv(env, options));
}

function methodOf(
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

async function sendUntyped(
  transport: Transport,
  route: string,
  { input, options }: { input: RequestInput; options: CallOptions },
): Promise<Reply<unknown>> {
  const prepared = prepareUntyped(transport.settings.issuer, route, input);
  return send(transport, prepared, options);
}
