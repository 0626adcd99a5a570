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

/** One sign-in: what its tokens are made from. Refresh tokens that follow each other share it. */
export interface Grant {
  readonly id: string;
  readonly personId: string;
  readonly clientId: string;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly orgCode: string | undefined;
  readonly nonce: string | undefined;
  /** When the person signed in at Kinde, which may be long before this request. */
  readonly authTime: number;
  readonly requestedAt: number;
  /** Over: neither its refresh tokens nor its access tokens work any more. */
  ended: boolean;
  /** What the person's browser called itself. */
  readonly userAgent: string;
  /** When it was used last, and until when it can be. */
  usedAt?: number;
  expiresAt?: number;
  accessToken?: {
    token: string;
    kid: string;
    issuer: string;
    expiresAt: number;
    says: string;
  };
}

/** A code on its way from the browser to the token endpoint. */
export interface Code {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: string | undefined;
  readonly expiresAt: number;
  used: boolean;
}

/** A refresh token: usable until it is replaced, and for the overlap after that. */
export interface RefreshToken {
  readonly grant: Grant;
  readonly issuedAt: number;
  readonly expiresAt: number;
  replacedAt?: number;
}

/** An authorization request whose person is looking at a page. */
export interface Pending {
  readonly query: URLSearchParams;
  readonly requestedAt: number;
  readonly userAgent: string;
  /** Who signed in, and when, once that is known. */
  signedIn?: { readonly personId: string; readonly authTime: number };
}

/** Everything that the local Kinde remembers. Change it at run time; the next token shows it. */
export interface State extends Resources {
  issuer: string;
  organizations: Record<string, Organization>;
  people: Person[];
  invitations: Invitation[];
  /** How the Management API answers: as it is described, or as the live service was seen to. */
  managementMode: 'strict' | 'observed';
  /** How many requests it takes in how many seconds, and what came since when. */
  managementLimit?: {
    requests: number;
    seconds: number;
    since: number;
    taken: number;
  };
  /** Every scope of the Management API. */
  readonly managementScopes: readonly string[];
  /** Seconds in which a replaced refresh token still works. */
  overlap: number;
  /** A refresh answers with the same access token while that still lives, as Kinde does. */
  refreshReturnsSame: boolean;
  /** How often a replaced refresh token was used again, inside the overlap or after it. */
  reuse: number;
  readonly clock: Clock;
  /** Unix seconds. */
  readonly createdAt: number;
  key: SigningKey;
  readonly codes: Map<string, Code>;
  readonly refreshTokens: Map<string, RefreshToken>;
  /** Whose access token it is, by `jti`. */
  readonly issued: Map<string, Grant>;
  /** Access tokens that were revoked one by one. */
  readonly revoked: Set<string>;
  /** Kinde's own sessions, by the value of its cookie. */
  readonly sessions: Map<string, { personId: string; authTime: number }>;
  /** One-time keys of the self-serve portal, with the person they open it for. */
  readonly portalKeys: Map<string, string>;
  /** By the reference in the forms of its pages. */
  readonly pending: Map<string, Pending>;
  /** What happened, by id: the last thousand. */
  readonly events: Map<string, TenantEvent>;
  /** Told of every event as it happens. */
  readonly listeners: Set<(event: TenantEvent) => void>;
}

const operations = Object.values(contract).flatMap((resource) =>
  Object.values<Operation>(resource as never),
);

/** State from a seed, with applications whose credentials are new every time. */
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
