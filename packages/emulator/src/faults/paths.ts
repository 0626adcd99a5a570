import { nearest } from '@kindling/internal';
import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';

/** Addresses that imitate Kinde, apart from the Management API. */
const PROTOCOL: readonly string[] = [
  '/.well-known/openid-configuration',
  '/.well-known/jwks',
  '/.well-known/jwks.json',
  '/oauth2/auth',
  '/oauth2/token',
  '/oauth2/revoke',
  '/oauth2/introspect',
  '/oauth2/v2/user_profile',
  '/oauth2/user_profile',
  '/portal_redirect',
  '/logout',
];

/** Forms that belong to the local Kinde's pages. */
const FORMS: readonly string[] = [
  '/emulator/sign-in',
  '/emulator/register',
  '/emulator/organization',
];

const ACCOUNT = [
  'entitlement',
  'entitlements',
  'feature_flags',
  'permissions',
  'portal_link',
  'properties',
  'roles',
].flatMap((list) => [`/account_api/v1/${list}`, `/account_api/v1/${list}/{key}`]);

/** Everything that imitates Kinde, as beginnings of paths: not the local Kinde's own pages and not the control API. */
export const KINDE_PATHS: readonly string[] = [...PROTOCOL, ...FORMS, '/account_api/*', '/api/*'];

const MANAGEMENT = [
  ...new Set(
    Object.values(contract).flatMap((resource) =>
      Object.values<Operation>(resource as never).map(({ route }) => route.split(' ')[1] ?? ''),
    ),
  ),
];

const KNOWN = [...PROTOCOL, ...FORMS, ...ACCOUNT, ...MANAGEMENT];

/**
 * Refuses a path that no request can hit, because nothing answers there; with `*` at the end, the beginning of one.
 * @throws RangeError with the nearest path
 */
export function checkPath(path: string): void {
  if (KNOWN.some(path.endsWith('*') ? beginsWith(path.slice(0, -1)) : isLike(path))) {
    return;
  }
  const guess = nearest(path, KNOWN);
  const hint = guess === undefined ? '' : ` Did you mean ${guess}?`;
  const given = JSON.stringify(path.slice(0, 200));
  throw new RangeError(
    `Nothing answers at ${given}, so no request can run into a fault there.${hint}`,
  );
}

/** Such as `/api/v1/roles/{role_id}` for the path of a role. */
function isLike(path: string): (template: string) => boolean {
  return (template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path);
}

function beginsWith(begin: string): (template: string) => boolean {
  return (template) => {
    const [fixed = ''] = template.split('{');
    return fixed.startsWith(begin) || (fixed !== template && begin.startsWith(fixed));
  };
}
