import type { TenantLists } from '@kindling/core';
import { isLoopback } from '@kindling/internal';
import * as contract from '@kindling/management/contract';
import {
  createManagement,
  KindeApiError,
  managementOptionsFromEnv,
  type CallOptions,
  type Management,
  type ManagementOptions,
  type Operation,
} from '@kindling/management';
import { describe } from '../describe.js';
import { concluded, say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { valueOf } from '../variables.js';
import { isKinde } from './discovery.js';

/** The resources of the tenant, as far as they could be read. */
export interface Lists extends Partial<TenantLists> {
  readonly redirectUrls?: readonly string[];
  readonly logoutUrls?: readonly string[];
}

/** Seconds for everything that is read. */
const TIMEOUT = 60;
/** Entries of one list. */
const MOST = 5_000;
const NAMES = ['KINDE_MANAGEMENT_CLIENT_ID', 'KINDE_MANAGEMENT_CLIENT_SECRET'];

/** Checks the credentials of the Management API, and reads the lists that other checks need. Changes nothing. */
export async function checkManagement(settings: Settings): Promise<Checked<Lists>> {
  const options = readOptions(settings);
  if (!('issuer' in options)) {
    return options;
  }
  const management = createManagement(options);
  const signal = AbortSignal.timeout(TIMEOUT * 1000);
  const reads = Object.entries(readsOf(management, { settings, signal }));
  const results = await Promise.all(reads.map(([name, read]) => attempt(name, read)));
  const lists = Object.assign({}, ...results.map(({ found }) => found)) as Lists;
  const failures = results.flatMap(({ failure }) => failure ?? []);
  const statements = distinct(failures.map(explain));
  if (failures.every(cameAfterToken)) {
    const { host } = new URL(options.issuer);
    statements.unshift(say('ok', `Kinde issues tokens for the Management API at ${host}.`));
  }
  return { statements, found: lists };
}

/** A list under its name, or the error for which it could not be read. */
interface Result {
  readonly found?: Readonly<Record<string, unknown>>;
  readonly failure?: unknown;
}

async function attempt(name: string, read: () => Promise<unknown>): Promise<Result> {
  try {
    return { found: { [name]: await read() } };
  } catch (failure) {
    return { failure };
  }
}

/** Checks that a failure shows that there was a token: Kinde refused or failed a request that had one. */
function cameAfterToken(failure: unknown): boolean {
  if (!(failure instanceof KindeApiError)) {
    return false;
  }
  return Boolean(failure.httpStatus) && failure.code !== 'token_refused';
}

function readOptions(settings: Settings): ManagementOptions | Checked<Lists> {
  const { env, fetch } = settings;
  if (NAMES.every((name) => valueOf(env, name) === undefined)) {
    const detail = `Not set: ${NAMES.join(' and ')}.`;
    const fix =
      'Set them to those of a machine-to-machine application, to have callback URLs and drift checked.';
    return concluded(say('skipped', detail, fix));
  }
  try {
    const options = managementOptionsFromEnv(env, {
      fetch,
      timeout: 10,
      deadline: 30,
      maxAttempts: 2,
    });
    const { hostname } = new URL(options.issuer);
    if (isKinde(hostname) || isLoopback(hostname)) {
      return options;
    }
    const detail = `${hostname} is a custom domain, which has no Management API.`;
    const fix = 'Set KINDE_MANAGEMENT_DOMAIN to your domain at kinde.com.';
    return concluded(say('failed', detail, fix));
  } catch (error) {
    if (!(error instanceof KindeApiError)) {
      throw error;
    }
    return concluded(...error.errors.map(({ message }) => say('failed', message)));
  }
}

type Reads = { readonly [Name in keyof Lists]?: () => Promise<Lists[Name]> };

/** Prepares what is read: URLs of the application, and the resources of the tenant if there is a declaration. */
function readsOf(
  management: Management,
  { settings: { env, tenant }, signal }: { settings: Settings; signal: AbortSignal },
): Reads {
  const app = valueOf(env, 'KINDE_CLIENT_ID');
  return {
    ...(app && urlReads(management, app, { signal })),
    ...(tenant && tenantReads(management, { signal })),
  };
}

function urlReads({ applications }: Management, id: string, options: CallOptions): Reads {
  const input = { app_id: id };
  return {
    async redirectUrls() {
      const { redirect_urls: urls } = await applications.listRedirectUrls(input, options);
      return texts(urls);
    },
    async logoutUrls() {
      const { logout_urls: urls } = await applications.listLogoutUrls(input, options);
      return texts(urls);
    },
  };
}

function tenantReads(management: Management, options: CallOptions): Reads {
  const { permissions, roles, environment } = management;
  const withPermissions = async ({ id, key }: { id: string; key: string }) => {
    const granted = await roles.listPermissions({ role_id: id }, options).all(MOST);
    return { key, permissions: withKey(granted).map((permission) => permission.key) };
  };
  return {
    async permissions() {
      return withKey(await permissions.list({}, options).all(MOST));
    },
    async roles() {
      const all = await roles.list({}, options).all(MOST);
      return Promise.all(withKey(all).map(withPermissions));
    },
    async flags() {
      const { feature_flags: flags } = await environment.listFlags({}, options);
      return Object.entries(flags ?? {}).map(([key, flag]) => ({
        key,
        type: String(flag?.type),
      }));
    },
  };
}

/** The texts of a list, which Kinde may send as null when it is empty. */
function texts(list: readonly unknown[] | null | undefined): string[] {
  return (list ?? []).filter((one) => typeof one === 'string');
}

/** Leaves out entries without a key. */
function withKey<Entry extends { readonly key: string }>(entries: readonly Entry[]): Entry[] {
  return entries.filter((entry) => typeof entry?.key === 'string');
}

function explain(error: unknown): Statement {
  if (!(error instanceof KindeApiError)) {
    return describe(error);
  }
  const scope = scopeOf(error);
  if (scope && error.httpStatus === 403 && !error.has('INVALID_CREDENTIALS')) {
    return say(
      'warning',
      `The scope ${scope} is missing.`,
      'Grant it to the machine-to-machine application, under APIs in Kinde.',
    );
  }
  if (error.isNotFound) {
    return say(
      'failed',
      'The tenant of the Management API has no application with this client ID.',
      'Compare KINDE_CLIENT_ID and the domains: both must belong to one environment.',
    );
  }
  return describe(error);
}

/** Finds the scope that the failed operation needs. */
function scopeOf({ operation }: KindeApiError): string | undefined {
  const all = Object.values(contract).flatMap(
    (operations) => Object.values(operations) as readonly Operation[],
  );
  return all.find(({ route }) => route === operation)?.scope ?? undefined;
}

/** Leaves out repetitions: a refused token fails every list in the same way. */
function distinct(statements: readonly Statement[]): Statement[] {
  return statements.filter(
    ({ detail }, index) => statements.findIndex((other) => other.detail === detail) === index,
  );
}
