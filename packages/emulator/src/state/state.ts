import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import { originOf, siteOf, type EmulatorOptions } from '../options.js';
import { checkSeed } from '../seed/check-seed.js';
import { defaultSeed } from '../seed/default-seed.js';
import type { Seed, SeedApplication } from '../seed/seed.js';
import { createSigningKey, type SigningKey } from '../signing-key.js';
import { digest, idOf } from './ids.js';
import type { Invitation, Organization, Person } from './people.js';
import {
  emptyResources,
  type Property,
  type PropertyContext,
  type Resources,
  type TenantEvent,
} from './resources.js';

export type { Identity, Invitation, Membership, Organization, Person } from './people.js';
export type { Api, Application, Flag, Permission, Role, TenantEvent } from './resources.js';

/** One sign-in, from which tokens are made. Refresh tokens that replace each other share it. */
export interface Grant {
  /** Id, a UUID. */
  readonly id: string;
  /** Id of the user. */
  readonly personId: string;
  /** Client id of the application. */
  readonly clientId: string;
  /** Granted scopes. */
  readonly scope: readonly string[];
  /** Audiences of its access tokens. */
  readonly audience: readonly string[];
  /** Code of the organization, if any. */
  readonly orgCode: string | undefined;
  /** `nonce` of the authorization request, for the first ID token. */
  readonly nonce: string | undefined;
  /** Unix seconds of the sign-in at Kinde, which may be long before this request. */
  readonly authTime: number;
  /** Unix seconds of the authorization request. */
  readonly requestedAt: number;
  /** Whether it was revoked: neither its refresh tokens nor its access tokens work any more. */
  ended: boolean;
  /** `User-Agent` of the browser. */
  readonly userAgent: string;
  /** Unix seconds of the last token. */
  usedAt?: number;
  /** Unix seconds at which its last token expires. */
  expiresAt?: number;
  /** Access token that a refresh returns again. */
  accessToken?: IssuedAccessToken;
}

/** An access token as it was issued. */
export interface IssuedAccessToken {
  /** The token, a JWT. */
  token: string;
  /** Id of the key that signed it. */
  kid: string;
  /** Issuer at that time. */
  issuer: string;
  /** Unix seconds. */
  expiresAt: number;
  /** Its claims as JSON, apart from `iat`, `exp` and `jti`: a refresh compares them with what is true now. */
  says: string;
}

/** Who signed in at Kinde, and when. */
export interface SignedIn {
  /** Id of the user. */
  readonly personId: string;
  /** Unix seconds. */
  readonly authTime: number;
}

/** A rate limit of the Management API, and what it counted. */
export interface ManagementLimit {
  /** Requests allowed in the period. */
  requests: number;
  /** Length of the period in seconds. */
  seconds: number;
  /** Unix seconds at which the current period began. */
  since: number;
  /** Requests counted in the current period. */
  taken: number;
}

/** An authorization code. */
export interface Code {
  /** Sign-in that it stands for. */
  readonly grant: Grant;
  /** Redirect URI that the token request has to repeat. */
  readonly redirectUri: string;
  /** PKCE challenge, if any. */
  readonly challenge: string | undefined;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Whether it was redeemed: a second use ends the grant. */
  used: boolean;
}

/** A refresh token, usable until it is replaced and for the overlap after that. */
export interface RefreshToken {
  /** Sign-in that it continues. */
  readonly grant: Grant;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Unix seconds of its first use. */
  replacedAt?: number;
}

/** An authorization request that waits for a form. */
export interface Pending {
  /** Parameters of the authorization request. */
  readonly query: URLSearchParams;
  /** Unix seconds. */
  readonly requestedAt: number;
  /** `User-Agent` of the browser. */
  readonly userAgent: string;
  /** User who signed in, and when, once that is known. */
  signedIn?: SignedIn;
}

