import type { SeedApplication } from '../seed/seed.js';
import type { State } from '../state/state.js';
import { findClient } from './client-auth.js';

/** Scopes that an application may have of an API; nothing where it is not authorized for that API. */
export function scopesFor(
  { apis, issuer, managementScopes }: State,
  { audiences = [], scopes = {}, management }: SeedApplication,
  audience: string,
): readonly string[] | undefined {
  if (audience === `${issuer}/api`) {
    return management === true ? managementScopes : management;
  }
  if (!audiences.includes(audience)) {
    return undefined;
  }
  const api = apis.find((one) => one.audience === audience);
  return scopes[audience] ?? api?.scopes.map(({ key }) => key) ?? [];
}

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline', 'phone', 'address'];

/** Scopes that an authorization request is granted. Unknown ones are left out silently, as Kinde does with `offline_access`. */
export function grantedScopes(query: URLSearchParams, state: State): string[] {
  const application = findClient(state, query.get('client_id'));
  const ofApis = audiences(query).flatMap(
    (audience) => (application && scopesFor(state, application, audience)) ?? [],
  );
  const asked = new Set((query.get('scope') ?? 'openid').split(' '));
  return [...asked].filter((name) => OIDC_SCOPES.includes(name) || ofApis.includes(name));
}

/** The APIs that a token is asked for, each once. */
export function audiences(query: URLSearchParams): string[] {
  const all = query.getAll('audience').flatMap((value) => value.split(' '));
  return [...new Set(all.filter(Boolean))];
}
