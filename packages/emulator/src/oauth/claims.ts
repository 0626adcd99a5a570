import { createHash } from 'node:crypto';
import type { FlagValue, SeedApplication, TokenSettings } from '../seed/seed.js';
import { identitiesOf, isPrimary } from '../state/identities.js';
import { findPerson } from '../state/sign-ins.js';
import type { Application, Grant, Person, State } from '../state/state.js';

/** Seconds, as Kinde has them unless an application says otherwise. */
export const LIFETIMES = {
  accessTokenLifetime: 86_400,
  idTokenLifetime: 3_600,
  refreshTokenLifetime: 1_296_000,
} as const;

/** Claims of a person's access token. */
export function accessClaims(
  state: State,
  grant: Grant,
  application: SeedApplication,
): Record<string, unknown> {
  const person = holderOf(state, grant);
  const settings = application.tokens ?? {};
  const { orgCode } = grant;
  const wants = (claim: string) =>
    (settings.claims as string[] | undefined)?.includes(claim) === true;
  const claims = {
    ...timeClaims(state, settings.accessTokenLifetime ?? LIFETIMES.accessTokenLifetime),
    sub: person.id,
    aud: [...grant.audience],
    azp: grant.clientId,
    scp: [...grant.scope],
    ...(orgCode && { org_code: orgCode }),
    ...(orgCode && wants('org_name') && { org_name: state.organizations[orgCode]?.name }),
    permissions: permissionsOf(state, person, orgCode),
    feature_flags: flagsOf(state, person, orgCode),
    ...(wants('roles') && { roles: rolesOf(state, person, orgCode) }),
    ...(wants('email') && person.email && { email: person.email }),
    ...(settings.persistent !== undefined && { ksp: { persistent: settings.persistent } }),
  };
  return applyHasuraMapping(claims, settings);
}

/** Claims of a person's ID token. `nonce` only in the first one of a sign-in. */
export function idClaims(
  state: State,
  grant: Grant,
  application: SeedApplication,
  token: { accessToken: string; first: boolean },
): Record<string, unknown> {
  const person = holderOf(state, grant);
  const settings = application.tokens ?? {};
  const scopes = new Set(grant.scope);
  const codes = Object.keys(person.organizations);
  const claims = {
    ...timeClaims(state, settings.idTokenLifetime ?? LIFETIMES.idTokenLifetime),
    sub: person.id,
    aud: [grant.clientId],
    azp: grant.clientId,
    at_hash: hashOf(token.accessToken),
    auth_time: grant.authTime,
    rat: grant.requestedAt,
    ...(token.first && grant.nonce && { nonce: grant.nonce }),
    ...(scopes.has('profile') && profileClaims(state, person)),
    ...(scopes.has('email') && emailOf(state, person)),
    ...(scopes.has('phone') && phoneOf(state, person)),
    ...(person.providedId && { provided_id: person.providedId }),
    org_codes: codes,
    ...(settings.claims?.includes('organizations') && {
      organizations: codes.map((id) => ({ id, name: state.organizations[id]?.name })),
    }),
  };
  return applyHasuraMapping(claims, settings);
}

/** `at_hash`: the left half of the access token's SHA-256 (OpenID Connect Core 3.1.3.6). */
function hashOf(accessToken: string): string {
  const hash = createHash('sha256').update(accessToken).digest();
  return hash.subarray(0, 16).toString('base64url');
}

function profileClaims(state: State, person: Person): Record<string, unknown> {
  const { givenName, familyName, picture, username } = person;
  const name = [givenName, familyName].filter(Boolean).join(' ');
  return {
    name: name || undefined,
    given_name: givenName,
    family_name: familyName,
    picture,
    preferred_username: username,
    updated_at: updatedAt(state, person),
  };
}

/** Claims of an application's own token (client credentials): no `sub`, no person. */
export function machineClaims(
  state: State,
  application: Application,
  asked: { audience: readonly string[]; scope: readonly string[] },
): Record<string, unknown> {
  return {
    ...timeClaims(state, application.tokens?.accessTokenLifetime ?? LIFETIMES.accessTokenLifetime),
    aud: [...asked.audience],
    azp: application.clientId,
    gty: ['client_credentials'],
    scope: asked.scope.join(' '),
    ...(application.orgCode && { org_code: application.orgCode }),
    scp: [...asked.scope],
    v: '2',
  };
}

