import { createAccess, type Access, type Claims } from '@kindling/claims';
import { deadlineIn, type Moment } from '../clock.js';
import { KindeError } from '../errors.js';
import type { OAuthConfig } from './config.js';
import { createConnection, type Connection } from './connection.js';

/** An entitlement: a feature that a plan includes, with its limits. */
export interface Entitlement {
  /** The key of the feature in Kinde. */
  readonly key: string;
  /** The name of the feature; its key where it has no name. */
  readonly name: string;
  /** The upper limit; `null` where there is none. */
  readonly max: number | null;
  /** The lower limit; `null` where there is none. */
  readonly min: number | null;
}

/** A live check: permissions, roles, flags and entitlements as Kinde has them now, instead of those in the access token. */
export interface Live extends Access {
  /** Reads the entitlement with this key; `null` where the organization's plan does not include it. */
  getEntitlement(key: string): Entitlement | null;
  /** Lists all entitlements of the organization's plan. */
  getEntitlements(): {
    /** The code of the organization, `org_…`; `null` where Kinde names none. */
    readonly orgCode: string | null;
    /** The entitlements, in Kinde's order. */
    readonly entitlements: readonly Entitlement[];
  };
}

/** Kinde's Account API, which answers for the user of an access token. */
export interface AccountApi {
  /** Fetches permissions, roles, flags and entitlements. @throws KindeError `account_unavailable` */
  live(accessToken: string, id: Claims): Promise<Live>;
  /** Makes a link into the self-serve portal that works once. @throws KindeError `account_unavailable` */
  portalLink(accessToken: string, query: Readonly<Record<string, string>>): Promise<string>;
}

const PAGE_BYTES = 1024 * 1024;
/** Pages of a hundred: beyond this a list is refused rather than read for ever. */
const MOST_PAGES = 50;
const FLAG_LETTERS: Readonly<Record<string, string>> = {
  string: 's',
  str: 's',
  boolean: 'b',
  bool: 'b',
  integer: 'i',
  int: 'i',
  json: 'j',
  object: 'j',
};

/** Binds the Account API to one tenant. */
export function createAccountApi(config: OAuthConfig): AccountApi {
  const connection = createConnection(config, { endpoint: 'account', bytes: PAGE_BYTES });
  const asking = (accessToken: string): Asking => {
    const deadline = deadlineIn(config.timeout);
    return (path) =>
      ask(connection, `${config.issuer}/account_api/v1/${path}`, { accessToken, deadline });
  };
  return Object.freeze({
    live: (accessToken: string, id: Claims) => live(asking(accessToken), id),
    async portalLink(accessToken: string, query: Readonly<Record<string, string>>) {
      const { url } = await asking(accessToken)(`portal_link?${new URLSearchParams(query)}`);
      if (!isWebAddress(url)) {
        throw unavailable('malformed');
      }
      return url;
    },
  });
}

function isWebAddress(url: unknown): url is string {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

/** Gets one document of the Account API for one user. All that one answer needs have to arrive by the same deadline. */
type Asking = (path: string) => Promise<Record<string, unknown>>;

async function live(asking: Asking, id: Claims): Promise<Live> {
  const [permissions, roles, flags, entitlements] = await Promise.all([
    everyPage(asking, 'permissions'),
    everyPage(asking, 'roles'),
    everyPage(asking, 'feature_flags'),
    everyPage(asking, 'entitlements'),
  ]);
  const { orgCode } = permissions;
  const claims = {
    ...(orgCode && { org_code: orgCode }),
    permissions: permissions.items.map(({ key }) => key),
    roles: roles.items,
    feature_flags: toFlags(flags.items),
  };
  const owned = entitlements.items.map(toEntitlement);
  return Object.freeze({
    ...createAccess(claims, id),
    getEntitlement: (key: string) => owned.find((one) => one.key === key) ?? null,
    getEntitlements: () => ({ orgCode: orgCode ?? null, entitlements: owned }),
  });
}

/** Flags as the claim of a token has them. Without a prototype, since keys are somebody's text. */
function toFlags(items: readonly Item[]): Readonly<Record<string, unknown>> {
  const flags = items.map(({ key, type, value }) => [
    key,
    { t: FLAG_LETTERS[String(type)], v: value },
  ]);
  return Object.assign(Object.create(null), Object.fromEntries(flags));
}

type Item = Readonly<Record<string, unknown>> & { readonly key: string };

/** A whole list, page after page, as long as the cursor moves on. */
async function everyPage(
  asking: Asking,
  kind: string,
): Promise<{ orgCode: string | undefined; items: Item[] }> {
  const items: Item[] = [];
  let orgCode: string | undefined;
  let after = '';
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = new URLSearchParams({
      page_size: '100',
      ...(after && { starting_after: after }),
    });
    const { data, metadata } = await asking(`${kind}?${query}`);
    const { org_code: code, [kind]: found } = (data ?? {}) as Record<string, unknown>;
    if (!Array.isArray(found)) {
      throw unavailable('malformed');
    }
    if (typeof code === 'string' && code) {
      orgCode = code;
    }
    items.push(...found.flatMap((item: unknown) => toItem(item)));
    const { has_more: more, next_page_starting_after: next } = (metadata ?? {}) as Record<
      string,
      unknown
    >;
    if (more !== true) {
      return { orgCode, items };
    }
    if (typeof next !== 'string' || next === '' || next === after) {
      throw unavailable('paging');
    }
    after = next;
  }
  throw unavailable('too_large');
}

async function ask(
  connection: Connection,
  url: string,
  { accessToken, deadline }: { accessToken: string; deadline: Moment },
): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' };
  const response = await connection
    .send(url, { headers }, { deadline })
    .catch((cause: KindeError) => {
      throw unavailable(cause.reason ?? cause.code, cause);
    });
  if (response.status !== 200) {
    throw unavailable(`http_${response.status}`);
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw unavailable('not_json');
  }
  return body as Record<string, unknown>;
}

/** Entitlements name their key `feature_key`, everything else `key`. What has none is passed over. */
function toItem(item: unknown): Item[] {
  const found = (item ?? {}) as Record<string, unknown>;
  const key = found['key'] ?? found['feature_key'];
  if (typeof key === 'string' && key !== '') {
    return [{ ...found, key }];
  }
  return [];
}

function toEntitlement({
  key,
  feature_name: name,
  entitlement_limit_max: max,
  entitlement_limit_min: min,
}: Item): Entitlement {
  const limit = (value: unknown) => {
    if (Number.isSafeInteger(value)) {
      return value as number;
    }
    return null;
  };
  return Object.freeze({
    key,
    name: typeof name === 'string' ? name : key,
    max: limit(max),
    min: limit(min),
  });
}

function unavailable(reason: string, cause?: unknown): KindeError {
  const details = {
    reason,
    headers: { 'retry-after': '5' },
    ...(cause !== undefined && { cause }),
  };
  return new KindeError(
    'account_unavailable',
    'Kinde’s Account API did not respond, so live permissions are unavailable.',
    details,
  );
}
