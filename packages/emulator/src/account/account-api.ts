// The Account API and the self-serve portal, for signed-in users.
import type { JWTPayload } from 'jose';
import { bearerToken, verifyToken } from '../oauth/access-token.js';
import { flagsOf, permissionsOf, rolesOf } from '../oauth/claims.js';
import { digest, remember } from '../state/ids.js';
import { findPerson } from '../state/sign-ins.js';
import type { Person, State } from '../state/state.js';

/** User of the access token, and the organization that it was issued for. */
interface Caller {
  readonly person: Person;
  readonly orgCode: string | undefined;
}

const FLAG_TYPES: Readonly<Record<string, string>> = {
  s: 'string',
  b: 'boolean',
  i: 'integer',
  j: 'json',
};

/** GET /account_api/v1/*: what Kinde knows now about the person whose access token this is. */
export async function accountApi(request: Request, state: State): Promise<Response> {
  const caller = callerOf(state, await verifyToken(bearerToken(request), state));
  if (!caller) {
    return refused(403, 'INVALID_CREDENTIALS', 'Invalid credentials used to access API');
  }
  const { pathname, searchParams } = new URL(request.url);
  const [, kind = '', key = searchParams.get('key') ?? ''] =
    /^\/account_api\/v1\/(\w+)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (kind === 'portal_link') {
    return portalLink(state, caller);
  }
  if (kind === 'entitlement') {
    return entitlement(state, caller, key);
  }
  const list = Object.hasOwn(LISTS, kind) ? LISTS[kind] : undefined;
  if (list) {
    return page(kind, list(state, caller), { query: searchParams, orgCode: caller.orgCode });
  }
  return refused(404, 'NOT_EMULATED', 'There is no such list.');
}

/** Finds the user of an access token. An ID token has no `scp`, so it is refused. */
function callerOf(state: State, claims: JWTPayload = {}): Caller | undefined {
  const person = findPerson(state, claims.sub ?? '');
  if (!person || !Array.isArray(claims['scp'])) {
    return undefined;
  }
  const orgCode = claims['org_code'] ?? claims['x-hasura-org-code'];
  return { person, orgCode: typeof orgCode === 'string' ? orgCode : undefined };
}

type Item = Readonly<Record<string, unknown>> & { readonly id: string };

const LISTS: Readonly<Record<string, (state: State, caller: Caller) => Item[]>> = {
  permissions: (state, { person, orgCode }) =>
    permissionsOf(state, person, orgCode).map((key) => ({
      id: `perm_${digest(key)}`,
      name: state.permissions[key]?.name ?? key,
      key,
    })),
  roles: (state, { person, orgCode }) => rolesOf(state, person, orgCode),
  feature_flags: (state, { person, orgCode }) =>
    Object.entries(flagsOf(state, person, orgCode)).map(([key, { t, v }]) => ({
      id: `flag_${digest(key)}`,
      name: key,
      key,
      type: FLAG_TYPES[t],
      value: v,
    })),
  properties: propertiesOf,
  entitlements,
};

/** Properties that have a value, without those that only the Management API may read. */
function propertiesOf({ properties }: State, { person }: Caller): Item[] {
  const items: Item[] = [];
  for (const [key, value] of Object.entries(person.properties ?? {})) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (property && !property.isPrivate) {
      const { id, name } = property;
      items.push({
        id,
        name,
        key,
        value,
      });
    }
  }
  return items;
}

function entitlements({ organizations }: State, { orgCode }: Caller): Item[] {
  const organization = orgCode === undefined ? undefined : organizations[orgCode];
  return Object.entries(organization?.entitlements ?? {}).map(([key, { name, max = null }]) => ({
    id: `entitlement_${digest(key)}`,
    fixed_charge: null,
    price_name: name,
    unit_amount: null,
    feature_key: key,
    feature_name: name,
    entitlement_limit_max: max,
    entitlement_limit_min: null,
  }));
}

function entitlement(state: State, caller: Caller, key: string): Response {
  const found = entitlements(state, caller).find(({ feature_key: own }) => own === key);
  if (!found) {
    return refused(404, 'NOT_FOUND', 'The organization has no such entitlement.');
  }
  const data = {
    org_code: caller.orgCode,
    entitlement: found,
  };
  return Response.json({ data, metadata: {} });
}

/** Items of a page unless `page_size` asks for another number, and at most. */
const PAGE_SIZE = 10;
const LARGEST_PAGE = 500;

/** One page of a list; the next one starts after the last id of this one. */
function page(
  kind: string,
  items: Item[],
  { query, orgCode }: { query: URLSearchParams; orgCode: string | undefined },
): Response {
  const asked = Number(query.get('page_size')) || PAGE_SIZE;
  const size = Math.min(Math.max(asked, 1), LARGEST_PAGE);
  const start = items.findIndex(({ id }) => id === query.get('starting_after')) + 1;
  const shown = items.slice(start, start + size);
  const hasMore = start + size < items.length;
  const next = hasMore ? shown.at(-1)?.id : undefined;
  const data = {
    ...(orgCode && { org_code: orgCode }),
    ...(kind === 'entitlements' && { plans: [] }),
    [kind]: shown,
  };
  const metadata = { has_more: hasMore, next_page_starting_after: next ?? '' };
  return Response.json({ data, metadata });
}

function portalLink(state: State, { person }: Caller): Response {
  const key = state.random.secret();
  remember(state.portalKeys, key, person.id);
  return Response.json({ url: `${state.issuer}/portal_redirect?key=${key}` });
}

function refused(status: number, code: string, message: string): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}