/** The profile endpoint's answer: what the granted scopes let an app see, with `null` for what the user does not have. */
export function profileOf(
  state: State,
  person: Person,
  scope: readonly string[],
): Record<string, unknown> {
  const { id, providedId: provided_id = null } = person;
  return {
    sub: id,
    id,
    provided_id,
    ...(scope.includes('profile') && wholeProfile(state, person)),
    ...(scope.includes('email') && {
      email: null,
      email_verified: false,
      ...emailOf(state, person),
    }),
    ...(scope.includes('phone') && phoneOf(state, person)),
  };
}

function wholeProfile(state: State, person: Person): Record<string, unknown> {
  const {
    givenName: given_name = null,
    familyName: family_name = null,
    picture = null,
    username: preferred_username = null,
  } = person;
  const name = [given_name, family_name].filter(Boolean).join(' ');
  return {
    name,
    given_name,
    family_name,
    updated_at: updatedAt(state, person),
    picture,
    preferred_username,
  };
}

function updatedAt({ createdAt }: State, person: Person): number {
  return person.updatedAt ?? person.createdAt ?? createdAt;
}

/** Nothing for people who sign in by a name or a phone number. */
function emailOf(
  state: State,
  person: Person,
): { email: string; email_verified: boolean } | undefined {
  const { email } = person;
  return email === undefined
    ? undefined
    : {
        email,
        email_verified: isConfirmed(state, person, 'email'),
      };
}

function phoneOf(
  state: State,
  person: Person,
): { phone_number: string; phone_number_verified: boolean } | undefined {
  const { phone } = person;
  return phone === undefined
    ? undefined
    : {
        phone_number: phone,
        phone_number_verified: isConfirmed(state, person, 'phone'),
      };
}

/** Whether the user proved that this address or number is theirs. */
function isConfirmed(state: State, person: Person, type: 'email' | 'phone'): boolean {
  const identity = identitiesOf(state, person).find(
    (one) => one.type === type && isPrimary(person, one),
  );
  return identity?.isConfirmed ?? false;
}

/** The person a grant was given by; somebody who was deleted has no tokens. */
function holderOf(state: State, grant: Grant): Person {
  const person = findPerson(state, grant.personId);
  if (!person) {
    throw new Error('This user was deleted.');
  }
  return person;
}

/** Keys a person holds in an organization, by their roles and directly. */
export function permissionsOf(state: State, person: Person, orgCode: string | undefined): string[] {
  const membership = orgCode === undefined ? undefined : person.organizations[orgCode];
  const byRole = (membership?.roles ?? []).flatMap((key) => state.roles[key]?.permissions ?? []);
  return [...new Set([...byRole, ...(membership?.permissions ?? [])])];
}

/** Roles a person has in an organization, as tokens and the Account API name them. */
export function rolesOf(
  state: State,
  person: Person,
  orgCode: string | undefined,
): {
  id: string;
  key: string;
  name: string;
}[] {
  const keys = (orgCode === undefined ? undefined : person.organizations[orgCode])?.roles ?? [];
  return keys.flatMap((key) => {
    const role = state.roles[key];
    return role
      ? [
          {
            id: role.id,
            key,
            name: role.name,
          },
        ]
      : [];
  });
}

/** A flag's default, unless the environment has another value, unless the organization has, unless the person has. */
export function flagsOf(
  state: State,
  person: Person,
  orgCode: string | undefined,
): Record<string, { t: string; v: FlagValue }> {
  const own = orgCode === undefined ? undefined : state.organizations[orgCode]?.flags;
  const flags = Object.entries(state.flags).map(
    ([code, { type, value }]) =>
      [
        code,
        {
          t: type,
          v: person.flags?.[code] ?? own?.[code] ?? state.environmentFlags[code] ?? value,
        },
      ] as const,
  );
  return Object.fromEntries(flags);
}

function timeClaims({ clock, issuer, random }: State, lifetime: number): Record<string, unknown> {
  const iat = clock.now();
  return {
    iss: issuer,
    iat,
    exp: iat + lifetime,
    jti: random.uuid(),
  };
}

/** With Hasura mapping on, these claims are found under other names only. */
function applyHasuraMapping(
  claims: Record<string, unknown>,
  { hasuraMapping }: TokenSettings,
): Record<string, unknown> {
  const present = Object.entries(claims).filter(([, value]) => value !== undefined);
  const names = [
    'permissions',
    'org_code',
    'org_codes',
    'org_name',
    'roles',
    'feature_flags',
    'organizations',
  ];
  const rename = (name: string) => {
    if (hasuraMapping && names.includes(name)) {
      return `x-hasura-${name.replaceAll('_', '-')}`;
    }
    return name;
  };
  return Object.fromEntries(present.map(([name, value]) => [rename(name), value]));
}
