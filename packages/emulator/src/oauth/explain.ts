import { findPerson } from '../state/sign-ins.js';
import type { Grant, Person, State } from '../state/state.js';

/** A claim of a token, and why it is there. */
export interface ExplainedClaim {
  /** Name of the claim, such as `permissions`. */
  readonly claim: string;
  /** Its value as JSON, at most 2,000 characters. */
  readonly value: string;
  /** Why it says so, in a sentence. */
  readonly because: string;
}

const LONGEST_VALUE = 2_000;

/** What a claim is explained from. */
interface Source {
  readonly state: State;
  readonly grant: Grant | undefined;
  readonly person: Person | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

type Because = string | ((source: Source) => string);

/** Claims of a token, each with the reason for its value. Without a grant they are those of a machine. */
export function explain(
  claims: Readonly<Record<string, unknown>>,
  state: State,
  grant: Grant | undefined,
): ExplainedClaim[] {
  const person = grant && findPerson(state, grant.personId);
  return Object.entries(claims).map(([claim, value]) => {
    const text = JSON.stringify(value) ?? '';
    const shown = text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
    return {
      claim,
      value: shown,
      because: becauseOf(claim, { state, grant, person, claims, value }),
    };
  });
}

function becauseOf(claim: string, source: Source): string {
  const mapped = /^x-hasura-(.+)$/.exec(claim)?.[1]?.replaceAll('-', '_');
  const name = mapped ?? claim;
  const because = Object.hasOwn(BECAUSE, name) ? BECAUSE[name] : undefined;
  const text = typeof because === 'function' ? because(source) : because;
  const end = mapped ? ' Renamed, because the application has Hasura mapping on.' : '';
  return (text ?? 'Added by the settings of this tenant.') + end;
}

const BECAUSE: Readonly<Record<string, Because>> = {
  iss: 'Issuer: the address of this local Kinde.',
  iat: 'When the token was made, by the clock of this local Kinde.',
  exp: ({ claims: { exp, iat } }) =>
    `${Number(exp) - Number(iat)} seconds after it was made: the lifetime that the application has.`,
  jti: 'Id of this token.',
  sub: 'Id of the user.',
  aud: audienceBecause,
  azp: 'Client id of the application that asked.',
  scp: scopeBecause,
  scope: 'The same as scp, as text.',
  gty: 'The application asked for itself, with client credentials.',
  v: 'Version of machine tokens.',
  org_code: ({ grant }) =>
    grant ? 'Organization of this sign-in.' : 'Organization that the application belongs to.',
  org_name: 'Name of that organization: the application has the claim org_name on.',
  org_codes: 'Every organization that the user is a member of.',
  organizations: 'The same with names: the application has the claim organizations on.',
  permissions: permissionsBecause,
  roles: rolesBecause,
  feature_flags: flagsBecause,
  email: 'Primary e-mail address of the user.',
  email_verified: 'Whether the user signed in with that address, or it was set as verified.',
  ksp: 'How long the session is kept: set for this application.',
  at_hash: 'Left half of the SHA-256 of the access token (OpenID Connect Core 3.1.3.6).',
  auth_time: ({ grant }) =>
    grant && grant.authTime < grant.requestedAt
      ? 'When the user signed in at Kinde: before this request, in the session that was there.'
      : 'When the user signed in at Kinde.',
  rat: 'When the authorization request came.',
  nonce: 'The nonce of the authorization request: only in the first ID token.',
  name: 'First and last name of the user: the scope profile was granted.',
  given_name: 'First name of the user: the scope profile was granted.',
  family_name: 'Last name of the user: the scope profile was granted.',
  picture: 'Picture of the user: the scope profile was granted.',
  updated_at: 'When the user was last changed: the scope profile was granted.',
  preferred_username: 'User name of the user.',
  phone_number: 'Phone number of the user.',
  provided_id: 'Id that the app gave the user.',
};

function audienceBecause({ value, grant, claims }: Source): string {
  const list = Array.isArray(value) ? (value as unknown[]) : [value];
  if (grant && list.length === 1 && list[0] === claims['azp'] && 'at_hash' in claims) {
    return 'An ID token is for the application itself.';
  }
  if (list.length === 0) {
    return 'Empty: the request asked for no audience. An API cannot tell that the token is for it.';
  }
  return 'The audiences that the request asked for and the application may ask for.';
}

function scopeBecause({ grant }: Source): string {
  if (!grant) {
    return 'The scopes that were asked for, or all that the audience has for this application.';
  }
  return grant.scope.includes('offline')
    ? 'The scopes that were asked for and that Kinde knows.'
    : 'The scopes that were asked for and that Kinde knows. Without offline there is no refresh token.';
}

function permissionsBecause({ state, grant, person, value }: Source): string {
  const { orgCode } = grant ?? {};
  const membership = orgCode === undefined ? undefined : person?.organizations[orgCode];
  if (orgCode === undefined) {
    return 'Empty: permissions belong to an organization, and this sign-in went to none.';
  }
  const held = Array.isArray(value) ? (value as unknown[]).map(String) : [];
  const roles = (membership?.roles ?? []).flatMap((key) => {
    const role = state.roles[key];
    const gives = role?.permissions.filter((one) => held.includes(one)) ?? [];
    return role && gives.length > 0 ? [`${role.name} gives ${gives.join(', ')}`] : [];
  });
  const direct = (membership?.permissions ?? []).filter((one) => held.includes(one));
  const own = direct.length > 0 ? [`held directly: ${direct.join(', ')}`] : [];
  return sentence([...roles, ...own], 'No role of the user in this organization has one.');
}

function rolesBecause({ state, grant }: Source): string {
  const { orgCode } = grant ?? {};
  const name = orgCode === undefined ? undefined : (state.organizations[orgCode]?.name ?? orgCode);
  const where = name === undefined ? 'no organization' : name;
  return `Roles of the user in ${where}: the application has the claim roles on.`;
}

function flagsBecause({ state, grant, person }: Source): string {
  const own = grant?.orgCode === undefined ? undefined : state.organizations[grant.orgCode]?.flags;
  const origins = Object.keys(state.flags).map((code) => {
    if (person?.flags?.[code] !== undefined) {
      return `${code} is set for the user`;
    }
    if (own?.[code] !== undefined) {
      return `${code} is set for the organization`;
    }
    const inEnvironment = state.environmentFlags[code] !== undefined;
    return `${code} is ${inEnvironment ? 'set for the environment' : 'the default'}`;
  });
  return sentence(origins, 'This tenant has no feature flags.');
}

function sentence(parts: readonly string[], otherwise: string): string {
  return parts.length > 0 ? `${parts.join('; ')}.` : otherwise;
}
