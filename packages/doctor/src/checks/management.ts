import type { TenantLists } from '@kindling/core';
import * as contract from '@kindling/management/contract';
import {
  createManagement,
  KindeApiError,
  managementOptionsFromEnv,
  type Management,
  type ManagementOptions,
  type Operation,
} from '@kindling/management';
import { describe } from '../describe.js';
import { say, type Checked, type Statement } from '../finding.js';
import type { Settings } from '../options.js';
import { valueOf } from '../variables.js';
import { isKinde } from './discovery.js';

/** What Kinde has, as far as it could be read. */
export interface Lists extends Partial<TenantLists> {
  readonly redirectUrls?: readonly string[];
  readonly logoutUrls?: readonly string[];
}

/** Seconds for everything that is read; entries of one list. */
const PATIENCE = 60;
const MOST = 5_000;
const NAMES = ['KINDE_MANAGEMENT_CLIENT_ID', 'KINDE_MANAGEMENT_CLIENT_SECRET'];

/** Whether the credentials of the Management API work, and open what the other checks need. Nothing is changed. */
export async function checkManagement(settings: Settings): Promise<Checked<Lists>> {
  const options = readOptions(settings);
  if (!('issuer' in options)) {
    return options;
  }
  const management = createManagement(options);
  const signal = AbortSignal.timeout(PATIENCE * 1000);
  const reads = Object.entries(readsOf(management, { settings, signal }));
  const results = await Promise.allSettled(reads.map(([, read]) => read()));
  const failures = results.flatMap((result) => {
    if (result.status === 'rejected') {
      return [result.reason as unknown];
    }
    return [];
  });
  const found = Object.fromEntries(
    results.flatMap((result, index) => {
      if (result.status === 'fulfilled') {
        return [[reads[index]![0], result.value]];
      }
      return [];
    }),
  ) as Lists;
  const statements = failures.map(explain);
  const fine = say(
    'ok',
    `Kinde gives tokens for the Management API at ${new URL(options.issuer).host}.`,
  );
  const hasToken = failures.every(
    (one) => one instanceof KindeApiError && one.httpStatus && one.code !== 'token_refused',
  );
  return { statements: [...(hasToken ? [fine] : []), ...distinct(statements)], found };
}

function readOptions(settings: Settings): ManagementOptions | Checked<Lists> {
  const { env, fetch } = settings;
  if (NAMES.every((name) => valueOf(env, name) === undefined)) {
    const detail = `Not set: ${NAMES.join(' and ')}.`;
    const fix =
      'Set them to those of a machine-to-machine application, to have callback URLs and drift checked.';
    return { statements: [say('skipped', detail, fix)] };
  }
  try {
    const options = managementOptionsFromEnv(env, {
      fetch,
      timeout: 10,
      deadline: 30,
      maxAttempts: 2,
    });
    const { hostname } = new URL(options.issuer);
    if (isKinde(hostname) || /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname)) {
      return options;
    }
    const detail = `${hostname} is a custom domain, which has no Management API.`;
    return {
      statements: [
        say('failed', detail, 'Set KINDE_MANAGEMENT_DOMAIN to your domain at kinde.com.'),
      ],
    };
  } catch (error) {
    if (!(error instanceof KindeApiError)) {
      throw error;
    }
    return { statements: error.errors.map(({ message }) => say('failed', message)) };
  }
}

type Reads = { readonly [Name in keyof Lists]?: () => Promise<Lists[Name]> };

/** What is read: addresses of the application that is known, and the tenant if there is one to compare it with. */
function readsOf(
  management: Management,
  { settings: { env, tenant }, signal }: { settings: Settings; signal: AbortSignal },
): Reads {
  const id = valueOf(env, 'KINDE_CLIENT_ID');
  const given = { signal };
  const { applications, permissions, roles, environment } = management;
  const role = async ({ id, key }: { id: string; key: string }) => ({
    key,
    permissions: keysOf(await roles.listPermissions({ role_id: id }, given).all(MOST)).map(
      (one) => one.key,
    ),
  });
  return {
    ...(id && {
      redirectUrls: async () =>
        texts((await applications.listRedirectUrls({ app_id: id }, given)).redirect_urls),
      logoutUrls: async () =>
        texts((await applications.listLogoutUrls({ app_id: id }, given)).logout_urls),
    }),
    ...(tenant && {
      permissions: async () => keysOf(await permissions.list({}, given).all(MOST)),
      roles: async () => Promise.all(keysOf(await roles.list({}, given).all(MOST)).map(role)),
      flags: async () =>
        Object.entries((await environment.listFlags({}, given)).feature_flags ?? {}).map(
          ([key, flag]) => ({
            key,
            type: String(flag?.type),
          }),
        ),
    }),
  };
}

/** Addresses, of whatever Kinde lists: an empty list may be nothing at all. */
function texts(list: readonly unknown[] | null | undefined): string[] {
  return (list ?? []).filter((one) => typeof one === 'string');
}

function keysOf<Entry extends { readonly key: string }>(entries: readonly Entry[]): Entry[] {
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
      'Give it to the machine-to-machine application, under APIs in Kinde.',
    );
  }
  if (error.isNotFound) {
    return say(
      'failed',
      'The tenant of the Management API has no application with this client id.',
      'Compare KINDE_CLIENT_ID and the domains: both must be of one environment.',
    );
  }
  return describe(error);
}

/** What the operation that failed asks for, by its route. */
function scopeOf({ operation }: KindeApiError): string | undefined {
  const all = Object.values(contract).flatMap(
    (operations) => Object.values(operations) as readonly Operation[],
  );
  return all.find(({ route }) => route === operation)?.scope ?? undefined;
}

/** One token that is refused fails every list in the same way. */
function distinct(statements: readonly Statement[]): Statement[] {
  return statements.filter(
    ({ detail }, index) => statements.findIndex((other) => other.detail === detail) === index,
  );
}
