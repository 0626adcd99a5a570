import type { JWTPayload } from 'jose';
import { flagsOf, permissionsOf, rolesOf } from '../oauth/claims.js';
import { digest, remember, secret } from '../state/ids.js';
import type { Person, State } from '../state/state.js';

/** Who asks, and for which organization their token was issued. */
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
export function accountApi(
  request: Request,
  state: State,
  claims: JWTPayload | undefined,
): Response {
  const person =
    claims && Array.isArray(claims['scp']) && state.people.find(({ id }) => id === claims.sub);
  if (!person) {
    return refused(403, 'INVALID_CREDENTIALS', 'Invalid credentials used to access API');
  }
  const orgCode = claims['org_code'] ?? claims['x-hasura-org-code'];
  const caller = { person, orgCode: typeof orgCode === 'string' ? orgCode : undefined };
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
  // Only what is there, and not what only the Management API may know.
  properties: ({ properties }, { person }) =>
    Object.entries(person.properties ?? {}).flatMap(([key, value]) => {
      const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
      if (property && !property.isPrivate) {
        return [
          {
            id: property.id,
            name: property.name,
            key,
            value,
          },
        ];
      }
      return [];
    }),
  entitlements,
};

function entitlements({ organizations }: State, { orgCode }: Caller): Item[] {
  const own = (orgCode === undefined ? undefined : organizations[orgCode])?.entitlements ?? {};
  return Object.entries(own).map(([key, { name, max = null }]) => ({
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
  return Response.json({ data: { org_code: caller.orgCode, entitlement: found }, metadata: {} });
}

/** Ten at a time unless asked for more; the next page starts after the last id of this one. */
function page(
  kind: string,
  items: Item[],
  { query, orgCode }: { query: URLSearchParams; orgCode: string | undefined },
): Response {
  const size = Math.min(Math.max(Number(query.get('page_size')) || 10, 1), 500);
  const start = items.findIndex(({ id }) => id === query.get('starting_after')) + 1;
  const shown = items.slice(start, start + size);
  const more = start + size < items.length;
  const metadata = { has_more: more, next_page_starting_after: more ? shown.at(-1)!.id : '' };
  const plans = kind === 'entitlements' ? { plans: [] } : {};
  return Response.json({
    data: {
      ...(orgCode && { org_code: orgCode }),
      ...plans,
      [kind]: shown,
    },
    metadata,
  });
}

function portalLink(state: State, { person }: Caller): Response {
  const key = secret();
  remember(state.portalKeys, key, person.id);
  return Response.json({ url: `${state.issuer}/portal_redirect?key=${key}` });
}

function refused(status: number, code: string, message: string): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}