/** State of the local Kinde. Changes take effect at once: the next token contains them. */
export interface State extends Resources {
  /** Issuer of tokens: change it with the option `issuer`, or by listening. */
  issuer: string;
  /** Organizations by code. */
  organizations: Record<string, Organization>;
  /** Users. */
  people: Person[];
  /** Invitations to organizations. */
  invitations: Invitation[];
  /** How the Management API responds: as it is described, or as the live service was observed to. */
  managementMode: 'strict' | 'observed';
  /** Rate limit of the Management API, and what it counted. @default none */
  managementLimit?: ManagementLimit;
  /** Every scope of the Management API. */
  readonly managementScopes: readonly string[];
  /** Seconds in which a replaced refresh token still works. @default 0 */
  overlap: number;
  /** Whether a refresh returns the same access token while that lives, as Kinde does. @default true */
  refreshReturnsSame: boolean;
  /** How often a replaced refresh token was used again, within the overlap or after it. */
  reuse: number;
  /** Clock that everything expires by. */
  readonly clock: Clock;
  /** Unix seconds at which the emulator started. */
  readonly createdAt: number;
  /** Signing key of tokens. */
  key: SigningKey;
  /** Authorization codes. */
  readonly codes: Map<string, Code>;
  /** Refresh tokens, replaced ones included. */
  readonly refreshTokens: Map<string, RefreshToken>;
  /** Grants of access tokens, by `jti`. */
  readonly issued: Map<string, Grant>;
  /** Access tokens that were revoked one by one. */
  readonly revoked: Set<string>;
  /** Kinde's own sessions, by the value of its cookie. */
  readonly sessions: Map<string, SignedIn>;
  /** One-time keys of the self-serve portal, with the id of the user they open it for. */
  readonly portalKeys: Map<string, string>;
  /** Authorization requests that wait for a form, by the reference in the form. */
  readonly pending: Map<string, Pending>;
  /** Events by id: the last thousand. */
  readonly events: Map<string, TenantEvent>;
  /** Functions called with every event as it happens. */
  readonly listeners: Set<(event: TenantEvent) => void>;
}

const operations = Object.values(contract).flatMap((resource) =>
  Object.values<Operation>(resource as never),
);

/** Creates the state from a seed, with new credentials where the seed has no applications. */
export async function createState(options: EmulatorOptions, clock: Clock): Promise<State> {
  const seed = checkSeed(structuredClone(options.seed ?? defaultSeed));
  return {
    ...emptyResources(),
    createdAt: clock.now(),
    issuer: originOf('issuer', options.issuer),
    permissions: mapEntries(seed.permissions, (key, description) => ({
      id: idOf(`permission ${key}`),
      name: description,
      description,
    })),
    roles: mapEntries(seed.roles, (key, role) => ({ id: idOf(`role ${key}`), ...role })),
    flags: seed.flags,
    properties: {
      ...usedProperties('usr', seed.people),
      ...usedProperties('org', Object.values(seed.organizations)),
    },
    organizations: seed.organizations,
    people: seed.people.map((person) => ({
      ...person,
      id: person.id ?? `kp_${digest(person.email.toLowerCase(), 32)}`,
    })),
    invitations: [],
    applications: seed.applications ?? defaultApplications(seed, siteOf(options.siteUrl)),
    apis: (seed.apis ?? []).map(({ audience, name, scopes }) => ({
      id: digest(`api ${audience}`, 32),
      audience,
      name,
      scopes: scopes.map((key) => ({
        id: `api_scope_${digest(`${audience} ${key}`, 32)}`,
        key,
        description: key,
      })),
    })),
    managementMode: options.management?.mode ?? 'strict',
    managementScopes: [...new Set(operations.flatMap(({ scope }) => scope ?? []))],
    overlap: options.overlap ?? 0,
    refreshReturnsSame: true,
    reuse: 0,
    clock,
    key: await createSigningKey(),
    codes: new Map(),
    refreshTokens: new Map(),
    issued: new Map(),
    revoked: new Set(),
    sessions: new Map(),
    portalKeys: new Map(),
    pending: new Map(),
    events: new Map(),
    listeners: new Set(),
  };
}

/** A property of every key that has a value in the seed. */
function usedProperties(
  context: PropertyContext,
  owners: readonly { properties?: Record<string, string> }[],
): Record<string, Property> {
  const keys = owners.flatMap(({ properties = {} }) => Object.keys(properties));
  const property = (key: string): Property => ({
    id: `prop_${digest(`property ${key}`, 32)}`,
    name: key,
    description: '',
    type: 'single_line_text',
    context,
    isPrivate: false,
    categoryId: '',
  });
  return Object.fromEntries(keys.map((key) => [key, property(key)]));
}

function mapEntries<From, To>(
  record: Readonly<Record<string, From>>,
  to: (key: string, value: From) => To,
) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(key, value)]));
}

function defaultApplications(seed: Seed, site: string): SeedApplication[] {
  const audiences = (seed.apis ?? []).map(({ audience }) => audience);
  const credentials = () => ({
    clientId: randomBytes(16).toString('hex'),
    clientSecret: randomBytes(24).toString('hex'),
  });
  return [
    {
      name: 'Local app',
      ...credentials(),
      type: 'reg',
      redirectUris: [`${site}/callback`],
      logoutUris: [site],
      audiences,
      tokens: { claims: ['roles', 'email', 'org_name', 'organizations'] },
    },
    {
      name: 'Local machine',
      ...credentials(),
      type: 'm2m',
      redirectUris: [],
      logoutUris: [],
      audiences,
      management: true,
    },
  ];
}
