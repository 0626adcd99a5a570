// State of the tenant, and the changes that keep it consistent.
import type { Operation } from '@kindling/management';
import * as contract from '@kindling/management/contract';
import type { KeptClock } from '../clock.js';
import {
  createCounted,
  createRandom,
  developmentIdentity,
  type Identity,
  type Random,
} from '../identity/identity.js';
import { openKey, type SigningKey } from '../identity/signing-key.js';
import { createJournal, type Journal } from '../journal/journal.js';
import { callbacksOf, originOf, siteOf, type EmulatorOptions } from '../options.js';
import { checkSeed } from '../seed/check-seed.js';
import { defaultSeed } from '../seed/default-seed.js';
import type { Seed } from '../seed/seed.js';
import { createDirectory, type Directory } from './directory.js';
import type { Code, Grant, ManagementLimit, Pending, RefreshToken, SignedIn } from './grants.js';
import type { Invitation, Organization, Person } from './people.js';
import type { QueuedDelivery, Resources, TenantEvent } from './resources.js';
import { tenantOf } from './tenant.js';

export type * from './grants.js';
export type { Identity, Invitation, Membership, Organization, Person } from './people.js';
export type { Api, Application, Flag, Permission, Role, TenantEvent } from './resources.js';

/** Everything that survives a restart, as plain data: what `capture` takes and `restore` puts back. */
export interface TenantData extends Resources {
  /** Organizations by code. */
  organizations: Record<string, Organization>;
  /** Users. */
  people: Person[];
  /** Invitations to organizations. */
  invitations: Invitation[];
  /** Rate limit of the Management API, and what it counted. @default none */
  managementLimit?: ManagementLimit | undefined;
  /** Number of uses of replaced refresh tokens, within the overlap or after it. */
  reuse: number;
  /** Unix seconds at which the tenant was made. */
  createdAt: number;
  /** Sign-ins, by id. */
  grants: Map<string, Grant>;
  /** Authorization codes. */
  codes: Map<string, Code>;
  /** Refresh tokens, replaced ones included. */
  refreshTokens: Map<string, RefreshToken>;
  /** Ids of the grants of access tokens, by `jti`. */
  issued: Map<string, string>;
  /** Access tokens that were revoked one by one. */
  revoked: Set<string>;
  /** Kinde's own sessions, by the value of its cookie. */
  sessions: Map<string, SignedIn>;
  /** One-time keys of the self-serve portal, with the id of the user they open it for. */
  portalKeys: Map<string, string>;
  /** Authorization requests that wait for a form, by the reference in the form. */
  pending: Map<string, Pending>;
  /** Events by id: the last thousand. */
  events: Map<string, TenantEvent>;
  /** Events on their way to webhooks. */
  queued: QueuedDelivery[];
}

/** State of the local Kinde. Changes take effect at once: the next token contains them. */
export interface State extends TenantData {
  /** Issuer of tokens: change it with the option `issuer`, or by listening. */
  issuer: string;
  /** Address of the app, without a slash at the end. */
  readonly siteUrl: string;
  /** Callback URLs that the first back-end application has beside those of the seed. */
  readonly callbacks: readonly string[];
  /** Seed that a reset goes back to. */
  seed: Seed;
  /** Form of the Management API's responses: as described, or as observed of the live service. */
  managementMode: 'strict' | 'observed';
  /** Every scope of the Management API. */
  readonly managementScopes: readonly string[];
  /** Seconds in which a replaced refresh token still works. @default 10, or 0 with `strict` */
  overlap: number;
  /** Whether a refresh returns the same access token while that lives, as Kinde does. @default true */
  refreshReturnsSame: boolean;
  /** Clock that everything expires by. */
  readonly clock: KeptClock;
  /** What happened. */
  readonly journal: Journal;
  /** What ids, secrets and keys come from. */
  readonly identity: Identity;
  /** Ids, codes and tokens that are made while it runs. */
  readonly random: Random;
  /** Finds users without walking all of them. */
  readonly directory: Directory;
  /** Signing key of tokens. */
  key: SigningKey;
  /** Asked by the authorization endpoint how to answer a request without a page; `undefined` for a page. */
  nextSignIn?: ((request: Request, query: URLSearchParams) => NextAnswer | undefined) | undefined;
  /** Functions called with every event as it happens. */
  readonly listeners: Set<(event: TenantEvent) => void>;
}

/** How an authorization request is answered without a page. */
export interface NextAnswer {
  /** Id of the user who signs in; absent for a refusal. */
  readonly personId?: string | undefined;
  /** Code of the organization. @default what the request asks for, or else the user's first one */
  readonly orgCode?: string | undefined;
  /** Whether the sign-in is refused. @default false */
  readonly deny?: boolean | undefined;
}

const operations = Object.values(contract).flatMap((resource) =>
  Object.values<Operation>(resource as never),
);

/** Seconds in which a replaced refresh token still works: Kinde speaks of a small window, without a number. */
const OVERLAP = 10;

/** What a state may begin with, beside its options. */
export interface Beginning {
  /** What ids, secrets and keys come from. @default the published one */
  readonly identity?: Identity | undefined;
  /** A seed that was checked, in place of that of the options: checking takes long for a large one. */
  readonly seed?: Seed | undefined;
  /** Data that it goes on with; `fresh` makes those of the seed. @default those of the seed */
  readonly data?: ((fresh: () => TenantData) => TenantData) | undefined;
}

/** Creates the state from a seed, with the credentials of its identity where the seed has no applications. */
export function createState(
  options: EmulatorOptions,
  clock: KeptClock,
  beginning: Beginning = {},
): State {
  const { identity = developmentIdentity(), data = (fresh) => fresh() } = beginning;
  const seed = beginning.seed ?? checkSeed(options.seed ?? defaultSeed);
  const siteUrl = siteOf(options.siteUrl);
  const callbacks = callbacksOf(options.callbacks ?? [], siteUrl);
  const random = options.deterministic ? createCounted(identity) : createRandom();
  return {
    ...data(() => tenantOf(seed, { identity, siteUrl, callbacks, now: clock.now() })),
    issuer: originOf('issuer', options.issuer),
    siteUrl,
    callbacks,
    seed,
    managementMode: options.management?.mode ?? 'strict',
    managementScopes: [...new Set(operations.flatMap(({ scope }) => scope ?? []))],
    overlap: options.overlap ?? (options.strict ? 0 : OVERLAP),
    refreshReturnsSame: true,
    clock,
    journal: createJournal(clock),
    identity,
    random,
    directory: createDirectory(),
    key: openKey(identity.keys[0]!),
    listeners: new Set(),
  };
}
